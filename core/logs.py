"""Log lines say where a thing happened, never about whom."""

import logging
from typing import Any


class WithoutDetails(logging.Filter):
    """Cut an exception down to its type and place: its message or locals may hold a person's data.

    A request is logged by its resolved view, not by its address.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None:
            match = getattr(request, "resolver_match", None)
            record.msg = "status %s in %s"
            record.args = (
                getattr(record, "status_code", "?"),
                getattr(match, "view_name", "unknown"),
            )
        if record.exc_info and record.exc_info[0] is not None:
            record.msg = f"{record.getMessage()} [{_place(record.exc_info)}]"
            record.args = ()
            record.exc_info = record.exc_text = None
        return True


def _place(exc_info: tuple[Any, Any, Any]) -> str:
    """Type of the exception and the file and line that raised it."""
    kind, _value, trace = exc_info
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return kind.__name__
    return f"{kind.__name__} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
