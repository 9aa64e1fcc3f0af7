"""What a record of assistance holds under seal. Its kind decides its class."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.utils.formats import number_format

from core.schema import Section


class SupportPlanContent(Section):
    """What is planned with the person, towards one goal (class `narrative`)."""

    plan_type: str = ""  # code of cases.reference.SUPPORT_PLAN_TYPE
    plan_dimension: str = ""  # reference.REINTEGRATION_DIMENSIONS
    objectives: str = ""
    action_plan: str = ""
    responsible: str = ""
    planned_end_date: date | None = None
    progress: str = ""  # reference.PROGRESS
    actual_end_date: date | None = None


class FollowUpContent(Section):
    """How the person fares after the return (class `narrative`): a visit, and what the survey found."""

    visited_on: date | None = None
    visit_by: str = ""  # reference.VISIT_WAYS
    visit_took_part: str = ""
    visit_found: str = ""
    person_is_safe: str = ""  # code of cases.reference.ANSWERS
    visit_needs: str = ""
    next_visit_on: date | None = None
    survey: dict[str, str] = {}  # codes of assistance.visits.words: question → answer
    survey_version: str = (
        ""  # assistance.visits.survey, of the file that the scores were computed with
    )
    scores: dict[str, float] = {}  # dimension or composite → 0 to 1


class FollowUpFacts(Section):
    """What statistics know of a visit (class `facts`)."""

    visited_on: date | None = None
    score: float | None = None  # over all dimensions of the survey, from 0 to 1
    survey_version: str = ""  # scores of different versions are not compared


class AgreementContent(Section):
    """That the person agreed to the support plan, and how (class `narrative`)."""

    agreed_on: date | None = None
    form: str = ""  # code of cases.reference.CONSENT_FORMS
    signed_file: str = ""  # id of the Attachment
    witness: str = ""  # in whose presence
    guardian: str = ""  # who agreed for a child
    childs_view: str = ""
    language: str = ""
    interpreter: str = ""
    wants_otherwise: str = ""  # in the person's own words
    # What it is about: "id revision digest" of each goal, as the plan stood.
    agreed_goals: list[str] = []


class ReferralFacts(Section):
    """What a case is referred for (class `facts`): the door routes by it."""

    service: str = ""  # assistance.referrals.table.SERVICES


class ReferralContent(Section):
    """What is asked of another organisation (class: that of the service)."""

    service: str = ""  # as in the facts
    reason_for_outgoing_referral: str = ""  # code of cases.reference.REFERRAL_REASON
    outgoing_referral_details: str = ""  # to whoever reads it there
    referred_case_worker: str = ""  # whom to ask there
    meeting_place: str = ""  # where and when the person is handed over, and who goes with them
    meeting_time: str = ""
    accompanied_by: str = ""
    withdrawn_because: str = ""
    fallback: str = ""  # what is done instead


class ReferralAnswer(Section):
    """What the other organisation answers (class: that of the service)."""

    declined_because: str = ""
    feedback: list[str] = []  # oldest first, each behind its day as 2026-03-27


class AssistanceFacts(Section):
    """What the record is of (class `facts`): the door routes by it, statistics count it."""

    kind: str = ""  # reference.KINDS
    year: int | None = None
    detail: str = ""  # code of the type or method within the kind


class CostContent(Section):
    """What a record of assistance is planned to cost (class `financial`)."""

    assistance: str = ""  # id of the record
    kind: str = ""  # of the record: ceilings of a budget are by kind
    planned: Decimal | None = None
    currency: str = ""
    line: str = ""  # id of the BudgetLine
    line_code: str = ""  # the line, donor and project as they were called when this was written
    donor: str = ""
    project_code: str = ""
    rate: Decimal | None = None  # what one unit of the currency costs in that of the line, as typed
    rate_on: date | None = None  # the day of that rate
    purpose: str = ""


class CostFacts(Section):
    """What statistics know of a cost (class `facts`)."""

    assistance: str = ""  # id of the record
    planned: Decimal | None = None
    currency: str = ""


class PaymentContent(Section):
    """What was paid of a cost, or with the other sign reversed (class `financial`)."""

    amount: Decimal | None = None  # in the currency of the cost
    currency: str = ""
    rate: Decimal | None = None
    rate_on: date | None = None
    booked: Decimal | None = None  # the same in the currency of the line
    line: str = ""
    kind: str = ""
    ledger: str = ""  # id of the LedgerEntry
    receipt: str = ""
    paid_on: date | None = None
    reason: str = ""  # of a reversal


class LedgerContent(Section):
    """An entry of the ledger of a budget line, in its currency. It names no case."""

    kind: str = ""
    amount: Decimal | None = None


class SessionFacts(Section):
    """Where the content of a session belongs (class `facts`): the door routes by it."""

    cls: str = ""  # that of the record of assistance


class SessionContent(Section):
    """A meeting with the person, within a record of assistance and of that record's class."""

    cls: str = ""
    assistance: str = ""  # id of the record
    kind: str = ""  # of the record
    held_on: date | None = None
    minutes: int | None = None
    held_by: str = ""
    note: str = ""


