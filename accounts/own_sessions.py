"""The browsers somebody is signed in with, told in plain words, and ending them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from accounts.models import Session, User
from accounts.sessions import BEGUN, FROM, USED, digest_of, opened, why_over
from audit import trail
from audit.verbs import Verb

# The first that a browser names; most name others as well, of which they descend.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox"} | {
    "SamsungBrowser": "Samsung Internet",
    "YaBrowser": "Yandex",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows"} | {
    "Mac OS X": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of somebody's sessions. `key` names it and opens nothing."""

    key: str
    begun: datetime
    used: datetime
    device: str
    address: str
    is_this: bool


def sessions_of(user: User, *, this: str) -> list[OwnSession]:
    """Sessions that go on, the one with the key `this` first, then the one used last."""
    held = [(row, opened(row)) for row in Session.objects.filter(user=user)]
    told = [
        OwnSession(
            row.pk,
            datetime.fromtimestamp(data[BEGUN], UTC),
            datetime.fromtimestamp(data[USED], UTC),
            device_of(data.get(FROM, {}).get("browser", "")),
            data.get(FROM, {}).get("address", ""),
            row.pk == digest_of(this),
        )
        for row, data in held
        if data and not why_over(data)
    ]
    return sorted(told, key=lambda one: (one.is_this, one.used), reverse=True)


def end_sessions(user: User, *, this: str, key: str = "") -> int:
    """End the session `key` of this person, or all but the one with the key `this`; how many ended."""
    rows = Session.objects.filter(user=user).exclude(pk=digest_of(this))
    if key:
        rows = rows.filter(pk=key) if key.isalnum() else rows.none()
    if ended := rows.end():
        trail.record(Verb.SESSION_CUT, by=user, reason=f"{ended}")
    return ended


def device_of(browser: str) -> str:
    """ "Firefox on Windows", out of what a browser says of itself."""
    name = next((told for sign, told in BROWSERS.items() if f"{sign}/" in browser), "")
    system = next((told for sign, told in SYSTEMS.items() if sign in browser), "")
    if not name and not system:
        return _("Unknown browser")
    if not system:
        return name
    names = {"browser": name or _("A browser"), "system": system}
    return _("%(browser)s on %(system)s") % names
