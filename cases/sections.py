"""What a case file holds under seal, one class a section. Names follow HTCDS 2.0."""

from datetime import date

from core.schema import Section, is_recorded


class AskedSection(Section):
    """Fields that the person is asked for, and why some of them have no answer."""

    unanswered: dict[str, str] = {}  # field → code of reference.UNANSWERED

    def __post_init__(self) -> None:
        """An answer replaces the reason why there was none."""
        if self.unanswered:
            self.unanswered = {
                name: code
                for name, code in self.unanswered.items()
                if not is_recorded(getattr(self, name, None))
            }


class Named:
    """What has the three parts of a name."""

    first_name: str
    middle_name: str
    second_name: str

    @property
    def full_name(self) -> str:
        """Family name first, as in the region's papers; empty when no name is recorded."""
        return " ".join(filter(None, (self.second_name, self.first_name, self.middle_name)))


class Identity(Named, AskedSection):
    """Who the person is (class `identity`)."""

    QUANTUM = 512  # a short and a long name come out at one size

    salutation: str = ""
    first_name: str = ""
    middle_name: str = ""  # or patronymic
    second_name: str = ""  # family name
    other_names: str = ""  # aliases, former names, other spellings
    birthdate: str = ""  # as far as it is known: 1990, 1990-03 or 1990-03-27
    gender: str = ""  # code of reference.GENDER
    deceased: bool | None = None
    marital_status: str = ""
    number_of_children: int | None = None
    primary_language: str = ""
    secondary_language: str = ""
    highest_level_of_education: str = ""
    citizenship: list[str] = []  # ISO 3166 alpha-2
    identity_number: str = ""
    title: str = ""  # position in an organisation
    unaccompanied: bool | None = None  # of a child: without a parent or guardian
    guardian_name: str = ""
    guardian_relation: str = ""


class DocumentContent(Section):
    """A paper that says who the person is (class `identity`)."""

    document_type: str = ""  # code of reference.DOCUMENT_TYPES
    document_number: str = ""  # searches find it
    issuing_country: str = ""  # ISO 3166 alpha-2
    valid_until: date | None = None
    document_held: str = ""  # code of reference.DOCUMENT_HELD
    document_remarks: str = ""


class Contact(AskedSection):
    """How the person is reached (class `contact`)."""

    QUANTUM = 512

    email: str = ""
    home_phone: str = ""
    mobile_phone: str = ""
    mailing_street: str = ""
    mailing_city: str = ""
    mailing_state: str = ""
    mailing_postal_code: str = ""
    mailing_country: str = ""  # ISO 3166 alpha-2
    mailing_latitude: str = ""
    mailing_longitude: str = ""
    safe_contact: str = ""  # when and how a call puts nobody at risk
    guardian_contact: str = ""  # phone or address


class ContactPointContent(Section):
    """A phone or an account, the person's or somebody else's (class `contact`)."""

    channel: str = ""  # code of reference.CHANNELS
    reached_at: str = ""  # number or name of the account; searches find numbers
    belongs_to: str = ""  # the person, or who else
    safe_to_call: str = ""  # code of reference.ANSWERS
    channel_remarks: str = ""


class VictimContext(AskedSection):
    """What was done to the person (class `narrative`)."""

    relationship_to_trafficker: list[str] = []
    age_when_trafficked: int | None = None
    recruitment_websites_and_apps: list[str] = []
    method_of_recruitment: list[str] = []
    location_of_recruitment: str = ""
    methods_of_control: list[str] = []
    types_of_exploitation: list[str] = []
    forced_labour_industry: list[str] = []
    types_of_sex_exploitation: list[str] = []
    location_of_exploitation: str = ""
    country_of_exploitation: str = ""  # ISO 3166 alpha-2
    exploitation_websites_and_apps: list[str] = []
    account: str = ""  # in the person's or the officer's words


class CaseLink(Section):
    """What this case has to do with another. The same stands in the other, sealed under its key."""

    key: str = ""  # one for both sides
    other: str = ""  # the other case's id
    link: str = ""  # code of reference.LINKS
    link_remarks: str = ""
    linked_on: date | None = None
    unlinked_on: date | None = None
    unlinked_because: str = ""


class CaseLinks(Section):
    """Links with other cases (class `narrative`). Only cases/links.py tells them: see there."""

    QUANTUM = 512

    links: list[CaseLink] = []


class MergeFacts(Section):
    """Which case a duplicate is counted with (class `facts`)."""

    into: str = ""  # that case's id


class MergeContent(Section):
    """By which link a duplicate and the case that is kept name each other (class `narrative`).

    Why they are one person says the link, which is told to whoever reads both, and to nobody else.
    """

    key: str = ""


