"""The case file's tables, a noun a file."""

from cases.models.base import SealedModel
from cases.models.case import Case, CaseStatus, ReferenceCounter, SearchChange
from cases.models.consent import Consent
from cases.models.grant import FIRST_REASONS, CaseTeamGrant, CaseUserGrant, GrantReason
from cases.models.import_run import ImportRun
from cases.models.person import Person, PersonRole

__all__ = [
    "FIRST_REASONS",
    "Case",
    "CaseStatus",
    "CaseTeamGrant",
    "CaseUserGrant",
    "Consent",
    "GrantReason",
    "ImportRun",
    "Person",
    "PersonRole",
    "ReferenceCounter",
    "SealedModel",
    "SearchChange",
]
