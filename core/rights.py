"""Every right that exists. What role holds which is in accounts/roles.py."""

from enum import StrEnum


class Right(StrEnum):
    CASE_READ = "case.read"  # see the cases one holds a grant on
    CASE_REGISTER = "case.register"
    CASE_EDIT = "case.edit"
    CASE_SEARCH = "case.search"
    CASE_IMPORT = "case.import"
    ASSISTANCE_RECORD = "assistance.record"
    GRANT_GIVE = "grant.give"
    CASE_CLOSE = "case.close"  # close and reopen
    CASE_HOLD = "case.hold"  # put under legal hold, and lift it
    ERASURE_ASK = "erasure.ask"
    ERASURE_DECIDE = "erasure.decide"  # on what somebody else asked for
    RETENTION_SET = "retention.set"  # how long closed cases are kept
    CASE_AUDIT = "case.audit"  # who read and who changed what, in cases one holds a grant on
    OFFICER_AUDIT = "officer.audit"  # what the officers of one's office did
    LOG_READ = "log.read"  # every event, never its sealed details
    LOG_VERIFY = "log.verify"
    STATISTICS_BUILD = "statistics.build"
    STATISTICS_FREEZE = "statistics.freeze"
