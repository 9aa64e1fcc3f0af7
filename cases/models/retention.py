"""How long a closed case is kept, and the erasure of a case as two people decide it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import TrackedModel
from cases.models.request import CaseRequest

MOST_YEARS = 100


class RetentionKind(models.TextChoices):
    """What decides how long a case is kept: the age at registration, as its sealed facts hold it."""

    ADULT = "adult", _("Adults")
    CHILD = "child", _("Children: under 18 when they were registered")
    UNKNOWN = "unknown", _("Age not recorded")


class RetentionRule(TrackedModel):
    """Years from the closing of a case of one kind until it is due for erasure.

    A kind without a row is kept for DEFAULT_YEARS.
    """

    # The same for all: with different numbers, the dates of a case tell of what kind it is.
    DEFAULT_YEARS = 10

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "kind", "years")
        sealed = ()

    kind = models.CharField(_("kind"), max_length=10, choices=RetentionKind, unique=True)
    years = models.PositiveSmallIntegerField(
        _("years"), validators=[MinValueValidator(0), MaxValueValidator(MOST_YEARS)]
    )

    class Meta:
        default_permissions = ()


class ErasureReason(models.TextChoices):
    RETENTION_OVER = "retention_over", _("It was kept as long as our rules say")
    PERSON_ASKED = "person_asked", _("The person asked for it")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("The person no longer agrees to our keeping it")
    MISTAKE = "mistake", _("It should never have been opened here")
    ORDERED = "ordered", _("A court or an authority ordered it")


class ErasureState(models.TextChoices):
    ASKED = "asked", _("Waits for a decision")
    DECLINED = "declined", _("Declined")
    APPROVED = "approved", _("Approved, not finished")
    FINISHED = "finished", _("Finished")


class Obstacle(models.TextChoices):
    """What keeps an approved erasure from being finished. It is tried again at each start."""

    KEYS = "keys", _("The key store is in use: its file still holds traces of the key.")
    FILES = "files", _("Files of the case could not be removed from the storage.")
    LEDGER = "ledger", _("The list of erasures could not be written at every place.")


class ErasureRequest(CaseRequest):
    """One person asks for the erasure of a case, another decides."""

    class Privacy:
        open = (*CaseRequest.OPEN, "reason", "asked_on", "decided_on", "obstacle")
        sealed = ()

    reason = models.CharField(_("reason"), max_length=20, choices=ErasureReason)
    state = models.CharField(
        _("state"), max_length=10, choices=ErasureState, default=ErasureState.ASKED
    )
    asked_on = models.DateField(_("asked on"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    obstacle = models.CharField(_("obstacle"), max_length=10, choices=Obstacle, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=~models.Q(state="declined"),
                name="one_erasure_request_at_a_time",
            ),
            *CaseRequest.decided_by_another("erasure"),
            models.CheckConstraint(
                condition=models.Q(decided_by=None, decided_on=None)
                | models.Q(decided_by__isnull=False, decided_on__isnull=False),
                name="erasure_decided_by_somebody",
            ),
        ]
