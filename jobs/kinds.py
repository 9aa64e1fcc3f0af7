"""What there is of background work. Upper applications add theirs in AppConfig.ready()."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.models import User
from core.rights import Right

if TYPE_CHECKING:
    from jobs.running import Run


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of background work."""

    title: Any  # lazy translations
    rows: Any  # what is counted, as "Cases"; None where the page tells no numbers
    on_failure: Any  # what to do then
    on_stop: Any  # when it failed or was cancelled: what becomes of rows that were done by then
    right: Right  # who may ask for it, have it go on, and fetch what it made
    work: Callable[["Run"], None]
    goes_on: bool = False  # behind what is done when its worker ended; others are asked for anew

    def is_for(self, user: User) -> bool:
        """May this person have it done?"""
        return user.is_active and user.has_right(self.right)


KINDS: dict[str, Kind] = {}
