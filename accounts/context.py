"""What pages say of the session, and of the provider of single sign-on."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


def session_end(request: HttpRequest) -> dict[str, object]:
    """Context processor: `session_end`, the seconds left and the seconds without use that end it."""

    def told() -> dict[str, int]:
        left, _can_stay = request.session.seconds_left()  # type: ignore[attr-defined]
        return {"left": left, "idle": int(settings.SESSION_IDLE)}

    return {"session_end": SimpleLazyObject(told)}


def single_sign_on(request: HttpRequest) -> dict[str, str]:
    """Context processor: `single_sign_on`, what the provider is called; "" where there is none."""
    return {"single_sign_on": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}
