"""What is to be done in a case, until when, and by whom."""

from datetime import date

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SectionTypes
from cases.models.entry import Entry
from cases.sections import TaskContent, TaskFacts
from core.schema import Section
from vault.fields import SealedField


class TaskState(models.TextChoices):
    OPEN = "open", _("To do")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


class Repeats(models.TextChoices):
    NEVER = "", _("Once")
    WEEKLY = "weekly", _("Every week")
    FORTNIGHTLY = "fortnightly", _("Every two weeks")
    MONTHLY = "monthly", _("Every month")
    QUARTERLY = "quarterly", _("Every three months")


class Task(Entry):
    """One task. Open is for whom, until when, and whether it is done; what is to be done is sealed.

    One that repeats is followed by the next when it is done. That is the same task: it keeps who wrote
    it and when, and `first_due`, from which the days are counted, so that a month end stays one.
    """

    SECTIONS = {"facts": ("facts", TaskFacts), "content": ("narrative", TaskContent)}
    ROUTED = True

    class Privacy(Entry.Privacy):
        open = (
            *Entry.Privacy.open,
            *("assignee", "first_due", "due_on", "repeats", "state", "ended_on"),
        )
        sealed = ("facts_sealed", "content_sealed")

    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("for whom"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    first_due = models.DateField(_("first due"))
    due_on = models.DateField(_("due"))
    repeats = models.CharField(
        _("repeated"), max_length=12, choices=Repeats, default=Repeats.NEVER, blank=True
    )
    state = models.CharField(_("state"), max_length=10, choices=TaskState, default=TaskState.OPEN)
    ended_on = models.DateField(_("done or dropped on"), null=True, blank=True)
    facts_sealed = SealedField()

    class Meta(Entry.Meta):
        # Open ones first, the earliest before the others; then what ended last.
        ordering = [models.F("ended_on").desc(nulls_first=True), "due_on", "id"]
        indexes = [
            models.Index(fields=["case"], name="task_by_case"),
            models.Index(
                fields=["assignee", "due_on"],
                condition=models.Q(state="open"),
                name="task_by_assignee",
            ),
            models.Index(
                fields=["due_on"], condition=models.Q(state="open"), name="task_by_its_day"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", ended_on=None)
                | (~models.Q(state="open") & models.Q(ended_on__isnull=False)),
                name="task_ends_on_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(due_on__gte=models.F("first_due")),
                name="task_due_from_its_first_day",
            ),
        ]

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, TaskFacts)
        return {"content": (facts.cls, TaskContent)}

    def is_overdue(self, today: date) -> bool:
        """Should it have been done by now?"""
        return self.state == TaskState.OPEN and self.due_on < today
