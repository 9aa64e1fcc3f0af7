"""The case file's tables, a noun a file."""

from cases.models.attachment import Attachment, AttachmentState
from cases.models.base import SealedModel
from cases.models.case import CLOSED, Case, CaseStatus, ReferenceCounter, SearchChange
from cases.models.consent import Consent
from cases.models.grant import FIRST_REASONS, CaseTeamGrant, CaseUserGrant, GrantReason
from cases.models.import_run import ImportRun
from cases.models.person import Person, PersonRole
from cases.models.retention import (
    ErasureReason,
    ErasureRequest,
    ErasureState,
    Obstacle,
    RetentionKind,
    RetentionRule,
)

__all__ = [
    "CLOSED",
    "FIRST_REASONS",
    "Attachment",
    "AttachmentState",
    "Case",
    "CaseStatus",
    "CaseTeamGrant",
    "CaseUserGrant",
    "Consent",
    "ErasureReason",
    "ErasureRequest",
    "ErasureState",
    "GrantReason",
    "ImportRun",
    "Obstacle",
    "Person",
    "PersonRole",
    "ReferenceCounter",
    "RetentionKind",
    "RetentionRule",
    "SealedModel",
    "SearchChange",
]