class Assistance(Section):
    """Common to all kinds."""

    KIND: ClassVar[str] = ""
    CLASS: ClassVar[str] = ""

    provider: str = ""
    place: str = ""
    planned_from: date | None = (
        None  # as it was planned; the open days of the row are the actual ones
    )
    planned_until: date | None = None
    subtype: str = ""  # in the words of the office, as they were (models.Offer)
    goal: str = ""  # id of the SupportPlan it serves
    files: list[str] = []  # ids of the Attachments that belong to it, of its own class
    outcome: str = ""
    satisfaction: str = ""  # reference.SATISFACTION
    notes: str = ""

    @property
    def detail(self) -> str:
        """Code of the type within the kind, for statistics."""
        return ""


class MedicalAssistance(Assistance):
    KIND = "medical"
    CLASS = "medical"

    diagnosis: str = ""
    treatment: str = ""


class PsychologicalAssistance(Assistance):
    KIND = "psychological"
    CLASS = "psychological"

    method: str = ""  # reference.PSYCHOLOGICAL_METHODS
    sessions: int | None = None
    observations: str = ""

    @property
    def detail(self) -> str:
        return self.method


class LegalAssistance(Assistance):
    KIND = "legal"
    CLASS = "legal"

    matter: str = ""
    court: str = ""
    stage: str = ""  # reference.LEGAL_STAGES

    @property
    def detail(self) -> str:
        return self.stage


class FinancialAssistance(Assistance):
    KIND = "financial"
    CLASS = "financial"

    amount: Decimal | None = None
    currency: str = ""
    project_code: str = ""
    receipt: str = ""

    @property
    def detail(self) -> str:
        return self.currency

    @property
    def sum(self) -> str:
        """Amount and currency."""
        if not self.amount:
            return ""
        return f"{number_format(self.amount, force_grouping=True)} {self.currency}"


class ReintegrationAssistance(Assistance):
    KIND = "reintegration"
    CLASS = "narrative"

    dimension: str = ""  # reference.REINTEGRATION_DIMENSIONS
    type: str = ""  # reference.REINTEGRATION_TYPES of the dimension

    @property
    def detail(self) -> str:
        return self.type


class ShelterAssistance(Assistance):
    KIND = "shelter"
    CLASS = "narrative"

    type: str = ""  # reference.SHELTER_TYPES
    capacity: str = ""  # room, and who else is lodged with the person

    @property
    def detail(self) -> str:
        return self.type


class ImmediateAssistance(Assistance):
    KIND = "immediate"
    CLASS = "narrative"

    type: str = ""  # reference.IMMEDIATE_TYPES
    given: str = ""

    @property
    def detail(self) -> str:
        return self.type


class SafetyAssistance(Assistance):
    KIND = "safety"
    CLASS = "narrative"

    type: str = ""  # reference.SAFETY_TYPES
    measures: str = ""

    @property
    def detail(self) -> str:
        return self.type


class ReturnAssistance(Assistance):
    KIND = "return"
    CLASS = "narrative"

    phase: str = ""  # reference.RETURN_PHASES
    type: str = ""  # reference.RETURN_TYPES of the phase
    country: str = ""  # where to, ISO 3166

    @property
    def detail(self) -> str:
        return self.type


class InterpretationAssistance(Assistance):
    KIND = "interpretation"
    CLASS = "narrative"

    language: str = ""
    type: str = ""  # reference.INTERPRETATION_TYPES
    interpreter: str = ""

    @property
    def detail(self) -> str:
        return self.type


SCHEMAS: dict[str, type[Assistance]] = {
    schema.KIND: schema
    for schema in (
        MedicalAssistance,
        PsychologicalAssistance,
        LegalAssistance,
        FinancialAssistance,
        ReintegrationAssistance,
        ShelterAssistance,
        ImmediateAssistance,
        SafetyAssistance,
        ReturnAssistance,
        InterpretationAssistance,
    )
}
