"""What a record of assistance holds under seal. Its kind decides its class."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from core.schema import Section


class SupportPlanContent(Section):
    """What is planned with the person, towards one goal (class `narrative`)."""

    plan_type: str = ""  # code of cases.reference.SUPPORT_PLAN_TYPE
    plan_dimension: str = ""  # reference.REINTEGRATION_DIMENSIONS
    objectives: str = ""
    action_plan: str = ""
    planned_end_date: date | None = None
    actual_end_date: date | None = None


class AssistanceFacts(Section):
    """What the record is of (class `facts`): the door routes by it, statistics count it."""

    kind: str = ""  # reference.KINDS
    year: int | None = None
    detail: str = ""  # code of the type or method within the kind


class Assistance(Section):
    """Common to all kinds."""

    KIND: ClassVar[str] = ""
    CLASS: ClassVar[str] = ""

    provider: str = ""
    outcome: str = ""
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


class ReintegrationAssistance(Assistance):
    KIND = "reintegration"
    CLASS = "narrative"

    dimension: str = ""  # reference.REINTEGRATION_DIMENSIONS
    type: str = ""  # reference.REINTEGRATION_TYPES of the dimension

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
    )
}
