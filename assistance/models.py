"""Assistance given or planned, and plans: open workflow facts, and what it was under seal."""

from datetime import timedelta
from decimal import Decimal

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistance.reference import CURRENCIES
from assistance.referrals.table import SERVICES, ReferralStatus
from assistance.sections import (
    SCHEMAS,
    AgreementContent,
    AssistanceFacts,
    CostContent,
    CostFacts,
    FollowUpContent,
    FollowUpFacts,
    PaymentContent,
    ReferralAnswer,
    ReferralContent,
    ReferralFacts,
    SessionContent,
    SessionFacts,
    SupportPlanContent,
)
from assistance.sections import Assistance as Content
from assistance.visits.survey import COMPOSITE
from audit.models import TrackedModel
from cases.countries import LANGUAGES
from cases.models import Case, CaseTeamGrant, Entry, SealedModel
from cases.models.base import SectionTypes
from cases.models.request import CaseRequest
from cases.reference import ORGANISATION_TYPE
from core.schema import Section
from vault.fields import SealedField


class AssistanceStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    UNDER_WAY = "under_way", _("Under way")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


class Assistance(SealedModel):
    """One piece of assistance. Even its kind is sealed: it would tell what happened to the person."""

    SECTIONS = {"facts": ("facts", AssistanceFacts), "content": ("narrative", Content)}
    ROUTED = True

    class Privacy:
        open = [
            "id",
            "revision",
            "last_event",
            "resealed_by",
            "sealed_at",
            "case",
            "status",
            "starts_on",
            "ends_on",
            "recorded_by",
        ]
        sealed = ("facts_sealed", "content_sealed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assistance")
    status = models.CharField(_("status"), max_length=12, choices=AssistanceStatus)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT)
    facts_sealed = SealedField()
    content_sealed = SealedField()

    class Meta:
        default_permissions = ()
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="assistance_ends_after_start",
            )
        ]

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, AssistanceFacts)
        schema = SCHEMAS[facts.kind]
        return {"content": (schema.CLASS, schema)}


class SupportPlan(Entry):
    """What is planned with the person, a goal a row."""

    SECTIONS = {"content": ("narrative", SupportPlanContent)}
    Privacy = Entry.Privacy


class FollowUpVisit(Entry):
    """How the person fares. Each visit is one more; open is only when the next one shall be."""

    SECTIONS = {"facts": ("facts", FollowUpFacts), "content": ("narrative", FollowUpContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "next_visit_on")
        sealed = ("facts_sealed", "content_sealed")

    next_visit_on = models.DateField(_("next visit"), null=True, blank=True)
    facts_sealed = SealedField()  # none in visits of before statistics knew of them

    class Meta(Entry.Meta):
        indexes = [models.Index(fields=["case", "-id"], name="visit_by_case")]

    def take(self, content: Section) -> None:
        assert isinstance(content, FollowUpContent)
        self.next_visit_on = content.next_visit_on
        facts = FollowUpFacts(
            visited_on=content.visited_on,
            score=content.scores.get(COMPOSITE),
            survey_version=content.survey_version,
        )
        self.put("facts", facts)


class PlanAgreement(Entry):
    """The person agreed to the plan as it stood. It stays as it was written, as the table says."""

    SECTIONS = {"content": ("narrative", AgreementContent)}
    Privacy = Entry.Privacy

    class Meta(Entry.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(revision=1), name="agreement_never_changes")
        ]


class AssistanceSession(Entry):
    """One session of a record of assistance. Which record it belongs to is sealed, as its kind is."""

    SECTIONS = {"facts": ("facts", SessionFacts), "content": ("narrative", SessionContent)}
    ROUTED = True

    class Privacy(Entry.Privacy):
        sealed = ("facts_sealed", "content_sealed")

    facts_sealed = SealedField()

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, SessionFacts)
        return {"content": (facts.cls, SessionContent)}


class Referral(SealedModel):
    """A case is referred to an organisation. What it may open is the grant; what for is sealed.

    Open is to whom, where it stands, and until when an answer is due.
    """

    SECTIONS = {
        "facts": ("facts", ReferralFacts),
        "content": ("contact", ReferralContent),
        "answer": ("contact", ReferralAnswer),
    }
    ROUTED = True

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "sealed_at"),
            *("case", "to", "grant", "status", "sent_on", "answer_due", "status_on", "recorded_by"),
        )
        sealed = ("facts_sealed", "content_sealed", "answer_sealed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals")
    to = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("referred to"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    # None until a second person has agreed, where the person has not (Override).
    grant = models.OneToOneField(
        CaseTeamGrant, on_delete=models.PROTECT, null=True, blank=True, related_name="referral"
    )
    status = models.CharField(
        _("status"), max_length=10, choices=ReferralStatus, default=ReferralStatus.SENT
    )
    sent_on = models.DateField(_("sent on"))
    answer_due = models.DateField(_("answer due"))
    status_on = models.DateField(_("since"))  # the day of the last step
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    facts_sealed = SealedField()
    content_sealed = SealedField()
    answer_sealed = SealedField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "answer_due"], name="referral_by_due")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answer_due__gte=models.F("sent_on")),
                name="referral_answered_after_it_is_sent",
            ),
            models.CheckConstraint(
                condition=models.Q(grant__isnull=False)
                | models.Q(status__in=["asked", "refused", "withdrawn"]),
                name="referral_sent_with_its_grant",
            ),
        ]

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        assert isinstance(facts, ReferralFacts)
        of = SERVICES[facts.service].cls
        return {"content": (of, ReferralContent), "answer": (of, ReferralAnswer)}


