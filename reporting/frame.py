"""The persons of a freeze as columns of small integers, and how they are counted.

Everything in here is exact and unprotected. Only the freeze, the making of a release, a look at an
exact table and the tests use it; nothing of it outlives them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice, starmap
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from cases.reference import UNANSWERED
from cases.sections import CaseFacts
from core.exceptions import BadInput
from reporting.dimensions import (
    ALONE,
    ANY_OTHER,
    DIMENSIONS,
    ELSEWHERE,
    NOT_RECORDED,
    Dimension,
    Key,
)

NARROW = np.int16  # no dimension has as many as 2**15 categories
BATCH = 200  # persons read at a time, dimension by dimension: as many as stay in the cache
LAST = (ANY_OTHER, *UNANSWERED, NOT_RECORDED)  # in this order, after all other categories


class Row(NamedTuple):
    """One person as statistics know them."""

    person: UUID
    facts: CaseFacts
    kinds: Collection[str]  # of assistance
    amounts: Mapping[str, float] = {}  # measures.MAGNITUDES → how much; without an answer, none


@dataclass(frozen=True)
class Column:
    """One dimension of all persons at one level.

    `answers` holds positions in `codes`, person after person; `per_person` says how many belong to
    each, at least one, or is None when each person has exactly one.
    """

    codes: tuple[str, ...]
    answers: np.ndarray  # NARROW
    per_person: np.ndarray | None = None  # NARROW, one a person

    @classmethod
    def of(
        cls, codes: Sequence[str], answers: np.ndarray, per_person: np.ndarray | None = None
    ) -> "Column":
        """A column of whole numbers of any type."""
        narrow = None if per_person is None else per_person.astype(NARROW)
        return cls(tuple(codes), answers.astype(NARROW), narrow)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each person's answers begin in `answers`."""
        assert self.per_person is not None
        return np.cumsum(self.per_person) - self.per_person

    def grouped(self, codes: Sequence[str], group_of: Mapping[str, str]) -> "Column":
        """The column one level coarser; codes that `group_of` does not name stay themselves.

        Answers that meet in one group count once for a person.
        """
        position = {code: index for index, code in enumerate(codes)}
        moved = np.array([position[group_of.get(code, code)] for code in self.codes])
        answers = moved[self.answers]
        if self.per_person is None:
            return Column.of(codes, answers)
        persons = np.repeat(np.arange(len(self.per_person)), self.per_person)
        pairs = np.sort(persons * len(codes) + answers, kind="stable")  # nearly sorted: quick
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        counts = np.bincount(pairs // len(codes), minlength=len(self.per_person))
        return Column.of(codes, pairs % len(codes), counts)


@dataclass(frozen=True)
class Frame:
    """All countable persons: 16-byte identifiers, and a column for each dimension at level 0.

    amounts: magnitude → float64, one a person; NaN for whoever has none.
    """

    persons: list[bytes]
    columns: dict[Key, Column]
    amounts: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.persons)


def build(rows: Iterable[Row], year: int) -> Frame:
    """Read every person once. `year` is the year of the freeze; later years are not categories."""
    persons: list[bytes] = []
    readers = [_Reader(dimension, dimension.codes(year)) for dimension in DIMENSIONS.values()]
    amounts: dict[str, dict[int, float]] = {}
    remaining = starmap(Row, rows)
    while batch := list(islice(remaining, BATCH)):
        for place, row in enumerate(batch, len(persons)):
            for name, amount in row.amounts.items():
                amounts.setdefault(name, {})[place] = amount
        persons += [row.person.bytes for row in batch]
        for reader in readers:
            reader.read(batch)
    columns = {reader.dimension.key: reader.column() for reader in readers}
    return Frame(persons, columns, {n: _array(a, len(persons)) for n, a in amounts.items()})


def _array(amounts: Mapping[int, float], size: int) -> np.ndarray:
    """Amounts by position as an array, NaN where there is none."""
    array = np.full(size, np.nan)
    array[list(amounts)] = list(amounts.values())
    return array


class _Reader:
    """Collects one dimension of person after person.

    There are far fewer different answers than persons: each is looked up among the codes once.
    """

    def __init__(self, dimension: Dimension, codes: list[str]) -> None:
        self.dimension = dimension
        self.codes = codes
        self.answers = _Answers({code: index for index, code in enumerate(codes)})
        self.given: list[np.ndarray] = []  # which of the answers each person gave, a batch each

    def read(self, rows: Sequence[Row]) -> None:
        answer = self.dimension.answer
        # By their places, so that a row may carry more than these.
        given = [answer(row[1], row[2]) for row in rows]
        if given and not isinstance(given[0], str):
            given = list(map(tuple, given))
        numbers = map(self.answers.__getitem__, given)
        self.given.append(np.fromiter(numbers, dtype=np.int32, count=len(given)))

    def column(self) -> Column:
        given = np.concatenate(self.given) if self.given else np.empty(0, dtype=np.int32)
        sizes = np.array([len(places) for places in self.answers.places], dtype=np.int64)
        places = np.array(list(chain.from_iterable(self.answers.places)), dtype=np.int64)
        starts, per_person = (np.cumsum(sizes) - sizes)[given], sizes[given]
        if (per_person == 1).all():
            return Column.of(self.codes, places[starts])
        ends = np.cumsum(per_person)
        shifts = starts - (ends - per_person)  # from a place among all answers to one in `places`
        picks = np.arange(ends[-1]) + np.repeat(shifts, per_person)
        return Column.of(self.codes, places[picks], per_person)


