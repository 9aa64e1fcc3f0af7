"""What changed since the last freeze, told from keyed digests that count nobody.

The noise of a person's cells is redrawn when, and only when, somebody of the same year of
registration was added, changed or removed. A cell that stood still while one person moved would
otherwise name that person's answer; and cells redrawn without cause could be averaged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import starmap
from typing import Any

import msgspec
import numpy as np

from reporting.frame import Column, Row

BUCKETS = 256
MIN_CHANGED = 10  # persons; with fewer, a freeze could be subtracted from the one before


@dataclass
class Marks:
    """A keyed 64-bit digest of each person's answers, taken as the rows go by."""

    key: bytes
    values: list[int] = field(default_factory=list)
    buckets: list[int] = field(default_factory=list)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, each marked on its way."""
        for row in starmap(Row, rows):
            content = row.person.bytes + msgspec.json.encode(row.facts)
            content += ",".join(sorted(row.kinds)).encode()
            if row.amounts:
                content += msgspec.json.encode(row.amounts, order="sorted")
            digest = blake2b(content, key=self.key, digest_size=8).digest()
            self.values.append(int.from_bytes(digest, "big"))
            self.buckets.append(row.person.bytes[-1])  # the random end of the identifier
            yield row


def describe(marks: Marks, years: Column) -> dict[str, Any]:
    """Digests of everyone in each year and in each bucket; those of nobody look like any other.

    `years` is the frame's column of registration years, in the order of the marks.
    """
    values = np.array(marks.values, dtype=np.uint64)
    by_year = _sums(years.answers, values, len(years.codes))
    by_bucket = _sums(np.array(marks.buckets, dtype=np.int64), values, BUCKETS)
    return {
        "years": {
            code: _seal(marks.key, f"year {code}", total)
            for code, total in zip(years.codes, by_year, strict=True)
        },
        "buckets": [_seal(marks.key, f"bucket {n}", total) for n, total in enumerate(by_bucket)],
    }


def _sums(groups: np.ndarray, values: np.ndarray, size: int) -> list[int]:
    """Sums modulo 2**64, in which the order of the persons does not matter."""
    sums = np.zeros(size, dtype=np.uint64)
    np.add.at(sums, groups, values)
    return sums.tolist()


def _seal(key: bytes, name: str, total: int) -> str:
    return blake2b(name.encode() + total.to_bytes(8, "big"), key=key, digest_size=16).hexdigest()


def changed_at_least(before: dict[str, Any], after: dict[str, Any]) -> int:
    """A number of persons that surely changed: each changed bucket holds one or more."""
    pairs = zip(before["buckets"], after["buckets"], strict=True)
    return sum(old != new for old, new in pairs)


def advance(
    before: dict[str, Any] | None, after: dict[str, Any], epochs: dict[str, int], number: int
) -> dict[str, int]:
    """The epoch of each year: `number`, that of this freeze, where the year changed; else the old.

    `before` and `epochs` are of the freeze before, None and {} when there is none.
    """
    old = before["years"] if before else {}
    return {
        code: epochs[code] if code in epochs and old.get(code) == digest else number
        for code, digest in after["years"].items()
    }