class OverrideGround(models.TextChoices):
    """Why a case is referred though the person has not agreed. Open, so they say nothing about them."""

    UNABLE = "unable", _("A life is in danger, and the person cannot be asked")
    UNWILLING = "unwilling", _("A life is in danger, and the person does not agree")
    OTHERS = "others", _("The lives of others are in danger")


class OverrideState(models.TextChoices):
    ASKED = "asked", _("Waits for a decision")
    APPROVED = "approved", _("Agreed to")
    DECLINED = "declined", _("Not agreed to")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Override(CaseRequest):
    """One person asks to refer a case without consent, because of a danger to life; another decides.

    What would be sent is fixed. Why, in words, stands in the events, under the case's key.
    """

    class Privacy:
        open = (
            *(*CaseRequest.OPEN, "referral", "ground", "classes", "until"),
            *("asked_at", "decided_at"),
        )
        sealed = ()

    referral = models.OneToOneField(Referral, on_delete=models.PROTECT, related_name="override")
    ground = models.CharField(_("reason"), max_length=10, choices=OverrideGround)
    state = models.CharField(
        _("state"), max_length=10, choices=OverrideState, default=OverrideState.ASKED
    )
    classes = models.JSONField(_("classes"))
    until = models.DateField(_("until"))
    asked_at = models.DateTimeField(_("asked on"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = CaseRequest.decided_by_another("override")


class Cost(Entry):
    """What a record of assistance is planned to cost. Which record that is stands under seal.

    Open is that somebody else has to approve it, so that they are told: not how much it is.
    """

    SECTIONS = {"facts": ("facts", CostFacts), "content": ("financial", CostContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "waits")
        sealed = ("facts_sealed", "content_sealed")

    waits = models.BooleanField(_("has to be approved"), null=True, blank=True)  # None: of before
    facts_sealed = SealedField()  # none in costs of before statistics knew of them

    class Meta(Entry.Meta):
        indexes = [
            models.Index(fields=["case"], condition=models.Q(waits=True), name="cost_that_waits")
        ]

    def take(self, content: Section) -> None:
        assert isinstance(content, CostContent)
        facts = CostFacts(
            assistance=content.assistance, planned=content.planned, currency=content.currency
        )
        self.put("facts", facts)


class Payment(Entry):
    """What was paid of a cost, or the reversal of it. It stays as it was written, as the table says."""

    SECTIONS = {"content": ("financial", PaymentContent)}

    class Privacy(Entry.Privacy):
        open = (*Entry.Privacy.open, "cost", "reverses")

    cost = models.ForeignKey(Cost, on_delete=models.PROTECT, related_name="payments")
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )

    class Meta(Entry.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(revision=1), name="payment_never_changes")
        ]


class Offer(TrackedModel):
    """What of the registry (assistance/kinds.py) an office gives, and subtypes in words of its own.

    Data of the office: it says nothing of anybody. What a kind or a type means stays as it is.
    """

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "office", "off", "subtypes")
        sealed = ()

    office = models.OneToOneField("accounts.Office", on_delete=models.PROTECT, related_name="offer")
    off = models.JSONField(_("not given"), default=list, blank=True)  # codes of kinds and types
    subtypes = models.JSONField(_("subtypes"), default=dict, blank=True)  # kind → words

    class Meta:
        default_permissions = ()