class _Answers(dict[Any, int]):
    """Number of each different answer, in the order in which they come up; `places`: its categories."""

    def __init__(self, position: Mapping[str, int]) -> None:
        super().__init__()
        self.position = position
        self.places: list[list[int]] = []

    def __missing__(self, answer: str | tuple[str, ...]) -> int:
        given = [code for code in ([answer] if isinstance(answer, str) else answer) if code]
        # Attacks count on it that what says that there is no other answer stands alone.
        codes = [code for code in given if code not in ALONE] or given[:1]
        any_other = self.position[ANY_OTHER]
        found = {self.position.get(code, any_other) for code in codes}
        self.places.append(sorted(found) or [self.position[NOT_RECORDED]])
        self[answer] = len(self.places) - 1
        return self[answer]


def levels_of(
    column: Column, dimension: Dimension, shown_of: Callable[[Column], Collection[str]]
) -> list[Column]:
    """The column of a dimension at each of its levels, the finest first; each nests in the next.

    `shown_of` gives the categories of a column whose protected number is shown. Only that decides what
    is folded, so that the categories tell no more than the figures do.
    """
    found = [column]
    for level in range(1, dimension.top_level + 1):
        group_of = dimension.group_of(level)
        found.append(found[-1].grouped(codes_of_groups(found[-1], group_of), group_of))
    return _folded(found, dimension, shown_of) if dimension.folds else found


def codes_of_groups(column: Column, group_of: Mapping[str, str]) -> list[str]:
    """The codes of the groups in the order of their members; what is no category of its own last."""
    codes = dict.fromkeys(group_of.get(code, code) for code in column.codes)
    rest = [code for code in codes if code.startswith(ELSEWHERE)]
    last = [code for code in LAST if code in codes]
    return [*filter(is_named, codes), *rest, *last]


def is_named(code: str) -> bool:
    """Whether a code is that of one category or group, and not of a rest or of no answer."""
    return code not in LAST and not code.startswith(ELSEWHERE)


def _folded(
    columns: Sequence[Column],
    dimension: Dimension,
    shown_of: Callable[[Column], Collection[str]],
) -> list[Column]:
    """The levels with each category that is not shown put with the others of its group.

    A group that is folded itself takes all of its members along: so levels still nest.
    """
    found: list[Column] = []
    above: dict[str, str] = {}  # what became of each category one level up
    for level in reversed(range(len(columns))):
        column, shown = columns[level], shown_of(columns[level])
        group_of = (
            dimension.group_of(level + 1) if above else dict.fromkeys(column.codes, ANY_OTHER)
        )
        became = {}
        for code in column.codes:
            group = group_of.get(code, code)
            if code not in LAST and above.get(group, group) != group:
                became[code] = above[group]
            elif code in LAST or code in shown:
                became[code] = code
            else:
                became[code] = group if group == ANY_OTHER else ELSEWHERE + group
        found.insert(0, column.grouped(codes_of_groups(column, became), became))
        above = became
    return found


@dataclass(frozen=True)
class Placement:
    """In which cells of a table the persons are: `persons` is None for "each in exactly one"."""

    cells: np.ndarray  # int64 position in the flattened table
    persons: np.ndarray | None  # int64 position in the frame

    def and_by(self, column: Column) -> "Placement":
        """Break every cell down further by one more column."""
        size = len(column.codes)
        if column.per_person is None:
            answers = column.answers if self.persons is None else column.answers[self.persons]
            return Placement(self.cells * size + answers, self.persons)
        rows, answers = repeated(column, self.persons)
        persons = rows if self.persons is None else self.persons[rows]
        return Placement(self.cells[rows] * size + answers, persons)


def repeated(column: Column, persons: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows, each repeated for every answer of its person: positions of rows, and the answers.

    `persons` says whose each row is; None for one row a person. The k-th copy of a row takes the k-th
    answer.
    """
    assert column.per_person is not None
    repeats, starts = column.per_person, column.starts
    if persons is not None:
        repeats, starts = repeats[persons], starts[persons]
    rows = np.repeat(np.arange(len(repeats)), repeats)
    shifts = starts - (np.cumsum(repeats) - repeats)  # from a place among the copies to an answer
    return rows, column.answers[np.arange(len(rows)) + shifts[rows]]


def everyone(frame: Frame) -> Placement:
    """All persons in the one cell of a table without dimensions."""
    return Placement(np.zeros(len(frame), dtype=np.int64), None)


def count(
    frame: Frame, dims: Sequence[Key], filters: Mapping[Key, str] | None = None
) -> np.ndarray:
    """Exact counts of persons, an int64 array with one axis for each of `dims`.

    A person with several answers to a dimension counts once in each of their categories.
    `filters` keeps the persons who gave that answer. BadInput for a name that is not declared.
    """
    filters = filters or {}
    columns = [_column(frame, key) for key in (*dims, *filters)]
    placement = everyone(frame)
    for column in columns:
        placement = placement.and_by(column)
    shape = [len(column.codes) for column in columns]
    counts = np.bincount(placement.cells, minlength=int(np.prod(shape))).reshape(shape)
    for (key, code), column in zip(filters.items(), columns[len(dims) :], strict=True):
        if code not in column.codes:
            raise BadInput(f"{key} has no category {code}.")
        counts = np.take(counts, column.codes.index(code), axis=len(dims))
    return counts


def _column(frame: Frame, key: Key) -> Column:
    if key not in frame.columns:
        raise BadInput(f"{key} is not a dimension of statistics.")
    return frame.columns[key]
