"""Who was reminded by mail, so that nobody is twice a day."""

from django.conf import settings
from django.db import models


class Reminded(models.Model):
    """The last day on which somebody of the staff was sent how much is due for them."""

    class Privacy:
        open = ("id", "person", "on")
        sealed: tuple[str, ...] = ()

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    on = models.DateField()

    class Meta:
        default_permissions = ()
