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
    # files of a case
    FILE_ADDED = "file_added"
    FILE_REFUSED = "file_refused"
    FILE_DOWNLOADED = "file_downloaded"
    FILE_PREVIEWED = "file_previewed"
    FILE_SCANNED = "file_scanned"
    FILE_RELEASED = "file_released"
    FILE_REMOVED = "file_removed"
    # the end of a case
    CASE_CLOSED = "case_closed"
    CASE_REOPENED = "case_reopened"
    HOLD_PUT = "hold_put"
    HOLD_LIFTED = "hold_lifted"
    GRANT_PROLONGED = "grant_prolonged"
    RETENTION_CHANGED = "retention_changed"
    RETENTION_LISTED = "retention_listed"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_DECLINED = "erasure_declined"
    ERASURE_APPROVED = "erasure_approved"
    ERASURE_REPEATED = "erasure_repeated"
    ERASURE_HINDERED = "erasure_hindered"
    ERASURE_FINISHED = "erasure_finished"
    CASE_ERASED = "case_erased"
    CERTIFICATE_GIVEN = "certificate_given"
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
    UNSEALED = "unsealed"
    UNSEALING_FAILED = "unsealing_failed"
    RECOVERY_SHARES_MADE = "recovery_shares_made"
    RECOVERY_DRILLED = "recovery_drilled"
    KEYS_RECOVERED = "keys_recovered"
    KEY_ROTATION_BEGUN = "key_rotation_begun"
    KEY_ROTATED = "key_rotated"
    KEY_DESTROYED = "key_destroyed"
    CASE_SEALED_ANEW = "case_sealed_anew"
    # backups
    BACKUP_MADE = "backup_made"
    RESTORED = "restored"
    # the system on its own account
    SEARCH_INDEX_BUILT = "search_index_built"
    FILES_SWEPT = "files_swept"


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
    Verb.FILE_ADDED: _("added a file"),
    Verb.FILE_REFUSED: _("sent a file that was not taken"),
    Verb.FILE_DOWNLOADED: _("downloaded a file"),
    Verb.FILE_PREVIEWED: _("looked at a picture"),
    Verb.FILE_SCANNED: _("had a file scanned for viruses"),
    Verb.FILE_RELEASED: _("released a file after scanning"),
    Verb.FILE_REMOVED: _("removed a file"),
    Verb.CASE_CLOSED: _("closed the case"),
    Verb.CASE_REOPENED: _("reopened the case"),
    Verb.HOLD_PUT: _("put the case under legal hold"),
    Verb.HOLD_LIFTED: _("lifted the legal hold"),
    Verb.GRANT_PROLONGED: _("prolonged access"),
    Verb.RETENTION_CHANGED: _("changed how long cases are kept"),
    Verb.RETENTION_LISTED: _("saw the case in the list of what is due for erasure"),
    Verb.ERASURE_ASKED: _("asked for the erasure of the case"),
    Verb.ERASURE_DECLINED: _("declined the erasure of the case"),
    Verb.ERASURE_APPROVED: _("approved the erasure of the case"),
    Verb.ERASURE_REPEATED: _("began to erase the case again: a copy had brought it back"),
    Verb.ERASURE_HINDERED: _("could not finish the erasure of the case"),
    Verb.ERASURE_FINISHED: _("finished the erasure"),
    Verb.CASE_ERASED: _("erased the case"),
    Verb.CERTIFICATE_GIVEN: _("downloaded the certificate of erasure"),
    Verb.CASE_AUDITED: _("looked at the case's trail"),
    Verb.OFFICER_AUDITED: _("looked at an officer's trail"),
    Verb.LOG_READ: _("read the log"),
    Verb.LOG_VERIFIED: _("verified the log"),
    Verb.STATISTICS_FROZEN: _("took a statistics snapshot"),
    Verb.STATISTICS_VIEWED: _("looked at a statistics table"),
    Verb.STATISTICS_EXPORTED: _("downloaded a statistics table"),
    Verb.UNSEALED: _("was unsealed with the passphrase"),
    Verb.UNSEALING_FAILED: _("gave a wrong passphrase"),
    Verb.RECOVERY_SHARES_MADE: _("made recovery shares"),
    Verb.RECOVERY_DRILLED: _("tried the recovery shares"),
    Verb.KEYS_RECOVERED: _("recovered the keys with shares"),
    Verb.KEY_ROTATION_BEGUN: _("began to rotate a key"),
    Verb.KEY_ROTATED: _("rotated a key"),
    Verb.KEY_DESTROYED: _("destroyed a key"),
    Verb.CASE_SEALED_ANEW: _("sealed the case anew under a new key"),
    Verb.BACKUP_MADE: _("made a backup"),
    Verb.RESTORED: _("restored a backup"),
    Verb.SEARCH_INDEX_BUILT: _("built the search index"),
    Verb.FILES_SWEPT: _("swept up files that were left over"),
}

# What discloses a case; the trail shows these as reads, the rest as changes.
READS = frozenset(
    {
        Verb.CASE_LISTED,
        Verb.CASE_SEARCHED,
        Verb.CASE_VIEWED,
        Verb.FILE_DOWNLOADED,
        Verb.FILE_PREVIEWED,
        Verb.CASE_AUDITED,
        Verb.RETENTION_LISTED,
        Verb.CERTIFICATE_GIVEN,
        Verb.OFFICER_AUDITED,
        Verb.LOG_READ,
    }
)
