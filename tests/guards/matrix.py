"""The table of access_matrix.txt, and every address that is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from core.middleware import METHODS as SERVED

TABLE = Path(__file__).with_name("access_matrix.txt")
# The columns, as the head of the table explains them; the table has their first three letters.
PEOPLE = (
    *("nobody", "half", "bare", "suspended", "roleless", "alena", "stale", "ihar", "outsider"),
    *("volha", "member", "reader", "cashier", "expired", "revoked", "excluded", "breaker"),
    *("partner", "pavel", "iryna", "rita", "yury", "viktar", "keeper", "zoya", "daria"),
    *("kastus", "ingrid"),
)
# So many people a test: making the world takes as long as some of them, and a test has to end in time.
# Every fourth of the list, so that each group has people of each kind; of shares, the first.
GROUPS = [PEOPLE[at::4] for at in (1, 2, 3, 0)]
NOT_IN = ("nobody", "half", "bare", "suspended")  # not signed in, or not wholly
WRONG = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
METHODS = (*SERVED, *WRONG)
ANY = "*"  # stands for every address


class Row(NamedTuple):
    """What one method of one address answers to each, and the event that each 200 leaves."""

    statuses: dict[str, int]
    event: str


def table() -> dict[tuple[str, str], Row]:
    """(address, method) → what is expected, in the order of the file."""
    head, *lines = [
        line.split() for line in TABLE.read_text().splitlines() if line and line[0] != "#"
    ]
    assert head == [name[:3] for name in PEOPLE], "the columns are others"
    found: dict[tuple[str, str], Row] = {}
    for name, methods, *cells in lines:
        statuses, event = cells[: len(PEOPLE)], "".join(cells[len(PEOPLE) :])
        row = Row(dict(zip(PEOPLE, map(int, statuses), strict=True)), event)
        for method in WRONG if methods == "others" else methods.split("/"):
            for each in sorted(addresses()) if name == ANY else [name]:
                assert (each, method) not in found, f"{each} {method} stands twice"
                found[each, method] = row
    return found


def addresses() -> set[str]:
    """The name of every address that is served."""

    def walk(patterns: list, space: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern):
                assert pattern.name, f"{pattern} has no name"
                yield space + pattern.name

    return set(walk(get_resolver().url_patterns, ""))
