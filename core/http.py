"""The request as views meet it: behind the sign-in, and with what the middleware adds."""

from typing import Any

from django.http import HttpRequest


class StaffRequest(HttpRequest):
    """A request of somebody signed in. `user` is an accounts.models.User, which core cannot name."""

    user: Any
    htmx: Any
