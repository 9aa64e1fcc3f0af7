"""The glossary: what each field of the case file is called here and in HTCDS, and what it may hold."""

from collections.abc import Iterator
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.countries import LANGUAGES
from cases.entries import ENTRY_KINDS
from cases.imports.htcds_fields import HTCDS_FIELDS, Place
from cases.presenters import CODES, COUNTRIES, asked_as, label_of

# Beginning of HTCDS's names → what they are about. Organisations, and fields kept as they were imported,
# have no field of their own here.
GROUPS: dict[str, Promise] = {
    "prs": _("Who the person is and how to reach them"),
    "vic": _("What happened"),
    "hte": _("Events"),
    "per": _("Who did it"),
    "cas": _("How the case came to us"),
    "cco": _("Comments"),
    "spl": _("Support plan"),
    "con": _("Consent"),
}

# HTCDS's names of what the forms have no hint for and whose words do not speak for themselves. Only
# these are explained beside their fields, too: {% term %} of templatetags/terms.py.
MEANINGS: dict[str, Promise] = {
    "vic_TraffickingStatus": _(
        "Whether the person was trafficked: possible while there are signs and no decision, actual "
        "once somebody who may decide it has found it so."
    ),
    "vic_RelationshipToTrafficker": _(
        "What the trafficker was to the person before it began: family, somebody they knew, or a "
        "stranger."
    ),
    "vic_MethodOfRecruitment": _(
        "How the person came into it: how they were found, won over or taken."
    ),
    "vic_MethodsOfControl": _(
        "What kept the person from leaving or refusing: force, threats, debts, papers taken away, or "
        "something else."
    ),
    "vic_TypeOfExploitation": _(
        "What the trafficking was for: what others gained from the person, or wanted to gain."
    ),
    "vic_ForcedLabourIndustry": _(
        "The industry in which the person had to work, by the international classification (ISIC)."
    ),
    "hte_Type": _("What the event was a part of: recruitment, transit, or exploitation."),
    "per_RoleInProcess": _(
        "What this person did in the trafficking. One person may have taken several parts."
    ),
}
_EXPLAINED = {HTCDS_FIELDS[htcds].field: htcds for htcds in MEANINGS}


class Term(NamedTuple):
    """One field of the case file."""

    label: str
    htcds: str  # HTCDS's own name
    explained: str
    values: list[str]


def grouped_terms() -> list[tuple[Promise, list[Term]]]:
    """The terms of HTCDS as the forms have them, below what they are about, in this language."""
    return [(title, list(_terms(start))) for start, title in GROUPS.items()]


def explained_term(field: str) -> Term | None:
    """The term of a field whose label needs more than its words; None of all others."""
    htcds = _EXPLAINED.get(field)
    return _term(htcds, HTCDS_FIELDS[htcds]) if htcds else None


def _terms(start: str) -> Iterator[Term]:
    for htcds, place in HTCDS_FIELDS.items():
        if htcds.startswith(start) and place.section != "other":
            yield _term(htcds, place)


def _term(htcds: str, place: Place) -> Term:
    kind = ENTRY_KINDS.get(place.section)
    asked = kind.form.base_fields[place.field] if kind else asked_as(place.field)
    if asked is None:
        return Term(label_of(place.field), htcds, "", _values(place.field))
    # The hint of a long list of countries is about the keyboard.
    hint = "" if place.field in COUNTRIES else asked.help_text
    explained = str(MEANINGS.get(htcds, hint))
    return Term(str(asked.label), htcds, explained, _values(place.field))


def _values(field: str) -> list[str]:
    """The words to choose from; none where they are all languages there are."""
    codes = CODES.get(field, {})
    return [] if codes is LANGUAGES else [str(label) for label in codes.values()]