class ScreeningContent(Section):
    """Signs of trafficking that were looked for (class `narrative`)."""

    screened_on: date | None = None
    screened_by: str = ""  # code of reference.DECISION_MAKING_ORG
    indicators: dict[str, str] = {}  # code of reference.INDICATORS → of INDICATOR_ANSWERS
    other_signs: str = ""
    screening_result: str = ""  # code of reference.SCREENING_RESULTS


class ProtectionContent(Section):
    """A step of protection (class `narrative`). Which it is tells whether the person is a child."""

    protection_step: str = ""  # code of reference.PROTECTION_STEPS
    step_from: date | None = None
    step_until: date | None = None
    determination: str = ""  # what was decided, and why
    took_part: str = ""
    childs_view: str = ""


class StatusDecisionContent(Section):
    """Whether the person was trafficked, as some body decided (class `narrative`)."""

    trafficking_status: str = ""  # code of reference.TRAFFICKING_STATUS
    trafficking_status_decided_by: str = ""  # code of reference.DECISION_MAKING_ORG
    decided_on: date | None = None
    grounds: str = ""  # what spoke for it and against it


class TraffickingEventContent(Section):
    """One thing that happened on the way (class `narrative`); HTCDS calls it a historic event."""

    event_type: str = ""  # code of reference.HISTORIC_EVENT_TYPE
    event_date: str = ""  # as far as it is known: 2024, 2024-05 or 2024-05-17
    country: str = ""  # ISO 3166 alpha-2
    state: str = ""
    city: str = ""
    street: str = ""
    postal_code: str = ""
    latitude: str = ""  # degrees
    longitude: str = ""
    event_description: str = ""


class PerpetratorContent(Named, Section):
    """Somebody who took part in what was done (class `narrative`): it tells of the person, too."""

    second_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    other_names: str = ""  # by which the person knew them
    gender: str = ""  # code of reference.GENDER
    citizenship: list[str] = []  # ISO 3166 alpha-2
    role_in_process: list[str] = []  # codes of reference.PERPETRATOR_ROLE
    role_details: str = ""
    organisation: str = ""


class RiskContent(Section):
    """What threatens the person, and what was agreed against it (class `narrative`)."""

    risk_level: str = ""  # code of reference.RISK_LEVELS
    urgent_medical_need: str = ""  # codes of reference.ANSWERS
    threat: str = ""  # of violence, or of being trafficked again
    risks_of_person: list[str] = []  # codes of reference.RISKS_OF_PERSON
    risks_of_household: list[str] = []
    risks_of_community: list[str] = []
    risk_details: str = ""
    safety_plan: str = ""
    person_took_part: str = ""  # code of reference.ANSWERS
    review_due: date | None = None


class CommentFacts(Section):
    """Of what class a comment is (class `facts`): the door routes by it."""

    cls: str = ""


class CommentContent(Section):
    """A note on the progress of the case (class: that of the comment)."""

    cls: str = ""  # as in the facts
    comment: str = ""


class TaskFacts(Section):
    """Of what class a task is (class `facts`): the door routes by it."""

    cls: str = ""


class TaskContent(Section):
    """What is to be done (class: that of the task). Until when and by whom is open."""

    cls: str = ""  # as in the facts
    task: str = ""


class CaseSummary(Section):
    """How the case came to us and how it ended (class `narrative`)."""

    summary: str = ""
    referring_organisation: str = ""
    incoming_referral_date: date | None = None
    referring_case_worker: str = ""
    reason_for_incoming_referral: str = ""
    incoming_referral_details: str = ""
    referred_organisation: str = ""
    referred_case_worker: str = ""
    reason_for_outgoing_referral: str = ""
    outgoing_referral_date: date | None = None
    outgoing_referral_details: str = ""
    reason_for_case_closure: str = ""
    other_htcds: dict[str, str] = {}  # imported HTCDS fields that have no screen of their own yet


class ClosureContent(Section):
    """How and why a case shall end (class `narrative`)."""

    closed_as: str = ""  # CaseStatus, one of those of a closed case
    closed_on: date | None = None
    closure_reason: str = ""  # code of reference.CLOSURE_REASONS
    closure_details: str = ""
    explained: dict[str, str] = {}  # check of cases.closing that stands open → why it may
    retention_kind: str = ""  # RetentionKind: the rule that counts from the day it is closed
    sent_back_because: str = ""


class TransferContent(Section):
    """What another office is told that a case shall go to (class `narrative`)."""

    hand_over_note: str = ""
    person_agrees: bool | None = None


