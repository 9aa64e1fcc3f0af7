"""How somebody wants the pages: the language, the colours."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.exceptions import BadInput

THEMES = {  # frontend/scss/_themes.scss
    "device": _("Colours as on this device"),
    "light": _("Light"),
    "dark": _("Dark"),
    "contrast": _("High contrast"),
}
COOKIES = {"language": settings.LANGUAGE_COOKIE_NAME, "theme": settings.THEME_COOKIE_NAME}


def check_offered(name: str, code: str) -> None:
    """Raises BadInput for a language or a theme that there is not."""
    offered: dict[str, Mapping[str, object]] = {
        "language": dict(settings.LANGUAGES),
        "theme": THEMES,
    }
    if code not in offered[name]:
        raise BadInput(f"There is no such {name}.")
