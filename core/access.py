"""Who may enter a page at all. Which rows they then find is cases/access.py."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.exceptions import NotAllowed
from core.rights import Right

View = Callable[..., HttpResponse]


def require(*rights: Right) -> Callable[[View], View]:
    """Let in whoever holds one of these rights; for others raise NotAllowed, which is recorded."""
    if not rights:
        raise TypeError("require() needs at least one right")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not any(request.user.has_right(right) for right in rights):  # type: ignore[union-attr]
                raise NotAllowed(_("Your role does not include this page."))
            return view(request, *args, **kwargs)

        guarded.required_rights = rights  # type: ignore[attr-defined]
        return guarded

    return decorate
