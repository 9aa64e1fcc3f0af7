"""Proposals, as their pages tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from accounts.models import Office, Proposal, Team
from accounts.proposals import ANSWER, KINDS, NOTE, OPEN_FOR
from accounts.roles import ROLES
from vault.secrets import unseal_system

NAMED = {Team: "join_team", Office: "move"}  # the kinds whose parameter is the id of such a row


@dataclass(slots=True)
class Told:
    """A proposal, told."""

    proposal: Proposal
    what: str | Promise  # "Give a role"
    which: str | Promise  # "Psychologist"; empty where there is nothing to choose
    note: str
    answer: str
    ends: datetime  # when it lapses


def told(proposals: Sequence[Proposal]) -> list[Told]:
    """Proposals in their order, with their notes opened and two queries for all of them."""
    names: dict[str, str | Promise] = {code: role.display_name for code, role in ROLES.items()}
    for model in NAMED:
        rows = [one.parameter for one in proposals if one.kind == NAMED[model]]
        names |= {str(row.pk): row.name for row in model.objects.filter(pk__in=rows)}
    return [
        Told(
            proposal=one,
            what=KINDS[one.kind].title if one.kind in KINDS else one.kind,
            which=names.get(one.parameter, one.parameter),
            note=_opened(NOTE, one, one.note_sealed),
            answer=_opened(ANSWER, one, one.answer_sealed),
            ends=one.asked_at + OPEN_FOR,
        )
        for one in proposals
    ]


def _opened(purpose: str, proposal: Proposal, blob: Any) -> str:
    if blob is None:
        return ""
    return unseal_system(purpose, str(proposal.pk), bytes(blob)).decode()
