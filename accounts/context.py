"""What pages say of the session and of single sign-on, and the colours they are shown in."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.display import THEMES


def session_end(request: HttpRequest) -> dict[str, object]:
    """Context processor: `session_end`, the seconds left and the seconds without use that end it."""

    def told() -> dict[str, int]:
        left, _can_stay = request.session.seconds_left()  # type: ignore[attr-defined]
        return {"left": left, "idle": int(settings.SESSION_IDLE)}

    return {"session_end": SimpleLazyObject(told)}


def single_sign_on(request: HttpRequest) -> dict[str, str]:
    """Context processor: `single_sign_on`, what the provider is called; "" where there is none."""
    return {"single_sign_on": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}


def colours(request: HttpRequest) -> dict[str, object]:
    """Context processor: `theme`, the code of the one that was chosen, and all `themes`."""

    def chosen() -> str:
        user = getattr(request, "user", None)
        code = getattr(user, "theme", "") or request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
        return code if code in THEMES else "device"

    return {"theme": SimpleLazyObject(chosen), "themes": THEMES.items()}
