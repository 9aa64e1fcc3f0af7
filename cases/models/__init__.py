"""The case file's tables, a noun a file."""

from cases.models.approval import Approval
from cases.models.attachment import Attachment, AttachmentState
from cases.models.base import SealedModel
from cases.models.case import CLOSED, Case, CaseStatus, ReferenceCounter, SearchChange, Stage
from cases.models.closure import Closure, ClosureState
from cases.models.consent import Consent
from cases.models.decoy import Decoy
from cases.models.draft import Draft, DraftContent
from cases.models.entry import (
    Comment,
    ContactPoint,
    Entry,
    IdentityDocument,
    Perpetrator,
    ProtectionStep,
    RiskAssessment,
    Screening,
    StatusDecision,
    TraffickingEvent,
)
from cases.models.exclusion import Exclusion
from cases.models.export import CourtReason, ExportRequest, ExportState
from cases.models.glass import BrokenGlass, GlassGround, GlassNotice
from cases.models.grant import BY_HAND, CaseTeamGrant, CaseUserGrant, GrantReason
from cases.models.import_run import ImportRun
from cases.models.incoming import IncomingReferral, IncomingStatus
from cases.models.merge import Merge, MergeState
from cases.models.person import Person, PersonRole
from cases.models.reach import Reach
from cases.models.reminder import Reminded
from cases.models.retention import (
    ErasureReason,
    ErasureRequest,
    ErasureState,
    Obstacle,
    RetentionKind,
    RetentionRule,
)
from cases.models.saved_list import SavedContent, SavedList
from cases.models.task import Repeats, Task, TaskState
from cases.models.transfer import Transfer, TransferState
from cases.models.workbook import WorkbookPurpose, WorkbookRequest

__all__ = [
    "BY_HAND",
    "CLOSED",
    "Approval",
    "Attachment",
    "AttachmentState",
    "BrokenGlass",
    "Case",
    "CaseStatus",
    "CaseTeamGrant",
    "CaseUserGrant",
    "Closure",
    "ClosureState",
    "Comment",
    "Consent",
    "ContactPoint",
    "CourtReason",
    "Decoy",
    "Draft",
    "DraftContent",
    "Entry",
    "ErasureReason",
    "ErasureRequest",
    "ErasureState",
    "Exclusion",
    "ExportRequest",
    "ExportState",
    "GlassGround",
    "GlassNotice",
    "GrantReason",
    "IdentityDocument",
    "ImportRun",
    "IncomingReferral",
    "IncomingStatus",
    "Merge",
    "MergeState",
    "Obstacle",
    "Perpetrator",
    "Person",
    "PersonRole",
    "ProtectionStep",
    "Reach",
    "ReferenceCounter",
    "Reminded",
    "Repeats",
    "RetentionKind",
    "RetentionRule",
    "RiskAssessment",
    "SavedContent",
    "SavedList",
    "Screening",
    "SealedModel",
    "SearchChange",
    "Stage",
    "StatusDecision",
    "Task",
    "TaskState",
    "TraffickingEvent",
    "Transfer",
    "TransferState",
    "WorkbookPurpose",
    "WorkbookRequest",
]
