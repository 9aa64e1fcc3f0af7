"""The humans in a case."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.base import SealedModel
from cases.models.case import Case
from cases.sections import CaseLinks, Contact, Identity, VictimContext
from vault.fields import SealedField


class PersonRole(models.TextChoices):
    VICTIM = "Victim", _("Person assisted")


class Person(SealedModel):
    """A human in a case, with a role in it."""

    SECTIONS = {
        "identity": ("identity", Identity),
        "contact": ("contact", Contact),
        "victim": ("narrative", VictimContext),
        "links": ("narrative", CaseLinks),
    }

    class Privacy:
        open = ("id", "revision", "last_event", "resealed_by", "sealed_at", "case", "role")
        sealed = ("identity_sealed", "contact_sealed", "victim_sealed", "links_sealed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="people")
    role = models.CharField(max_length=20, choices=PersonRole, default=PersonRole.VICTIM)
    identity_sealed = SealedField()
    contact_sealed = SealedField()
    victim_sealed = SealedField()
    links_sealed = SealedField()

    class Meta:
        default_permissions = ()
