"""Every right that exists. What role holds which is in accounts/roles.py."""

from enum import StrEnum


class Right(StrEnum):
    CASE_READ = "case.read"  # see the cases one holds a grant on
    CASE_REGISTER = "case.register"
    CASE_EDIT = "case.edit"
    CASE_SEARCH = "case.search"
    CASE_IMPORT = "case.import"
    PERSON_REFER = "person.refer"  # as a partner: refer somebody to one of our offices
    ASSISTANCE_RECORD = "assistance.record"
    OFFER_SET = "offer.set"  # which kinds of assistance one's own office gives
    BUDGET_SEE = "budget.see"  # what is left of the budget lines of one's organisation
    BUDGET_SET = "budget.set"  # set them up and change them
    PROVIDER_SEE = "provider.see"  # look providers up, and note how many places they have free
    PROVIDER_SET = "provider.set"  # keep the directory of one's organisation
    GRANT_GIVE = "grant.give"  # share one's own cases, hand them over, exclude people from them
    OVERRIDE_DECIDE = (
        "override.decide"  # on a referral without consent, for a danger to life, of cases one sees
    )
    CASE_ASSIGN = "case.assign"  # hand over any case one sees, and exclude people from it
    CASE_MERGE = "case.merge"  # a duplicate into the case that is kept, and take it back
    GLASS_BREAK = (
        "glass.break"  # open a case of one's organisation without a grant, in an emergency
    )
    GLASS_OVERSEE = "glass.oversee"  # be told of each time the glass was broken, and review it
    CASE_CLOSE = "case.close"  # close and reopen
    CASE_HOLD = "case.hold"  # put under legal hold, and lift it
    ERASURE_ASK = "erasure.ask"
    ERASURE_DECIDE = "erasure.decide"  # on what somebody else asked for
    RETENTION_SET = "retention.set"  # how long closed cases are kept
    CASE_EXPORT = "case.export"  # ask for a workbook of cases one sees, or print a summary of one
    EXPORT_DECIDE = "export.decide"  # on a workbook that somebody else asked for
    CASE_AUDIT = "case.audit"  # who read and who changed what, in cases one holds a grant on
    CONTENT_APPROVE = "content.approve"  # payments and closures that somebody else recorded
    OFFICER_AUDIT = "officer.audit"  # what the officers of one's office did
    REVIEW = "review"  # sign off what the rules found in the log
    DECOY_MARK = "decoy.mark"  # say which cases nobody has a reason to open
    LOG_STATE = "log.state"  # whether the trail is in order
    LOG_READ = "log.read"  # every event, never its sealed details
    LOG_VERIFY = "log.verify"
    ACCOUNTS_KEEP = "accounts.keep"  # the people of one's own organisation
    ACCOUNTS_ALL = "accounts.all"  # the people of every organisation, teams, offices, organisations
    KEYS_ROTATE = "keys.rotate"  # new keys for all cases; nobody sees a key
    ACTS_DECIDE = "acts.decide"  # be the second person to what somebody else asked for
    STATISTICS_SEE = "statistics.see"  # the dashboards, and what was published
    STATISTICS_BUILD = "statistics.build"
    STATISTICS_FREEZE = "statistics.freeze"
    STATISTICS_VERIFY = (
        "statistics.verify"  # ask to see one exact table, and decide on what somebody else asked
    )
    RELEASE_PROPOSE = "release.propose"  # statistics to be published
    RELEASE_DECIDE = "release.decide"  # on a release that somebody else proposed
