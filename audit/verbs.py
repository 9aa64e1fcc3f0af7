"""Everything that can be recorded. Values stand in the log for ever: never rename or reuse one."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Verb(StrEnum):
    # people at the door
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    SESSION_CUT = "session_cut"
    CONFIRMED = "confirmed"
    TRIED_TOO_OFTEN = "tried_too_often"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    SECOND_FACTOR_USED = "second_factor_used"
    SECOND_FACTOR_FAILED = "second_factor_failed"
    RECOVERY_CODES_SHOWN = "recovery_codes_shown"
    PASSWORD_CHANGED = "password_changed"
    LINK_MADE = "link_made"
    LINK_WITHDRAWN = "link_withdrawn"
    LINK_USED = "link_used"
    TOKEN_MADE = "token_made"
    TOKEN_ENDED = "token_ended"
    SIGN_ON_LINKED = "sign_on_linked"
    SIGN_ON_UNLINKED = "sign_on_unlinked"
    REFUSED = "refused"
    ACCOUNT_MADE = "account_made"
    ACCOUNT_CHANGED = "account_changed"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    TEAM_MADE = "team_made"
    TEAM_JOINED = "team_joined"
    TEAM_LEFT = "team_left"
    OFFICE_MADE = "office_made"
    ORGANISATION_MADE = "organisation_made"
    TEAM_CHANGED = "team_changed"
    OFFICE_CHANGED = "office_changed"
    ORGANISATION_CHANGED = "organisation_changed"
    SECOND_FACTOR_TURNED_OFF = "second_factor_turned_off"
    DESK_SET_UP = "desk_set_up"
    # what takes two people
    PROPOSED = "proposed"
    PROPOSAL_APPROVED = "proposal_approved"
    PROPOSAL_DECLINED = "proposal_declined"
    PROPOSAL_WITHDRAWN = "proposal_withdrawn"
    PROPOSAL_EXPIRED = "proposal_expired"
    # the case file
    CASE_REGISTERED = "case_registered"
    CASE_IMPORTED = "case_imported"
    CASE_LISTED = "case_listed"
    CASE_SEARCHED = "case_searched"
    MATCH_TOLD = "match_told"
    CASE_VIEWED = "case_viewed"
    CASE_CHANGED = "case_changed"
    PERSON_REGISTERED = "person_registered"
    PERSON_CHANGED = "person_changed"
    CONSENT_RECORDED = "consent_recorded"
    STATUS_DECIDED = "status_decided"
    STATUS_CHANGED = "status_changed"
    TRAFFICKING_EVENT_RECORDED = "trafficking_event_recorded"
    TRAFFICKING_EVENT_CHANGED = "trafficking_event_changed"
    PERPETRATOR_RECORDED = "perpetrator_recorded"
    PERPETRATOR_CHANGED = "perpetrator_changed"
    DOCUMENT_RECORDED = "document_recorded"
    DOCUMENT_CHANGED = "document_changed"
    CONTACT_RECORDED = "contact_recorded"
    CONTACT_CHANGED = "contact_changed"
    SCREENING_RECORDED = "screening_recorded"
    SCREENING_CHANGED = "screening_changed"
    PROTECTION_RECORDED = "protection_recorded"
    PROTECTION_CHANGED = "protection_changed"
    RISK_ASSESSED = "risk_assessed"
    RISK_CHANGED = "risk_changed"
    COMMENT_WRITTEN = "comment_written"
    TASK_GIVEN = "task_given"
    TASK_DONE = "task_done"
    TASK_DROPPED = "task_dropped"
    PLAN_RECORDED = "plan_recorded"
    PLAN_CHANGED = "plan_changed"
    VISIT_RECORDED = "visit_recorded"
    VISIT_CHANGED = "visit_changed"
    PLAN_FOLLOWED = "plan_followed"
    PLAN_AGREED = "plan_agreed"
    ASSISTANCE_RECORDED = "assistance_recorded"
    ASSISTANCE_CHANGED = "assistance_changed"
    SESSION_HELD = "session_held"
    REFERRAL_SENT = "referral_sent"
    REFERRAL_RECEIVED = "referral_received"
    REFERRAL_ACCEPTED = "referral_accepted"
    REFERRAL_DECLINED = "referral_declined"
    REFERRAL_BEGUN = "referral_begun"
    REFERRAL_COMPLETED = "referral_completed"
    REFERRAL_WITHDRAWN = "referral_withdrawn"
    REFERRAL_ANSWERED = "referral_answered"
    REFERRAL_REPLACED = "referral_replaced"
    REFERRAL_PREPARED = "referral_prepared"
    REFERRAL_REFUSED = "referral_refused"
    OVERRIDE_ASKED = "override_asked"
    OVERRIDE_APPROVED = "override_approved"
    OVERRIDE_DECLINED = "override_declined"
    OVERRIDE_WITHDRAWN = "override_withdrawn"
    OFFER_SET = "offer_set"
    COST_PLANNED = "cost_planned"
    COST_CHANGED = "cost_changed"
    PAYMENT_MADE = "payment_made"
    PAYMENT_REVERSED = "payment_reversed"
    LEDGER_BOOKED = "ledger_booked"
    BUDGET_SET = "budget_set"
    BUDGET_CHANGED = "budget_changed"
    BUDGET_VIEWED = "budget_viewed"
    BUDGET_REPORTED = "budget_reported"
    BUDGET_EXPORTED = "budget_exported"
    PROVIDER_ADDED = "provider_added"
    PROVIDER_CHANGED = "provider_changed"
    PLACES_NOTED = "places_noted"
    GRANT_GIVEN = "grant_given"
    GRANT_REVOKED = "grant_revoked"
    CASE_HANDED_OVER = "case_handed_over"
    INCOMING_RECEIVED = "incoming_received"
    INCOMING_READ = "incoming_read"
    INCOMING_ACCEPTED = "incoming_accepted"
    INCOMING_DECLINED = "incoming_declined"
    INCOMING_WITHDRAWN = "incoming_withdrawn"
    INCOMING_ERASED = "incoming_erased"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_READ = "transfer_read"
    TRANSFER_ACCEPTED = "transfer_accepted"
    TRANSFER_DECLINED = "transfer_declined"
    TRANSFER_WITHDRAWN = "transfer_withdrawn"
    CASE_TRANSFERRED = "case_transferred"
    CASE_MERGED = "case_merged"
    MERGE_UNDONE = "merge_undone"
    PERSON_EXCLUDED = "person_excluded"
    EXCLUSION_ENDED = "exclusion_ended"
    GLASS_BROKEN = "glass_broken"
    GLASS_ENDED = "glass_ended"
    GLASS_TOLD = "glass_told"
    GLASS_SEEN = "glass_seen"
    GLASS_LISTED = "glass_listed"
    IMPORT_ADVANCED = "import_advanced"
    JOB_ASKED = "job_asked"
    JOB_ENDED = "job_ended"
    JOB_FETCHED = "job_fetched"
    DRAFT_KEPT = "draft_kept"
    DRAFT_OPENED = "draft_opened"
    DRAFT_DROPPED = "draft_dropped"
    LIST_SAVED = "list_saved"
    LIST_CHANGED = "list_changed"
    LIST_REMOVED = "list_removed"
    # files of a case
    FILE_ADDED = "file_added"
    FILE_REFUSED = "file_refused"
    LETTER_MADE = "letter_made"
    SUMMARY_MADE = "summary_made"
    PLAN_PRINTED = "plan_printed"
    FILE_DOWNLOADED = "file_downloaded"
    FILE_PREVIEWED = "file_previewed"
    FILE_SCANNED = "file_scanned"
    FILE_RELEASED = "file_released"
    FILE_REMOVED = "file_removed"
    # the way of a case
    STAGE_CHANGED = "stage_changed"
    # the end of a case
    CLOSURE_ASKED = "closure_asked"
    CLOSURE_SENT_BACK = "closure_sent_back"
    CLOSURE_WITHDRAWN = "closure_withdrawn"
    CLOSURE_APPROVED = "closure_approved"
    CASE_CLOSED = "case_closed"
    CONTENT_APPROVED = "content_approved"
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
    EVENT_PROVEN = "event_proven"
    CASE_EXPORTED = "case_exported"
    EXPORT_ASKED = "export_asked"
    EXPORT_APPROVED = "export_approved"
    EXPORT_DECLINED = "export_declined"
    EXPORT_COLLECTED = "export_collected"
    WORKBOOK_ASKED = "workbook_asked"
    WORKBOOK_APPROVED = "workbook_approved"
    WORKBOOK_DECLINED = "workbook_declined"
    WORKBOOK_COLLECTED = "workbook_collected"
    CASE_IN_WORKBOOK = "case_in_workbook"
    ACCESS_EXPLAINED = "access_explained"
    OFFICER_AUDITED = "officer_audited"
    LOG_READ = "log_read"
    LOG_VERIFIED = "log_verified"
    LOG_EXPORTED = "log_exported"
    CHECKPOINT_REFUSED = "checkpoint_refused"
    WITNESS_REFUSED = "witness_refused"
    REVIEW_RAISED = "review_raised"
    REVIEW_READ = "review_read"
    REVIEW_SIGNED_OFF = "review_signed_off"
    REVIEW_ESCALATED = "review_escalated"
    DECOY_MARKED = "decoy_marked"
    DECOY_LIFTED = "decoy_lifted"
    # numbers
    STATISTICS_FROZEN = "statistics_frozen"
    STATISTICS_VIEWED = "statistics_viewed"
    STATISTICS_EXPORTED = "statistics_exported"
    STATISTICS_LOADED = "statistics_loaded"
    STATISTICS_VERIFIED = "statistics_verified"
    VERIFICATION_ASKED = "verification_asked"
    VERIFICATION_APPROVED = "verification_approved"
    VERIFICATION_DECLINED = "verification_declined"
    VERIFICATION_SEEN = "verification_seen"
    RELEASE_PROPOSED = "release_proposed"
    RELEASE_APPROVED = "release_approved"
    RELEASE_DECLINED = "release_declined"
    PRIVACY_SPENT = "privacy_spent"
    RELEASE_BEGUN = "release_begun"
    RELEASE_MADE = "release_made"
    RELEASE_PUBLISHED = "release_published"
    RELEASE_DOWNLOADED = "release_downloaded"
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
    REMINDERS_SENT = "reminders_sent"
    BACKUPS_PRUNED = "backups_pruned"
    SYSTEM_STARTED = "system_started"
    SYSTEM_STOPPED = "system_stopped"
    SETTINGS_CHANGED = "settings_changed"
    MIGRATED = "migrated"
    GUARDS_RESTORED = "guards_restored"
    DEMO_LOADED = "demo_loaded"


TOLD_AS = {
    Verb.SIGNED_IN: _("signed in"),
    Verb.SIGN_IN_FAILED: _("failed to sign in"),
    Verb.SIGNED_OUT: _("signed out"),
    Verb.SESSION_ENDED: _("was signed out because the session had run out"),
    Verb.SESSION_CUT: _("ended own sessions in other browsers"),
    Verb.CONFIRMED: _("confirmed to be the one who signed in"),
    Verb.TRIED_TOO_OFTEN: _("tried too often and has to wait"),
    Verb.SECOND_FACTOR_CHANGED: _("changed the second factor"),
    Verb.SECOND_FACTOR_USED: _("proved the second factor"),
    Verb.SECOND_FACTOR_FAILED: _("failed to prove the second factor"),
    Verb.RECOVERY_CODES_SHOWN: _("saw the recovery codes for the first time"),
    Verb.PASSWORD_CHANGED: _("changed the password"),
    Verb.LINK_MADE: _("made a link to a new password"),
    Verb.LINK_WITHDRAWN: _("withdrew a link to a new password"),
    Verb.LINK_USED: _("used a link to a new password"),
    Verb.TOKEN_MADE: _("made a token for a program"),
    Verb.TOKEN_ENDED: _("ended a token for a program"),
    Verb.SIGN_ON_LINKED: _("linked an account with single sign-on"),
    Verb.SIGN_ON_UNLINKED: _("took an account's link with single sign-on away"),
    Verb.REFUSED: _("was refused"),
    Verb.ACCOUNT_MADE: _("made an account"),
    Verb.ACCOUNT_CHANGED: _("changed an account"),
    Verb.ROLE_GIVEN: _("gave a role"),
    Verb.ROLE_TAKEN: _("took a role away"),
    Verb.TEAM_MADE: _("set up a team"),
    Verb.TEAM_JOINED: _("put somebody into a team"),
    Verb.TEAM_LEFT: _("took somebody out of a team"),
    Verb.OFFICE_MADE: _("set up an office"),
    Verb.ORGANISATION_MADE: _("noted an organisation"),
    Verb.TEAM_CHANGED: _("renamed a team"),
    Verb.OFFICE_CHANGED: _("renamed an office"),
    Verb.ORGANISATION_CHANGED: _("renamed an organisation"),
    Verb.SECOND_FACTOR_TURNED_OFF: _("turned off somebody's second factor"),
    Verb.DESK_SET_UP: _("set up the desk of an organisation"),
    Verb.PROPOSED: _("asked for something that takes two people"),
    Verb.PROPOSAL_APPROVED: _("approved what somebody else had asked for"),
    Verb.PROPOSAL_DECLINED: _("declined what somebody else had asked for"),
    Verb.PROPOSAL_WITHDRAWN: _("withdrew what was asked for"),
    Verb.PROPOSAL_EXPIRED: _("ended a request that nobody decided in time"),
    Verb.CASE_REGISTERED: _("opened the case"),
    Verb.CASE_IMPORTED: _("brought the case in from a file"),
    Verb.CASE_LISTED: _("saw the name in a list"),
    Verb.CASE_SEARCHED: _("found the case by searching"),
    Verb.MATCH_TOLD: _("learnt that somebody of that name and birth, or that number, is here"),
    Verb.CASE_VIEWED: _("read the case file"),
    Verb.CASE_CHANGED: _("changed the case"),
    Verb.PERSON_REGISTERED: _("registered the person"),
    Verb.PERSON_CHANGED: _("changed the person's record"),
    Verb.CONSENT_RECORDED: _("recorded consent"),
    Verb.STATUS_DECIDED: _("recorded who decided whether the person was trafficked"),
    Verb.STATUS_CHANGED: _("changed the record of who decided whether the person was trafficked"),
    Verb.TRAFFICKING_EVENT_RECORDED: _("recorded what happened on the way"),
    Verb.TRAFFICKING_EVENT_CHANGED: _("changed what happened on the way"),
    Verb.PERPETRATOR_RECORDED: _("recorded who took part in it"),
    Verb.PERPETRATOR_CHANGED: _("changed the record of who took part in it"),
    Verb.DOCUMENT_RECORDED: _("recorded an identity document"),
    Verb.DOCUMENT_CHANGED: _("changed the record of an identity document"),
    Verb.CONTACT_RECORDED: _("recorded a way to reach the person"),
    Verb.CONTACT_CHANGED: _("changed a way to reach the person"),
    Verb.SCREENING_RECORDED: _("recorded a screening"),
    Verb.SCREENING_CHANGED: _("changed a screening"),
    Verb.PROTECTION_RECORDED: _("recorded a step of protection"),
    Verb.PROTECTION_CHANGED: _("changed a step of protection"),
    Verb.RISK_ASSESSED: _("assessed the risk"),
    Verb.RISK_CHANGED: _("changed an assessment of the risk"),
    Verb.COMMENT_WRITTEN: _("wrote a comment"),
    Verb.TASK_GIVEN: _("wrote a task"),
    Verb.TASK_DONE: _("marked a task as done"),
    Verb.TASK_DROPPED: _("dropped a task"),
    Verb.PLAN_RECORDED: _("recorded a goal of the support plan"),
    Verb.PLAN_CHANGED: _("changed a goal of the support plan"),
    Verb.VISIT_RECORDED: _("recorded a follow-up visit"),
    Verb.VISIT_CHANGED: _("changed a follow-up visit"),
    Verb.PLAN_FOLLOWED: _("recorded how far a goal of the support plan is"),
    Verb.PLAN_AGREED: _("recorded that the person agreed to the support plan"),
    Verb.ASSISTANCE_RECORDED: _("recorded assistance"),
    Verb.ASSISTANCE_CHANGED: _("changed a record of assistance"),
    Verb.SESSION_HELD: _("recorded a session of assistance"),
    Verb.REFERRAL_SENT: _("referred the case to another organisation"),
    Verb.REFERRAL_RECEIVED: _("opened a referral for the first time"),
    Verb.REFERRAL_ACCEPTED: _("accepted a referral"),
    Verb.REFERRAL_DECLINED: _("declined a referral"),
    Verb.REFERRAL_BEGUN: _("began what the case was referred for"),
    Verb.REFERRAL_COMPLETED: _("completed what the case was referred for"),
    Verb.REFERRAL_WITHDRAWN: _("withdrew a referral"),
    Verb.REFERRAL_ANSWERED: _("gave feedback on a referral"),
    Verb.REFERRAL_REPLACED: _("recorded what is done instead of a referral"),
    Verb.REFERRAL_PREPARED: _("wrote a referral that waits for a second person"),
    Verb.REFERRAL_REFUSED: _("kept a referral without consent from being sent"),
    Verb.OVERRIDE_ASKED: _("asked to refer the case without consent for a danger to life"),
    Verb.OVERRIDE_APPROVED: _("agreed that the case is referred without consent"),
    Verb.OVERRIDE_DECLINED: _("did not agree that the case is referred without consent"),
    Verb.OVERRIDE_WITHDRAWN: _("asked no more to refer the case without consent"),
    Verb.OFFER_SET: _("said which assistance the office gives"),
    Verb.COST_PLANNED: _("planned a cost"),
    Verb.COST_CHANGED: _("planned a cost otherwise"),
    Verb.PAYMENT_MADE: _("recorded a payment"),
    Verb.PAYMENT_REVERSED: _("reversed a payment"),
    Verb.LEDGER_BOOKED: _("booked on a budget line"),
    Verb.BUDGET_SET: _("set up a budget line"),
    Verb.BUDGET_CHANGED: _("changed a budget line"),
    Verb.BUDGET_VIEWED: _("looked at what is left of budgets"),
    Verb.BUDGET_REPORTED: _("looked at what was paid for a project"),
    Verb.BUDGET_EXPORTED: _("took out a report for a donor"),
    Verb.PROVIDER_ADDED: _("added a provider to the directory"),
    Verb.PROVIDER_CHANGED: _("changed a provider of the directory"),
    Verb.PLACES_NOTED: _("noted how many places a provider has free"),
    Verb.GRANT_GIVEN: _("gave access"),
    Verb.GRANT_REVOKED: _("took access back"),
    Verb.CASE_HANDED_OVER: _("handed the case over"),
    Verb.INCOMING_RECEIVED: _("referred a person to an office, or took such a referral down"),
    Verb.INCOMING_READ: _("read what was told of people who were referred"),
    Verb.INCOMING_ACCEPTED: _("accepted a person who was referred"),
    Verb.INCOMING_DECLINED: _("declined a person who was referred"),
    Verb.INCOMING_WITHDRAWN: _("withdrew the referral of a person"),
    Verb.INCOMING_ERASED: _("erased what was told of a person who was referred"),
    Verb.TRANSFER_ASKED: _("asked another office to take the case"),
    Verb.TRANSFER_READ: _("read what the office is told that shall take the case"),
    Verb.TRANSFER_ACCEPTED: _("accepted the case for another office"),
    Verb.TRANSFER_DECLINED: _("declined the case for another office"),
    Verb.TRANSFER_WITHDRAWN: _("withdrew the transfer of the case"),
    Verb.CASE_TRANSFERRED: _("moved the case to another office"),
    Verb.CASE_MERGED: _("merged the case, as a duplicate, into another"),
    Verb.MERGE_UNDONE: _("took back that the case is a duplicate"),
    Verb.PERSON_EXCLUDED: _("excluded somebody from the case for a conflict of interest"),
    Verb.EXCLUSION_ENDED: _("ended an exclusion from the case"),
    Verb.GLASS_BROKEN: _("took emergency access"),
    Verb.GLASS_ENDED: _("ended an emergency access"),
    Verb.GLASS_TOLD: _("told somebody of an emergency access"),
    Verb.GLASS_SEEN: _("saw that there was an emergency access"),
    Verb.GLASS_LISTED: _("looked at the list of emergency access"),
    Verb.IMPORT_ADVANCED: _("imported a batch of cases"),
    Verb.JOB_ASKED: _("asked for background work"),
    Verb.JOB_ENDED: _("background work ended"),
    Verb.JOB_FETCHED: _("fetched what background work made"),
    Verb.DRAFT_KEPT: _("left a form unfinished; what was typed is kept"),
    Verb.DRAFT_OPENED: _("went on with an unfinished form"),
    Verb.DRAFT_DROPPED: _("discarded an unfinished form"),
    Verb.LIST_SAVED: _("saved a view of a list or a table"),
    Verb.LIST_CHANGED: _("chose what the list of cases opens with"),
    Verb.LIST_REMOVED: _("removed a saved view of a list or a table"),
    Verb.FILE_ADDED: _("added a file"),
    Verb.FILE_REFUSED: _("sent a file that was not taken"),
    Verb.LETTER_MADE: _("made a letter about the person"),
    Verb.SUMMARY_MADE: _("made a summary of the case on paper"),
    Verb.PLAN_PRINTED: _("made the support plan on paper"),
    Verb.FILE_DOWNLOADED: _("downloaded a file"),
    Verb.FILE_PREVIEWED: _("looked at a picture"),
    Verb.FILE_SCANNED: _("had a file scanned for viruses"),
    Verb.FILE_RELEASED: _("released a file after scanning"),
    Verb.FILE_REMOVED: _("removed a file"),
    Verb.STAGE_CHANGED: _("moved the case to another stage"),
    Verb.CLOSURE_ASKED: _("asked to close the case"),
    Verb.CLOSURE_SENT_BACK: _("sent the closure of the case back"),
    Verb.CLOSURE_WITHDRAWN: _("withdrew the closure of the case"),
    Verb.CLOSURE_APPROVED: _("approved the closure of the case"),
    Verb.CASE_CLOSED: _("closed the case"),
    Verb.CONTENT_APPROVED: _("approved what is recorded"),
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
    Verb.EVENT_PROVEN: _("downloaded the proof of an event"),
    Verb.CASE_EXPORTED: _("exported the case's trail for a court"),
    Verb.EXPORT_ASKED: _("asked to export the case's trail for a court"),
    Verb.EXPORT_APPROVED: _("approved the export of the case's trail"),
    Verb.EXPORT_DECLINED: _("declined the export of the case's trail"),
    Verb.EXPORT_COLLECTED: _("collected the export that was approved"),
    Verb.WORKBOOK_ASKED: _("asked to take cases out in a workbook"),
    Verb.WORKBOOK_APPROVED: _("approved that cases are taken out in a workbook"),
    Verb.WORKBOOK_DECLINED: _("declined that cases are taken out in a workbook"),
    Verb.WORKBOOK_COLLECTED: _("collected the workbook that was approved"),
    Verb.CASE_IN_WORKBOOK: _("took the case out in a workbook"),
    Verb.ACCESS_EXPLAINED: _("asked who can see the case, and why"),
    Verb.OFFICER_AUDITED: _("looked at an officer's trail"),
    Verb.LOG_READ: _("read the log"),
    Verb.LOG_VERIFIED: _("verified the log"),
    Verb.LOG_EXPORTED: _("exported the log"),
    Verb.CHECKPOINT_REFUSED: _("refused to sign the log: it does not continue what was signed"),
    Verb.WITNESS_REFUSED: _("could not have a checkpoint cosigned by a witness"),
    Verb.REVIEW_RAISED: _("put an act up for review"),
    Verb.REVIEW_READ: _("looked at acts that are up for review"),
    Verb.REVIEW_SIGNED_OFF: _("signed off an act that was up for review"),
    Verb.REVIEW_ESCALATED: _("passed an act that was up for review on to the auditor"),
    Verb.DECOY_MARKED: _("marked a case as a decoy"),
    Verb.DECOY_LIFTED: _("took the mark of a decoy away"),
    Verb.STATISTICS_FROZEN: _("took a statistics snapshot"),
    Verb.STATISTICS_VIEWED: _("looked at a statistics table"),
    Verb.STATISTICS_EXPORTED: _("downloaded a statistics table"),
    Verb.STATISTICS_LOADED: _("loaded rows to try statistics with, or took them away"),
    Verb.STATISTICS_VERIFIED: _("had all cases counted exactly, for one table"),
    Verb.VERIFICATION_ASKED: _("asked to see the exact figures of a statistics table"),
    Verb.VERIFICATION_APPROVED: _("agreed that somebody sees the exact figures of a table"),
    Verb.VERIFICATION_DECLINED: _("declined that somebody sees the exact figures of a table"),
    Verb.VERIFICATION_SEEN: _("looked at the exact figures of a statistics table"),
    Verb.RELEASE_PROPOSED: _("proposed statistics for publication"),
    Verb.RELEASE_APPROVED: _("approved the publication of statistics"),
    Verb.RELEASE_DECLINED: _("declined the publication of statistics"),
    Verb.PRIVACY_SPENT: _("spent of the privacy budget of a year"),
    Verb.RELEASE_BEGUN: _("began to make statistics for publication"),
    Verb.RELEASE_MADE: _("made statistics for publication"),
    Verb.RELEASE_PUBLISHED: _("published statistics"),
    Verb.RELEASE_DOWNLOADED: _("downloaded published statistics"),
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
    Verb.REMINDERS_SENT: _("mailed reminders of what is due"),
    Verb.BACKUPS_PRUNED: _("removed backups that were past their time"),
    Verb.SYSTEM_STARTED: _("started"),
    Verb.SYSTEM_STOPPED: _("stopped"),
    Verb.SETTINGS_CHANGED: _("started with other settings than before"),
    Verb.MIGRATED: _("changed the layout of the database for a newer version"),
    Verb.GUARDS_RESTORED: _("put missing guards of the database back"),
    Verb.DEMO_LOADED: _("loaded the demonstration"),
}

# What discloses a case; the trail shows these as reads, the rest as changes.
READS = frozenset(
    {
        Verb.CASE_LISTED,
        Verb.CASE_SEARCHED,
        Verb.MATCH_TOLD,
        Verb.CASE_VIEWED,
        Verb.TRANSFER_READ,
        Verb.INCOMING_READ,
        Verb.DRAFT_OPENED,
        Verb.FILE_DOWNLOADED,
        Verb.LETTER_MADE,
        Verb.SUMMARY_MADE,
        Verb.PLAN_PRINTED,
        Verb.FILE_PREVIEWED,
        Verb.CASE_AUDITED,
        Verb.EVENT_PROVEN,
        Verb.CASE_EXPORTED,
        Verb.CASE_IN_WORKBOOK,
        Verb.ACCESS_EXPLAINED,
        Verb.RETENTION_LISTED,
        Verb.CERTIFICATE_GIVEN,
        Verb.OFFICER_AUDITED,
        Verb.LOG_READ,
        Verb.REVIEW_READ,
        Verb.GLASS_LISTED,
    }
)

# What takes something out of Tutela; each is looked at by somebody else (audit/rules.py).
EXPORTS = frozenset(
    {
        Verb.STATISTICS_EXPORTED,
        Verb.BUDGET_EXPORTED,
        Verb.CASE_EXPORTED,
        Verb.SUMMARY_MADE,
        Verb.CASE_IN_WORKBOOK,
        Verb.LOG_EXPORTED,
    }
)
# The same, with what is taken out of one case in its daily work.
TAKEN_OUT = EXPORTS | {
    *(Verb.FILE_DOWNLOADED, Verb.CERTIFICATE_GIVEN),
    *(Verb.LETTER_MADE, Verb.PLAN_PRINTED),
}

# What must not be deniable by anybody for a moment: the act ends when a checkpoint covers it.
WEIGHTY = frozenset(
    {
        Verb.ROLE_GIVEN,
        Verb.ROLE_TAKEN,
        Verb.TEAM_JOINED,
        Verb.TEAM_LEFT,
        Verb.PROPOSAL_APPROVED,
        Verb.GRANT_GIVEN,
        Verb.GRANT_REVOKED,
        Verb.GRANT_PROLONGED,
        Verb.CASE_HANDED_OVER,
        Verb.CASE_TRANSFERRED,
        Verb.CASE_MERGED,
        Verb.MERGE_UNDONE,
        Verb.OVERRIDE_APPROVED,
        Verb.PERSON_EXCLUDED,
        Verb.EXCLUSION_ENDED,
        Verb.GLASS_BROKEN,
        Verb.GLASS_ENDED,
        Verb.EXPORT_APPROVED,
        Verb.WORKBOOK_APPROVED,
        Verb.VERIFICATION_APPROVED,
        Verb.VERIFICATION_SEEN,
        Verb.ERASURE_APPROVED,
        Verb.ERASURE_REPEATED,
        Verb.ERASURE_FINISHED,
        Verb.LOG_EXPORTED,
        Verb.STATISTICS_EXPORTED,
        Verb.RELEASE_APPROVED,
        Verb.BUDGET_EXPORTED,
        Verb.CASE_EXPORTED,
        Verb.SUMMARY_MADE,
        Verb.CASE_IN_WORKBOOK,
        Verb.RECOVERY_SHARES_MADE,
        Verb.KEYS_RECOVERED,
        Verb.KEY_ROTATION_BEGUN,
        Verb.KEY_DESTROYED,
        Verb.RESTORED,
    }
)
