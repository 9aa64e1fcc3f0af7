"""The persons of a freeze as columns of small integers, and how they are counted.

Everything in here is exact and unprotected. Only the freeze (reporting/freeze.py) and the tests
use it; nothing of it outlives the freeze.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np

from cases.sections import CaseFacts
from core.exceptions import BadInput
from reporting.dimensions import ANY_OTHER, DIMENSIONS, NOT_RECORDED, Dimension, Key

Row = tuple[UUID, CaseFacts, Collection[str]]  # person, coded attributes, kinds of assistance


@dataclass(frozen=True)
class Column:
    """One dimension of all persons at one level.

    `answers` holds positions in `codes`, person after person; `per_person` says how many belong to
    each, at least one, or is None when each person has exactly one.
    """

    codes: tuple[str, ...]
    answers: np.ndarray  # int64
    per_person: np.ndarray | None = None  # int64, one a person

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
            return Column(tuple(codes), answers)
        persons = np.repeat(np.arange(len(self.per_person)), self.per_person)
        pairs = np.unique(persons * len(codes) + answers)
        counts = np.bincount(pairs // len(codes), minlength=len(self.per_person))
        return Column(tuple(codes), pairs % len(codes), counts)


@dataclass(frozen=True)
class Frame:
    """All countable persons: 16-byte identifiers, and a column for each dimension at level 0."""

    persons: list[bytes]
    columns: dict[Key, Column]

    def __len__(self) -> int:
        return len(self.persons)


def build(rows: Iterable[Row], year: int) -> Frame:
    """Read every person once. `year` is the year of the freeze; later years are not categories."""
    persons: list[bytes] = []
    readers = [_Reader(dimension, dimension.codes(year)) for dimension in DIMENSIONS.values()]
    for person, facts, kinds in rows:
        persons.append(person.bytes)
        for reader in readers:
            reader.read(facts, kinds)
    return Frame(persons, {reader.dimension.key: reader.column() for reader in readers})


class _Reader:
    """Collects one dimension of person after person."""

    def __init__(self, dimension: Dimension, codes: list[str]) -> None:
        self.dimension = dimension
        self.codes = codes
        self.position = {code: index for index, code in enumerate(codes)}
        self.any_other = self.position[ANY_OTHER]
        self.not_recorded = self.position[NOT_RECORDED]
        self.answers: list[int] = []
        self.per_person: list[int] = []

    def read(self, facts: CaseFacts, kinds: Collection[str]) -> None:
        answer = self.dimension.answer(facts, kinds)
        if not answer:
            found = [self.not_recorded]
        elif isinstance(answer, str):
            found = [self.position.get(answer, self.any_other)]
        else:
            known = {self.position.get(code, self.any_other) for code in answer if code}
            found = sorted(known) or [self.not_recorded]
        self.answers += found
        self.per_person.append(len(found))

    def column(self) -> Column:
        answers = np.array(self.answers, dtype=np.int64)
        if len(self.answers) == len(self.per_person):
            return Column(tuple(self.codes), answers)
        return Column(tuple(self.codes), answers, np.array(self.per_person, dtype=np.int64))


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
        persons = np.arange(len(column.per_person)) if self.persons is None else self.persons
        repeats = column.per_person[persons]
        row_starts = np.cumsum(repeats) - repeats
        # The k-th copy of a row takes the k-th answer of its person.
        picks = np.arange(int(repeats.sum())) + np.repeat(
            column.starts[persons] - row_starts, repeats
        )
        return Placement(
            np.repeat(self.cells, repeats) * size + column.answers[picks],
            np.repeat(persons, repeats),
        )


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
