"""What signing in needs to remember: used codes, guesses, links to a password, identities elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.base import TRACKED
from accounts.models.tenure import Tenure
from accounts.models.user import User
from audit.models import TrackedModel


class UsedCode(models.Model):
    """A code of a code generator that was used, by the half-minute it is right in."""

    class Privacy:
        open = ("id", "user", "step")
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    step = models.BigIntegerField()  # half-minutes since 1970 (RFC 6238)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "step"], name="a_code_opens_once")]


class Tally(models.Model):
    """How often something was tried. What, only a keyed digest says (accounts/guessing.py)."""

    class Privacy:
        open = ("key", "number", "until")
        sealed = ()

    key = models.CharField(max_length=64, primary_key=True)
    number = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)  # it counts no more after that


class PasswordLink(TrackedModel):
    """A link with which somebody gives themselves a password, once. Its token is not kept."""

    class Purpose(models.TextChoices):
        INVITATION = "invitation", _("invitation")
        RESET = "reset", _("new password")

    class Privacy:
        open = (
            *TRACKED,
            "user",
            "purpose",
            "token_digest",
            "expires_at",
            "used_at",
            "withdrawn_at",
        )
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="password_links")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    token_digest = models.CharField(max_length=64, unique=True)  # SHA-256 of 32 random bytes
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class LinkedIdentity(Tenure):
    """An identity at the provider of single sign-on signs in to an account.

    Whose identity it is, only keyed digests say (accounts/identities.py).
    """

    class Privacy:
        open = (*Tenure.OPEN, "key", "proof")
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="linked_identities")
    key = models.CharField(max_length=64)  # of the identity
    proof = models.CharField(max_length=64)  # of the identity and the account together

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(ended_at=None), name="one_account_per_identity"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ended_at=None), name="one_identity_per_account"
            ),
        ]