class BudgetLine(TrackedModel):
    """What a donor gives for a project, for a while. Data of the office: it says nothing of anybody."""

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "organisation", "code", "donor"),
            *("project", "begins_on", "ends_on", "currency", "amount_cents", "above_cents"),
            "ceilings_cents",
        )
        sealed = ()

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField(_("code"), max_length=40)
    donor = models.CharField(_("donor"), max_length=120)
    project = models.CharField(_("project code"), max_length=60)
    begins_on = models.DateField(_("begins on"))
    ends_on = models.DateField(_("ends on"))
    currency = models.CharField(_("currency"), max_length=3, choices=list(CURRENCIES.items()))
    # Whole cents, so that a database that counts in binary fractions cannot lose one.
    amount_cents = models.BigIntegerField(_("amount"))
    above_cents = models.BigIntegerField(_("approval above"))
    ceilings_cents = models.JSONField(
        _("ceilings"), default=dict, blank=True
    )  # kind of assistance -> cents

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="one_line_a_code"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("begins_on")), name="line_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}, {self.donor}, {self.project} ({self.currency})"

    @property
    def amount(self) -> Decimal:
        return Decimal(self.amount_cents) / 100

    @property
    def approval_above(self) -> Decimal:
        return Decimal(self.above_cents) / 100

    @property
    def ceilings(self) -> dict[str, Decimal]:
        """Kind of assistance -> the most that is paid for it."""
        return {kind: Decimal(cents) / 100 for kind, cents in self.ceilings_cents.items()}


class AgreementState(models.TextChoices):
    """How the agreement with a provider stands today."""

    RUNNING = "running", _("Agreement runs")
    ENDS_SOON = "ends_soon", _("Agreement ends soon")
    ENDED = "ended", _("Agreement has ended")


class Provider(TrackedModel):
    """Who gives assistance, and what we know of them. Data of the office: it says nothing of anybody.

    It stands in the directory of one organisation, whether or not the provider uses Tutela.
    """

    ENDS_SOON = timedelta(days=60)

    class Privacy:
        open = (
            *("id", "revision", "last_event", "resealed_by", "organisation", "agency", "name"),
            *("kind", "services", "languages", "region", "address", "telephone", "opening"),
            *("remarks", "places_free", "places_on", "agreement", "agreement_covers"),
            *("agreement_begins_on", "agreement_ends_on", "is_retired"),
        )
        sealed = ()

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    # The same one among those that are known to Tutela, where cases can be referred to.
    agency = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("type"), max_length=40, choices=list(ORGANISATION_TYPE.items()))
    services = models.JSONField(_("services"))  # codes of assistance/referrals/table.py: SERVICES
    languages = models.JSONField(_("languages"), default=list, blank=True)  # ISO 639-1
    region = models.CharField(_("region"), max_length=100)
    address = models.CharField(_("address"), max_length=200, blank=True)
    telephone = models.CharField(_("telephone"), max_length=100, blank=True)
    opening = models.CharField(_("opening hours"), max_length=200, blank=True)
    remarks = models.TextField(_("remarks"), max_length=2000, blank=True)
    # As last told, and on which day; together or not at all.
    places_free = models.PositiveIntegerField(_("places free"), null=True, blank=True)
    places_on = models.DateField(_("as of"), null=True, blank=True)
    agreement = models.CharField(_("agreement"), max_length=100, blank=True)  # its reference
    agreement_covers = models.CharField(_("what it covers"), max_length=200, blank=True)
    agreement_begins_on = models.DateField(_("begins on"), null=True, blank=True)
    agreement_ends_on = models.DateField(_("ends on"), null=True, blank=True)
    is_retired = models.BooleanField(_("no longer used"), default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_provider_a_name"),
            models.UniqueConstraint(
                fields=["organisation", "agency"], name="one_provider_an_agency"
            ),
            models.CheckConstraint(
                condition=models.Q(places_free=None, places_on=None)
                | models.Q(places_free__isnull=False, places_on__isnull=False),
                name="places_with_their_day",
            ),
            models.CheckConstraint(
                condition=models.Q(agreement_begins_on=None)
                | models.Q(agreement_ends_on=None)
                | models.Q(agreement_ends_on__gte=models.F("agreement_begins_on")),
                name="agreement_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def services_in_words(self) -> str:
        """Names of the services, in the order of their table."""
        return "; ".join(str(one.name) for code, one in SERVICES.items() if code in self.services)

    @property
    def languages_in_words(self) -> str:
        return ", ".join(str(LANGUAGES[code]) for code in self.languages)

    @property
    def agreement_state(self) -> AgreementState | None:
        """How the agreement stands today; None without one."""
        if not self.agreement:
            return None
        today, ends = timezone.localdate(), self.agreement_ends_on
        if ends is None or ends > today + self.ENDS_SOON:
            return AgreementState.RUNNING
        return AgreementState.ENDED if ends < today else AgreementState.ENDS_SOON


class LedgerEntry(TrackedModel):
    """That something was paid from a line or reversed. It names no case; how much is sealed.

    It stays as it was written, as the table says.
    """

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "line", "booked_on")
        sealed = ("content_sealed",)

    line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="entries")
    booked_on = models.DateField(_("booked on"))
    content_sealed = SealedField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(revision=1), name="ledger_never_changes")
        ]
