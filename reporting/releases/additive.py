"""Whole numbers that add up, out of noisy ones that do not: the nearest to them, and none below
zero.

It looks at noisy figures only, so it takes nothing from what they promise. Every total and every
figure by one dimension is settled first, out of all the tables that speak of it; a table is then
the nearest to what was drawn for it that has these margins. "Nearest" is in squares, which a
mixed-integer program of HiGHS meets in pieces: each further step away costs more.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.sparse import csr_array, vstack

from reporting.dimensions import Key

Dims = tuple[Key, ...]
PIECES = (1, 1, 2, 4, 8, 16, 64, 2**40)  # how wide; the last has no end


@dataclass(frozen=True)
class Drawn:
    """What was drawn for a table: whole numbers by its dimensions, and the scale of their noise."""

    dims: Dims
    figures: np.ndarray
    scale: float


def settle(drawn: Sequence[Drawn], several: Collection[Key]) -> dict[Dims, np.ndarray]:
    """Each table as int64 figures that are at least 0, with everything they have in common.

    The tables of single dimensions and the total, `()`, are in the answer whether they were drawn
    or not. Dimensions with `several` answers a person have no total: what they add up to is
    answers, not persons.
    """
    single = {key for table in drawn for key in table.dims} - set(several)
    wanted = {table.dims for table in drawn}
    wanted |= {
        (key,) for table in drawn for key in table.dims if _reaches(table.dims, (key,), single)
    }
    if any(set(table.dims) <= single for table in drawn):
        wanted.add(())
    settled: dict[Dims, np.ndarray] = {}
    for dims in sorted(wanted, key=lambda dims: (len(dims), dims)):
        margins = {
            tuple(dims.index(key) for key in part): settled[part]
            for part in _parts_below(dims)
            if part in settled and _reaches(dims, part, single)
        }
        settled[dims] = nearest(_estimate(dims, drawn, single), margins)
    return settled


def nearest(target: np.ndarray, margins: Mapping[tuple[int, ...], np.ndarray]) -> np.ndarray:
    """Whole numbers of at least 0 nearest to `target`, with these sums.

    `margins` maps axes to what the cells along all others add up to; no more than one axis each,
    and their totals have to be the same. Raises ArithmeticError when nothing fits.
    """
    from scipy.optimize import LinearConstraint, milp  # a third of a second of each start

    start = np.maximum(np.rint(target), 0).astype(np.int64)
    missing = {axes: sums - _sum_to(start, axes) for axes, sums in margins.items()}
    if not any(np.any(each) for each in missing.values()):
        return start
    used = [axes for axes in missing if axes] or [()]  # a total follows from any other
    steps = _Steps.of(start.ravel(), target.ravel())
    cells = np.arange(start.size).reshape(start.shape)
    sums = vstack([_sums(cells, axes) for axes in used], format="csr")
    solved = milp(
        steps.costs,
        constraints=LinearConstraint(
            sums[:, steps.cells] * steps.signs,
            *(np.concatenate([np.ravel(missing[axes]) for axes in used]),) * 2,
        ),
        bounds=(np.zeros(len(steps.widths)), steps.widths),
        # With one or two families of sums every corner is whole: they are flows in a network.
        integrality=np.full(len(steps.widths), len(used) > 2),
    )
    if solved.x is None:
        raise ArithmeticError("no table has these margins")
    moved = np.zeros(start.size, dtype=np.int64)
    np.add.at(moved, steps.cells, (steps.signs * np.rint(solved.x)).astype(np.int64))
    found = start + moved.reshape(start.shape)
    if found.min() < 0 or any(np.any(_sum_to(found, a) != margins[a]) for a in margins):
        raise ArithmeticError("the figures do not add up")
    return found


@dataclass(frozen=True)
class _Steps:
    """Ways to move cells up or down: which cell, which way, how far at most, what a step costs."""

    cells: np.ndarray
    signs: np.ndarray
    widths: np.ndarray
    costs: np.ndarray

    @classmethod
    def of(cls, start: np.ndarray, target: np.ndarray) -> "_Steps":
        parts = []
        for sign in (1, -1):
            begins = 0
            for piece in PIECES:
                room = np.full(start.size, piece) if sign > 0 else np.minimum(piece, start - begins)
                at = np.flatnonzero(room > 0)
                # How much the square of the distance grows, on average along the piece.
                width = min(piece, 128)
                cost = 2 * (begins + sign * (start[at] - target[at])) + width
                parts.append((at, np.full(len(at), sign), room[at], cost))
                begins += piece
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _estimate(dims: Dims, drawn: Sequence[Drawn], single: Collection[Key]) -> np.ndarray:
    """The best guess at a table out of all that add up to it, each weighed by how little noise it
    has.
    """
    total, weights = None, 0.0
    for table in drawn:
        if not _reaches(table.dims, dims, single):
            continue
        axes = tuple(at for at, key in enumerate(table.dims) if key not in dims)
        summed = table.figures.sum(axis=axes)
        summed = summed.transpose(_order(table.dims, dims)) if dims else summed
        weight = summed.size / (table.figures.size * table.scale**2)
        total = summed * weight if total is None else total + summed * weight
        weights += weight
    assert total is not None
    return np.asarray(total / weights)


def _order(dims: Dims, part: Dims) -> list[int]:
    """Where the axes of `part` are among those of `dims` that it has."""
    left = [key for key in dims if key in part]
    return [left.index(key) for key in part]


def _reaches(dims: Dims, part: Dims, single: Collection[Key]) -> bool:
    """Is `part` what the table adds up to, along dimensions with one answer a person?"""
    return set(part) <= set(dims) and set(dims) - set(part) <= set(single)


def _parts_below(dims: Dims) -> Iterator[Dims]:
    """The total and the single dimensions, where the table has more than they."""
    for size in range(min(len(dims), 2)):
        yield from combinations(dims, size)


def _sum_to(figures: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return figures.sum(axis=tuple(axis for axis in range(figures.ndim) if axis not in axes))


def _sums(cells: np.ndarray, axes: tuple[int, ...]) -> csr_array:
    """A row for each sum along all axes but these, with a one for each of its cells."""
    [axis] = axes or [None]
    rows = np.zeros(cells.size, dtype=int)
    if axis is not None:
        rows = np.indices(cells.shape)[axis].ravel()
    return csr_array((np.ones(cells.size), (rows, cells.ravel())))