class TransferAnswer(Section):
    """What the other office says (class `narrative`)."""

    transfer_declined_because: str = ""


class IncomingPerson(Named, Section):
    """Who is referred to us, as far as it is told (class `identity`)."""

    QUANTUM = 512

    second_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    birthdate: str = ""  # as far as it is known: 1990, 1990-03 or 1990-03-27
    age_as_told: str = ""  # where no date of birth is known: "about 16, a child"
    primary_language: str = ""


class IncomingContact(Section):
    """How that person is reached (class `contact`)."""

    QUANTUM = 512

    mobile_phone: str = ""
    safe_contact: str = ""  # when and how a call puts nobody at risk


class IncomingTold(Section):
    """What whoever refers somebody to us tells of them (class `narrative`)."""

    QUANTUM = 512

    danger_now: str = ""  # code of reference.TOLD_ANSWERS, as the next one
    urgent_need: str = ""
    urgency: str = ""  # what danger, what need
    needs: list[str] = []  # codes of reference.NEEDS
    why_trafficked: str = ""
    agreed_to_be_referred: str = ""  # code of reference.TOLD_ANSWERS
    meeting: str = ""  # where and when the person is met, and by whom
    referring_organisation: str = ""  # where it is not a row of accounts.Organisation
    referring_case_worker: str = ""
    referring_phone: str = ""


class IncomingAnswer(Section):
    """What the office answers to whoever referred somebody (class `narrative`)."""

    declined_because: str = ""
    advised: str = ""  # where else help may be found
    arranged: str = ""  # what happens next, where it was accepted


class ConsentTerms(Section):
    """What the person agreed to (class `narrative`)."""

    consented: bool | None = None
    purposes: list[str] = []  # codes of reference.CONSENT_PURPOSES
    recipients: list[str] = []  # ids of accounts.Organisation; empty: no limit named
    classes: list[str] = []  # codes of core.classes.CONTENT; empty: no limit named
    points_explained: list[str] = []  # codes of reference.CONSENT_GUIDANCE
    form: str = ""  # code of reference.CONSENT_FORMS
    language: str = ""
    interpreter: str = ""
    guardian: str = ""  # who agreed for a child, with the child's assent
    expires_on: date | None = None  # the last day it holds; None: until it is withdrawn
    remarks: str = ""


class ExclusionGrounds(Section):
    """Why somebody is excluded from a case (class `narrative`): it tells of the person, too."""

    excluded_as: str = ""  # code of reference.EXCLUSION_GROUNDS
    excluded_because: str = ""


class FileFacts(Section):
    """Of what class a file is (class `facts`): the door routes by it."""

    cls: str = ""


class FileContent(Section):
    """What is known of a file (class: that of the file)."""

    QUANTUM = 512  # a short and a long name come out at one size

    cls: str = ""  # as in the facts
    name: str = ""  # as the person's computer called it
    description: str = ""
    media_type: str = ""  # key of cases.files.types.KINDS
    size: int | None = None  # bytes, as kept
    sha256: str = ""  # of what was sent, hex: a copy elsewhere can be compared with it
    was_rewritten: bool | None = None  # what is kept is not byte for byte what was sent
    width: int | None = None  # pixels
    height: int | None = None
    pages: int | None = None


class CaseFacts(Section):
    """Coded attributes for statistics (class `facts`): derived from the case, never typed.

    None or an empty list is "not recorded", which no count may read as "no". What the person is asked
    for may hold a code of reference.UNANSWERED instead of an answer; in a list it stands alone.
    """

    year: int | None = None  # of registration
    gender: str = ""  # reference.GENDER
    age_band: str = ""  # reference.AGE_BANDS, at registration
    majority_when_exploited: str = ""  # "Adult" | "Minor"
    duration: str = ""  # reference.DURATIONS
    citizenship: list[str] = []  # ISO 3166 alpha-2
    country_of_exploitation: str = ""  # ISO 3166 alpha-2
    methods_of_control: list[str] = []
    types_of_exploitation: list[str] = []
    forced_labour_industry: list[str] = []
    types_of_sex_exploitation: list[str] = []
    recruiter_relation: list[str] = []  # reference.RECRUITER_RELATIONS
    outcome: str = ""  # reference.OUTCOMES
    referral_source: str = ""  # reference.REFERRAL_SOURCES


class SearchEntry(Section):
    """What the name index is built from (class `search`)."""

    names: list[str] = []  # each name as written, any script
    numbers: list[str] = []  # identity numbers and phones, as written
    born: str = ""  # as far as it is known: 1990, 1990-03 or 1990-03-27
