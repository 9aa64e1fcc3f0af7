"""The browsers people are signed in with."""

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from accounts.models.user import User
from vault.fields import SealedField


class SessionQuerySet(models.QuerySet):
    def end(self) -> int:
        """Whoever came with one of these is signed out at the next request; returns how many ended."""
        ended, _by_table = self.delete()
        return ended


class Session(AbstractBaseSession):
    """A browser that somebody is signed in with, or is about to sign in (accounts/sessions.py)."""

    class Privacy:
        open = ("session_key", "user", "expire_date")
        sealed = ("session_data",)

    # session_key, the primary key, is a digest of what the cookie holds.
    session_data = SealedField()  # type: ignore[assignment]
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")

    objects = SessionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
