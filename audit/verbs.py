"""Everything that can be recorded. Values stand in the log for ever: never rename or reuse one."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Verb(StrEnum):
    # people at the door
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    PASSWORD_CHANGED = "password_changed"
    REFUSED = "refused"
    ACCOUNT_MADE = "account_made"
    ROLE_GIVEN = "role_given"
    OFFICE_MADE = "office_made"
    # the case file
    CASE_REGISTERED = "case_registered"
    CASE_IMPORTED = "case_imported"
    CASE_LISTED = "case_listed"
    CASE_SEARCHED = "case_searched"
    CASE_VIEWED = "case_viewed"
    CASE_CHANGED = "case_changed"
    PERSON_REGISTERED = "person_registered"
    PERSON_CHANGED = "person_changed"
    CONSENT_RECORDED = "consent_recorded"
    ASSISTANCE_RECORDED = "assistance_recorded"
    ASSISTANCE_CHANGED = "assistance_changed"
    GRANT_GIVEN = "grant_given"
    GRANT_REVOKED = "grant_revoked"
    IMPORT_ADVANCED = "import_advanced"
    # looking over shoulders
    CASE_AUDITED = "case_audited"
    OFFICER_AUDITED = "officer_audited"
    LOG_READ = "log_read"
    LOG_VERIFIED = "log_verified"
    # numbers
    STATISTICS_FROZEN = "statistics_frozen"
    STATISTICS_VIEWED = "statistics_viewed"
    STATISTICS_EXPORTED = "statistics_exported"
    # keys
    KEY_ROTATION_BEGUN = "key_rotation_begun"
    KEY_ROTATED = "key_rotated"
    KEY_DESTROYED = "key_destroyed"
    CASE_SEALED_ANEW = "case_sealed_anew"
    # the system on its own account
    SEARCH_INDEX_BUILT = "search_index_built"


TOLD_AS = {
    Verb.SIGNED_IN: _("signed in"),
    Verb.SIGN_IN_FAILED: _("failed to sign in"),
    Verb.SIGNED_OUT: _("signed out"),
    Verb.SECOND_FACTOR_CHANGED: _("changed the second factor"),
    Verb.PASSWORD_CHANGED: _("changed the password"),
    Verb.REFUSED: _("was refused"),
    Verb.ACCOUNT_MADE: _("made an account"),
    Verb.ROLE_GIVEN: _("gave a role"),
    Verb.OFFICE_MADE: _("set up an office"),
    Verb.CASE_REGISTERED: _("opened the case"),
    Verb.CASE_IMPORTED: _("brought the case in from a file"),
    Verb.CASE_LISTED: _("saw the name in a list"),
    Verb.CASE_SEARCHED: _("found the case by searching"),
    Verb.CASE_VIEWED: _("read the case file"),
    Verb.CASE_CHANGED: _("changed the case"),
    Verb.PERSON_REGISTERED: _("registered the person"),
    Verb.PERSON_CHANGED: _("changed the person's record"),
    Verb.CONSENT_RECORDED: _("recorded consent"),
    Verb.ASSISTANCE_RECORDED: _("recorded assistance"),
    Verb.ASSISTANCE_CHANGED: _("changed a record of assistance"),
    Verb.GRANT_GIVEN: _("gave access"),
    Verb.GRANT_REVOKED: _("took access back"),
    Verb.IMPORT_ADVANCED: _("imported a batch of cases"),
    Verb.CASE_AUDITED: _("looked at the case's trail"),
    Verb.OFFICER_AUDITED: _("looked at an officer's trail"),
    Verb.LOG_READ: _("read the log"),
    Verb.LOG_VERIFIED: _("verified the log"),
    Verb.STATISTICS_FROZEN: _("took a statistics snapshot"),
    Verb.STATISTICS_VIEWED: _("looked at a statistics table"),
    Verb.STATISTICS_EXPORTED: _("downloaded a statistics table"),
    Verb.KEY_ROTATION_BEGUN: _("began to rotate a key"),
    Verb.KEY_ROTATED: _("rotated a key"),
    Verb.KEY_DESTROYED: _("destroyed a key"),
    Verb.CASE_SEALED_ANEW: _("sealed the case anew under a new key"),
    Verb.SEARCH_INDEX_BUILT: _("built the search index"),
}

# What discloses a case; the trail shows these as reads, the rest as changes.
READS = frozenset(
    {
        Verb.CASE_LISTED,
        Verb.CASE_SEARCHED,
        Verb.CASE_VIEWED,
        Verb.CASE_AUDITED,
        Verb.OFFICER_AUDITED,
        Verb.LOG_READ,
    }
)
