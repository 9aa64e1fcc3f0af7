"""Acts that take two people: one asks, somebody else decides, and an approval carries the act out.

An approval and its act are one transaction. Two decisions at once wait for one another at the row of
the proposal; whether both people may do this is looked up then, with their accounts locked, so that a
right that is taken away meanwhile is gone before or is taken after.

The erasure of a case has requests of its own (cases/services/erasure.py): they belong to the case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import links, services
from accounts.administered import check_right, offices_of, people_of
from accounts.models import Office, Proposal, ProposalState, Team, User
from accounts.roles import ROLES, why_not_held
from audit import trail
from audit.context import current
from audit.verbs import Verb
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from core.rights import Right
from core.sorting import by_words
from vault.secrets import seal_system

OPEN_FOR = timedelta(hours=72)
LONGEST = 500  # characters of a note
LINK = "link"  # the kind whose approval gives something to hand over
NOTE, ANSWER = "proposal-note", "proposal-answer"  # what they are sealed for


# --- What can be asked for ------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Kind:
    """An act that takes two people."""

    code: str  # stands in proposals for ever
    title: str | Promise
    right: Right  # of whoever asks
    choices: Callable[[User, User], list[tuple[str, str | Promise]]]  # of asker and subject
    # Of subject, parameter and by; gives what whoever approves is shown once, if there is such a thing.
    carry_out: Callable[[User, str, User], str | None]
    has_parameter: bool = True


def _roles_to_give(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    held = set(subject.role_holdings.now().values_list("role", flat=True))
    return [
        (code, role.display_name)
        for code, role in ROLES.items()
        if code not in held and not why_not_held(ROLES.keys() & held | {code}, subject.side)
    ]


def _roles_to_take(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    held = set(subject.role_holdings.now().values_list("role", flat=True))
    return [(code, role.display_name) for code, role in ROLES.items() if code in held]


def _teams_to_join(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    joined = subject.team_memberships.now().values("team")
    teams = Team.objects.filter(group__office=None).exclude(pk__in=joined)
    teams = teams.filter(Q(desk_of=None) | Q(desk_of=subject.organisation_id))
    return [(str(team.pk), team.name) for team in sorted(teams, key=by_words)]


def _offices_to_move_to(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    held = ROLES.keys() & set(subject.role_holdings.now().values_list("role", flat=True))
    if not held:
        return []  # one person does that: services.place_account
    offices = offices_of(asker).exclude(pk=subject.office_id).select_related("organisation")
    fitting = [one for one in offices if not why_not_held(held, User(office=one).side)]
    return [(str(office.pk), office.name) for office in sorted(fitting, key=by_words)]


def _if_suspended(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    return [] if subject.is_active else [("", "")]


def _if_it_has_one(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    return [("", "")] if Authenticator.objects.filter(user=subject).exists() else []


def _if_it_takes_two(asker: User, subject: User) -> list[tuple[str, str | Promise]]:
    return [("", "")] if subject.is_active and links.takes_two(subject) else []


def _give(subject: User, parameter: str, by: User) -> None:
    services.give_role(user=subject, role=parameter, by=by)


def _take(subject: User, parameter: str, by: User) -> None:
    services.take_role(user=subject, role=parameter, by=by)


def _join(subject: User, parameter: str, by: User) -> None:
    services.join_team(user=subject, team=Team.objects.get(pk=parameter), by=by)


def _move(subject: User, parameter: str, by: User) -> None:
    services.change_account(subject, office=Office.objects.get(pk=parameter), by=by)


def _reopen(subject: User, parameter: str, by: User) -> None:
    services.change_account(subject, is_active=True, by=by)


def _turn_off(subject: User, parameter: str, by: User) -> None:
    services.turn_off_second_factor(subject, by=by)


def _link(subject: User, parameter: str, by: User) -> str:
    _made, token = links.make_link(subject, by=by)
    return token


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "give_role",
            gettext_lazy("Give a role"),
            Right.ACCOUNTS_KEEP,
            _roles_to_give,
            _give,
        ),
        Kind(
            "take_role",
            gettext_lazy("Take a role away"),
            Right.ACCOUNTS_KEEP,
            _roles_to_take,
            _take,
        ),
        Kind(
            "join_team",
            gettext_lazy("Put into a team"),
            Right.ACCOUNTS_ALL,
            _teams_to_join,
            _join,
        ),
        Kind(
            "move",
            gettext_lazy("Move to another office"),
            Right.ACCOUNTS_KEEP,
            _offices_to_move_to,
            _move,
        ),
        Kind(
            "reopen",
            gettext_lazy("Let a suspended account be used again"),
            Right.ACCOUNTS_KEEP,
            _if_suspended,
            _reopen,
            has_parameter=False,
        ),
        Kind(
            "second_factor",
            gettext_lazy("Turn off the second factor, because it is lost"),
            Right.ACCOUNTS_KEEP,
            _if_it_has_one,
            _turn_off,
            has_parameter=False,
        ),
        Kind(
            LINK,
            gettext_lazy("Make a link to a new password"),
            Right.ACCOUNTS_KEEP,
            _if_it_takes_two,
            _link,
            has_parameter=False,
        ),
    )
}


# --- Asking and deciding --------------------------------------------------------------
def propose(kind: str, *, subject: User, parameter: str = "", note: str, by: User) -> Proposal:
    """Ask for an act about somebody; `note` tells whoever decides why, and is sealed.

    Raises NotAllowed, BadInput for something that cannot be chosen, and WrongState when it was asked
    for already.
    """
    end_expired()
    if kind not in KINDS:
        raise BadInput(_("Choose what to ask for from the list."))
    with transaction.atomic():
        people = _as_of_now(subject, by)
        _check_asker(KINDS[kind], people[by.pk], people[subject.pk], parameter)
        if _open().filter(kind=kind, subject=subject, parameter=parameter).exists():
            raise WrongState(_("Somebody asked for this already. It waits for a decision."))
        proposal = Proposal(
            kind=kind,
            subject=subject,
            parameter=parameter,
            asked_by=by,
            asked_session=current().session,
        )
        proposal.note_sealed = _sealed(NOTE, proposal, note)
        trail.save(proposal, verb=Verb.PROPOSED, by=by, reason=_code(proposal))
    return proposal


def approve_proposal(proposal: Proposal, *, note: str = "", by: User) -> str | None:
    """Agree, and carry the act out. Gives the token of a link that was asked for, which is told once.

    Raises NotAllowed to whoever may not decide on this, WrongState when it is decided already, or when
    it could not be asked for any more.
    """
    end_expired()
    with transaction.atomic():
        found, people = _locked(proposal, by)
        _check_decider(found, people[by.pk])
        asker, subject = people[found.asked_by_id], people[found.subject_id]
        kind = KINDS[found.kind]
        try:
            _check_asker(kind, asker, subject, found.parameter)
        except (BadInput, NotAllowed) as error:
            raise WrongState(
                _("This could not be asked for any more as things are now. Decline it.")
            ) from error
        _decide(found, ProposalState.APPROVED, Verb.PROPOSAL_APPROVED, note, people[by.pk])
        return kind.carry_out(subject, found.parameter, people[by.pk])


def decline_proposal(proposal: Proposal, *, note: str = "", by: User) -> Proposal:
    """Say no. Raises NotAllowed, and WrongState when it is decided already."""
    end_expired()
    with transaction.atomic():
        found, people = _locked(proposal, by)
        _check_decider(found, people[by.pk])
        _decide(found, ProposalState.DECLINED, Verb.PROPOSAL_DECLINED, note, people[by.pk])
    return found


def withdraw_proposal(proposal: Proposal, *, by: User) -> Proposal:
    """Take back what one asked for. Raises NotAllowed, and WrongState when it is decided already."""
    end_expired()
    with transaction.atomic():
        found, people = _locked(proposal, by)
        if found.asked_by_id != by.pk:
            raise NotAllowed(_("Somebody else asked for this. You can decline it."))
        _decide(found, ProposalState.WITHDRAWN, Verb.PROPOSAL_WITHDRAWN, "", people[by.pk])
    return found


def end_expired() -> None:
    """End what nobody decided within OPEN_FOR."""
    late = _open().filter(asked_at__lte=timezone.now() - OPEN_FOR)
    for pk in list(late.values_list("pk", flat=True)):
        with transaction.atomic():
            found = late.select_for_update().filter(pk=pk).first()
            if found is not None:
                found.state = ProposalState.EXPIRED
                trail.save(found, verb=Verb.PROPOSAL_EXPIRED, by=None, reason=_code(found))


def _locked(proposal: Proposal, by: User) -> tuple[Proposal, dict[UUID, User]]:
    """The proposal as it stands, if it is open, and everybody it concerns, all of them locked."""
    found = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if found.state != ProposalState.ASKED:
        raise WrongState(_("This was decided already."))
    return found, _as_of_now(found.subject_id, found.asked_by_id, by.pk)


def _as_of_now(*people: User | UUID) -> dict[UUID, User]:
    """These accounts as they are now, locked: their roles and teams change after this or did before.

    In the order of their ids, so that no two wait for one another.
    """
    ids = {getattr(person, "pk", person) for person in people}
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {user.pk: user for user in locked}


def _check_asker(kind: Kind, asker: User, subject: User, parameter: str) -> None:
    """Raise unless this person may ask for this about the subject, as things are now."""
    check_right(asker, kind.right)
    if not people_of(asker).filter(pk=subject.pk).exists():
        raise NotAllowed(_("This person's account is kept by somebody else."))
    if parameter not in dict(kind.choices(asker, subject)):
        raise BadInput(_("This cannot be asked for, or it is so already."))


def _check_decider(proposal: Proposal, by: User) -> None:
    """Raise NotAllowed unless this person may decide on it: another one, in another session."""
    if proposal.asked_by_id == by.pk:
        raise NotAllowed(_("You asked for this yourself: somebody else has to decide."))
    if proposal.subject_id == by.pk:
        raise NotAllowed(_("This is about you: somebody else has to decide."))
    if not by.has_right(Right.ACTS_DECIDE) or not (
        people_of(by).filter(pk=proposal.subject_id).exists()
    ):
        raise NotAllowed(_("Your role does not include deciding on this."))
    if proposal.asked_session == current().session:
        raise NotAllowed(_("This was asked for in this very session. Sign in anew to decide."))


def _decide(proposal: Proposal, state: ProposalState, verb: Verb, note: str, by: User) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, timezone.now()
    proposal.decided_session = current().session
    proposal.answer_sealed = _sealed(ANSWER, proposal, note)
    trail.save(proposal, verb=verb, by=by, reason=_code(proposal))


def _code(proposal: Proposal) -> str:
    return f"{proposal.kind} {proposal.parameter}".strip()


def _sealed(purpose: str, proposal: Proposal, text: str) -> bytes | None:
    if len(text) > LONGEST:
        raise BadInput(_("Write at most %s characters.") % LONGEST)
    return seal_system(purpose, str(proposal.pk), text.strip().encode()) if text.strip() else None


# --- What waits -----------------------------------------------------------------------
def _open() -> Any:
    return Proposal.objects.filter(state=ProposalState.ASKED)


def waiting_for(user: User) -> int:
    """How many proposals this person can decide on."""
    return _for(user).count() if user.has_right(Right.ACTS_DECIDE) else 0


def _for(user: User) -> Any:
    late = timezone.now() - OPEN_FOR
    found = _open().filter(subject__in=people_of(user), asked_at__gt=late)
    return found.exclude(asked_by=user).exclude(subject=user)


def open_for(user: User) -> list[Proposal]:
    """What this person can decide on, the oldest first."""
    return _listed(_for(user).order_by("asked_at", "pk"))


def asked_by(user: User) -> list[Proposal]:
    """What this person asked for and nobody decided yet."""
    return _listed(_open().filter(asked_by=user).order_by("asked_at", "pk"))


def about(user: User, *, most: int = 10) -> list[Proposal]:
    """What was asked for about this person, the newest first."""
    found = Proposal.objects.filter(subject=user).order_by("-asked_at", "-pk")
    return _listed(found[:most])


def proposal_for(user: User, pk: UUID) -> Proposal:
    """A proposal this person asked for, or that is about somebody they decide about.

    Raises NotFound.
    """
    found = Proposal.objects.filter(pk=pk).first()
    mine = found is not None and (
        found.asked_by_id == user.pk or people_of(user).filter(pk=found.subject_id).exists()
    )
    if not mine:
        raise NotFound(_("There is no such request, or it is not yours to decide."))
    return found  # type: ignore[return-value]


def _listed(proposals: Any) -> list[Proposal]:
    return list(proposals.select_related("subject__office", "asked_by", "decided_by"))
