"""What a case file may hold several of: events of the trafficking, perpetrators, comments."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel, SectionTypes
from cases.models.case import Case
from cases.reference import RISK_LEVELS
from cases.sections import (
    CommentContent,
    CommentFacts,
    ContactPointContent,
    DocumentContent,
    PerpetratorContent,
    ProtectionContent,
    RiskContent,
    ScreeningContent,
    StatusDecisionContent,
    TraffickingEventContent,
)
from core.schema import Section
from vault.fields import SealedField


class Entry(SealedModel):
    """One of them. Open is when it was written and by whom."""

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "sealed_at"),
            *("case", "recorded_on", "recorded_by"),
        )
        sealed: tuple[str, ...] = ("content_sealed",)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    recorded_on = models.DateField(_("recorded on"))
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    content_sealed = SealedField()

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-id"]

    def take(self, content: Section) -> None:
        """Copy the workflow facts of the content into open columns, for those kinds that have any."""


class StatusDecision(Entry):
    """Possible victim, actual victim or none: each decision is one more, the last one counts."""

    SECTIONS = {"content": ("narrative", StatusDecisionContent)}
    Privacy = Entry.Privacy


class TraffickingEvent(Entry):
    """Something that happened on the way. When and where is sealed with the rest."""

    SECTIONS = {"content": ("narrative", TraffickingEventContent)}
    Privacy = Entry.Privacy


class Perpetrator(Entry):
    """Somebody who took part, as the person assisted knew them. Searches do not find them."""

    SECTIONS = {"content": ("narrative", PerpetratorContent)}
    Privacy = Entry.Privacy


class IdentityDocument(Entry):
    """A paper that says who the person is. Searches find its number."""

    SECTIONS = {"content": ("identity", DocumentContent)}
    Privacy = Entry.Privacy


class ContactPoint(Entry):
    """A phone or an account by which the person is reached. Searches find its number."""

    SECTIONS = {"content": ("contact", ContactPointContent)}
    Privacy = Entry.Privacy


class Screening(Entry):
    """A look for signs of trafficking, before anybody decides."""

    SECTIONS = {"content": ("narrative", ScreeningContent)}
    Privacy = Entry.Privacy


class ProtectionStep(Entry):
    """A step of protection. Steps of adults and of children share this table: it tells no age."""

    SECTIONS = {"content": ("narrative", ProtectionContent)}
    Privacy = Entry.Privacy


class RiskAssessment(Entry):
    """What threatens the person. Each review is one more; open is how high, and when the next is due."""

    SECTIONS = {"content": ("narrative", RiskContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "risk_level", "review_due")

    risk_level = models.CharField(_("risk"), max_length=10, choices=list(RISK_LEVELS.items()))
    review_due = models.DateField(_("next review"))

    class Meta(Entry.Meta):
        indexes = [models.Index(fields=["case", "-id"], name="risk_by_case")]

    def take(self, content: Section) -> None:
        assert isinstance(content, RiskContent) and content.review_due is not None
        self.risk_level, self.review_due = content.risk_level, content.review_due


class Comment(Entry):
    """A note on the progress of the case. It stays as it was written; another may follow it."""

    SECTIONS = {"facts": ("facts", CommentFacts), "content": ("narrative", CommentContent)}
    ROUTED = True

    class Privacy(Entry.Privacy):
        sealed = ("facts_sealed", "content_sealed")

    facts_sealed = SealedField()

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, CommentFacts)
        return {"content": (facts.cls, CommentContent)}
