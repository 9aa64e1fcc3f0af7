"""Log lines: one JSON object each, of the keys below and no others. They say where a thing happened.

They never say about whom: no addresses, no text of an exception, no values of variables. Of what
libraries log only the place in their code is told, because their messages hold whatever they like.
"""

import json
import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

# What a line of ours may say besides: log.error("a constant", extra={"count": 3}).
EXTRA = ("view", "method", "status", "ms", "count", "step", "place", "line", "error")
OURS = (
    *("config", "reporting", "assistance", "cases", "jobs", "accounts", "audit", "vault"),
    "core",
    "manage",
)
LONGEST = 300  # characters of a value
FRAMES = 40  # the innermost ones

request_id: ContextVar[str] = ContextVar("request_id", default="")  # of the request being served

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, out of an allow-list."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if record.name.partition(".")[0] in OURS:
            told["event"] = str(record.msg)  # a constant: tests/guards/test_logs.py
            told |= {key: _plain(record.__dict__[key]) for key in EXTRA if key in record.__dict__}
        else:
            told["at"] = f"{_short(record.pathname)}:{record.lineno}"
        if served := request_id.get():
            told["request"] = served
        if record.exc_info and record.exc_info[1] is not None:
            told |= _fault(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def _fault(error: BaseException) -> dict[str, Any]:
    """The types of an exception and of what it came from, and where it was raised."""
    kinds: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < FRAMES:
        kinds.append(type(seen).__qualname__)
        seen = seen.__cause__ or seen.__context__
    # A summary of frames looks no local variables up.
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": " from ".join(kinds), "frames": places}


def _short(path: str) -> str:
    """A path from the root of the source, or of the libraries."""
    _before, found, inside = path.rpartition("site-packages/")
    return inside if found else path.removeprefix(f"{settings.BASE_DIR}/")


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else str(value)[:LONGEST]


def tell_what_nobody_caught() -> None:
    """Log it like everything else, where Python would print the exception with its text."""

    def uncaught(error: BaseException | None) -> None:
        log.critical("nobody caught an exception", exc_info=error)

    sys.excepthook = lambda _kind, error, _trace: uncaught(error)
    threading.excepthook = lambda args: uncaught(args.exc_value)
    sys.unraisablehook = lambda args: uncaught(args.exc_value)
