"""What each role means. Who holds one is data (accounts.models.RoleHolding).

`classes` caps what a grant can open for its holder, whatever the grant says.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.classes import CONTENT
from core.rights import Right


@dataclass(frozen=True)
class Role:
    code: str
    display_name: str | Promise
    description: str | Promise
    rights: frozenset[Right]
    classes: frozenset[str] = frozenset()


_SPECIALIST = frozenset({Right.CASE_READ, Right.ASSISTANCE_RECORD})


def _specialist(code: str, name: str | Promise, description: str | Promise) -> Role:
    return Role(code, name, description, _SPECIALIST, frozenset({code, "identity"}))


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
                    Right.GRANT_GIVE,
                    Right.ERASURE_ASK,
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
        _specialist("financial", _("Cashier"), _("Reads and writes the financial records shared.")),
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
                    Right.ERASURE_ASK,
                    Right.ERASURE_DECIDE,
                    Right.OFFICER_AUDIT,
                    Right.STATISTICS_BUILD,
                }
            ),
            frozenset({"identity", "narrative", "financial"}),
        ),
        Role(
            "auditor",
            _("Auditor"),
            _("Proves that the record is whole. Reads events, never case content."),
            frozenset({Right.LOG_READ, Right.LOG_VERIFY, Right.OFFICER_AUDIT}),
        ),
        Role(
            "analyst",
            _("Analyst"),
            _("Builds anonymised statistics."),
            frozenset({Right.STATISTICS_BUILD, Right.STATISTICS_FREEZE}),
        ),
        Role(
            "partner_officer",
            _("Partner officer"),
            _("Receives what was shared with a partner organisation."),
            frozenset({Right.CASE_READ, Right.ASSISTANCE_RECORD}),
            frozenset({"identity", "contact", "legal", "medical", "psychological"}),
        ),
        Role(
            "administrator",
            _("Administrator"),
            _("Keeps accounts, offices, backups and the rules of retention. Reads no case."),
            frozenset({Right.RETENTION_SET}),
        ),
    )
}


def role_choices() -> list[tuple[str, str | Promise]]:
    """(code, name) of every role, for forms and model fields."""
    return [(role.code, role.display_name) for role in ROLES.values()]
