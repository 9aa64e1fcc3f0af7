"""What programs sign in with."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.tenure import Tenure
from accounts.models.user import User


class AccessToken(Tenure):
    """With this a program of somebody asks for statistics. The token itself is not kept."""

    class Privacy:
        open = (*Tenure.OPEN, "name", "digest", "expires_at")
        sealed = ()

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_tokens")
    name = models.CharField(_("name"), max_length=60)  # what its owner calls it
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of 32 random bytes
    expires_at = models.DateTimeField(_("works until"))
