"""What each role means. Who holds one is data (accounts.models.RoleHolding).

`classes` caps what a grant can open for its holder, whatever the grant says.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.classes import CARE, CONTENT
from core.rights import Right

PARTNER = "partner_officer"  # sees nothing but what was referred


class Side(Enum):
    """Where somebody works: with us, or in a partner organisation."""

    HOUSE = auto()
    PARTNER = auto()


_HOUSE = frozenset({Side.HOUSE})


@dataclass(frozen=True)
class Role:
    code: str
    display_name: str | Promise
    description: str | Promise
    rights: frozenset[Right]
    classes: frozenset[str] = frozenset()
    held_in: frozenset[Side] = _HOUSE  # where people can hold it

    @property
    def needs_second_factor(self) -> bool:
        """Whoever can be let at identities or at care; and who can give that role to somebody."""
        return bool(self.classes & ({"identity"} | CARE)) or self.code == "administrator"


_SPECIALIST = frozenset({Right.CASE_READ, Right.ASSISTANCE_RECORD, Right.PROVIDER_SEE})


def _specialist(code: str, name: str | Promise, description: str | Promise, *more: Right) -> Role:
    return Role(code, name, description, _SPECIALIST.union(more), frozenset({code, "identity"}))


ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        Role(
            "case_officer",
            _("Case officer"),
            _("Registers people, records assistance, shares and closes own cases."),
            frozenset(
                {
                    Right.CASE_READ,
                    Right.CASE_REGISTER,
                    Right.CASE_EDIT,
                    Right.CASE_SEARCH,
                    Right.CASE_CLOSE,
                    Right.CASE_HOLD,
                    Right.CASE_AUDIT,
                    Right.ASSISTANCE_RECORD,
                    Right.PROVIDER_SEE,
                    Right.GRANT_GIVE,
                    Right.GLASS_BREAK,
                    Right.ERASURE_ASK,
                    Right.CASE_EXPORT,
                }
            ),
            CONTENT,
        ),
        _specialist(
            "medical", _("Medical specialist"), _("Reads and writes the medical records shared.")
        ),
        _specialist(
            "psychological",
            _("Psychologist"),
            _("Reads and writes the psychological records shared."),
        ),
        _specialist("legal", _("Lawyer"), _("Reads and writes the legal records shared.")),
        _specialist(
            "financial",
            _("Cashier"),
            _("Reads and writes the financial records shared, and sees what is left of budgets."),
            Right.BUDGET_SEE,
        ),
        Role(
            "supervisor",
            _("Supervisor"),
            _("Sees the office's cases, audits who read and changed what, decides on erasure."),
            frozenset(
                {
                    Right.CASE_READ,
                    Right.CASE_SEARCH,
                    Right.CASE_AUDIT,
                    Right.CASE_IMPORT,
                    Right.CASE_HOLD,
                    Right.CASE_ASSIGN,
                    Right.OVERRIDE_DECIDE,
                    Right.GLASS_BREAK,
                    Right.ERASURE_ASK,
                    Right.ERASURE_DECIDE,
                    Right.CASE_EXPORT,
                    Right.EXPORT_DECIDE,
                    Right.CONTENT_APPROVE,
                    Right.CASE_MERGE,
                    Right.OFFER_SET,
                    Right.BUDGET_SEE,
                    Right.BUDGET_SET,  # who sets the threshold of approvals records no payment
                    Right.PROVIDER_SEE,
                    Right.PROVIDER_SET,
                    Right.ACTS_DECIDE,
                    Right.DECOY_MARK,
                    Right.OFFICER_AUDIT,
                    Right.REVIEW,
                    Right.LOG_STATE,
                    Right.STATISTICS_SEE,
                    Right.STATISTICS_BUILD,
                    Right.RELEASE_PROPOSE,
                }
            ),
            frozenset({"identity", "narrative", "financial"}),
        ),
        Role(
            "auditor",
            _("Auditor"),
            _("Proves that the record is whole. Reads events, never case content."),
            frozenset(
                {
                    Right.LOG_READ,
                    Right.LOG_STATE,
                    Right.LOG_VERIFY,
                    Right.OFFICER_AUDIT,
                    Right.REVIEW,
                }
            ),
        ),
        Role(
            "analyst",
            _("Analyst"),
            _("Builds anonymised statistics."),
            frozenset(
                {
                    Right.STATISTICS_SEE,
                    Right.STATISTICS_BUILD,
                    Right.STATISTICS_FREEZE,
                    Right.STATISTICS_VERIFY,
                    Right.RELEASE_PROPOSE,
                }
            ),
        ),
        Role(
            "data_protection",
            _("Data-protection officer"),
            _(
                "Is told of every emergency access and reviews it, and is the second person to what is "
                "published. Reads events, never case content."
            ),
            frozenset(
                {
                    Right.GLASS_OVERSEE,
                    Right.REVIEW,
                    Right.LOG_STATE,
                    Right.STATISTICS_SEE,
                    Right.STATISTICS_VERIFY,
                    Right.RELEASE_DECIDE,
                }
            ),
        ),
        Role(
            "director",
            _("Head of mission"),
            _("Sees the dashboards and decides on what is published. Reads no case."),
            frozenset({Right.STATISTICS_SEE, Right.RELEASE_DECIDE}),
        ),
        Role(
            "donor",
            _("Donor"),
            _("Sees the dashboards and what was published, and nothing else."),
            frozenset({Right.STATISTICS_SEE}),
        ),
        Role(
            PARTNER,
            _("Partner officer"),
            _("Receives what was shared with a partner organisation, and refers people to us."),
            frozenset({Right.CASE_READ, Right.ASSISTANCE_RECORD, Right.PERSON_REFER}),
            frozenset({"identity", "contact", "legal", "medical", "psychological"}),
            frozenset(Side),
        ),
        Role(
            "administrator",
            _("Administrator"),
            _("Keeps accounts, offices, backups and the rules of retention. Reads no case."),
            frozenset(
                {
                    Right.RETENTION_SET,
                    Right.LOG_STATE,
                    Right.ACCOUNTS_KEEP,
                    Right.ACCOUNTS_ALL,
                    Right.KEYS_ROTATE,
                    Right.ACTS_DECIDE,
                }
            ),
        ),
        Role(
            "partner_admin",
            _("Partner administrator"),
            _("Keeps the accounts of one partner organisation. Reads no case."),
            frozenset({Right.ACCOUNTS_KEEP, Right.ACTS_DECIDE}),
            held_in=frozenset({Side.PARTNER}),
        ),
    )
}


def role_choices() -> list[tuple[str, str | Promise]]:
    """(code, name) of every role, for forms and model fields."""
    return [(role.code, role.display_name) for role in ROLES.values()]


def why_not_held(codes: Collection[str], side: Side) -> str | Promise | None:
    """Why one person who works at `side` cannot hold these roles together; None when they can.

    Whoever keeps accounts reads no case, whatever other role they could be given.
    """
    roles = [ROLES[code] for code in codes]
    if any(side not in role.held_in for role in roles):
        if side is Side.PARTNER:
            return _("People of a partner organisation hold the roles of partners and no others.")
        return _("This role is for people of partner organisations.")
    if any(Right.ACCOUNTS_KEEP in role.rights for role in roles) and any(r.classes for r in roles):
        return _("Whoever keeps accounts reads no cases: nobody holds roles for both.")
    return None
