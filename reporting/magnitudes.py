"""Sums of what persons have or cost, protected at the freeze, and the counts to take means by.

A sum is shown where its number of persons is, and where nobody who knows their own part, or the two
largest together, could work out another's from it: what is left beside the two largest must be at
least a tenth of the largest (the p %-rule). It is then moved by 0.3 to 0.6 of the largest part, up or
down, as a keyed hash of the persons says: the same persons show the same sum wherever they stand.

To have an amount is an answer as well, so sums are of tables with one dimension less than counts.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reporting import protection
from reporting.dimensions import Key
from reporting.frame import Column, Frame, Placement
from reporting.measures import MAGNITUDES
from reporting.redraws import Draws
from reporting.surface import MOST_OF_AMOUNTS, Amounts, Levelled, Surface
from reporting.withholding import is_ruled_out

LEFT = 0.1  # of the largest part, beside the two largest
NOISE_FROM, NOISE_TO = 0.3, 0.6  # of the largest part


def build(
    surface: Surface,
    frame: Frame,
    columns: Mapping[Key, Sequence[Column]],
    record_keys: np.ndarray,
    draws: Draws,
    withhold: Callable[[Surface], None],
) -> dict[str, dict[Levelled, Amounts]]:
    """The protected sums of every magnitude, of every table of the surface with few dimensions.

    `columns` holds each dimension at each level, `record_keys` a key a person; `draws` the numbers of
    all sets of persons, so that one has the same number here. `withhold` takes away what tells too
    much of a group, here of those who have an amount. A magnitude that is shown nowhere is left out.
    """
    made = {
        name: _Sums(frame.amounts[name], record_keys, draws, name).tables(
            surface, columns, withhold
        )
        for name in MAGNITUDES
        if name in frame.amounts
    }
    return {name: tables for name, tables in made.items() if tables}


class _Sums:
    """The persons who have an amount, those with the least first."""

    def __init__(
        self, amounts: np.ndarray, record_keys: np.ndarray, draws: Draws, name: str
    ) -> None:
        order = np.argsort(amounts, kind="stable")  # NaN comes last
        self.persons = order[: np.count_nonzero(~np.isnan(amounts))]
        self.amounts, self.record_keys, self.name = amounts, record_keys, name
        self.draws = draws
        self.noise_key = protection.derive(draws.secret, f"sums of {name}")

    def tables(
        self,
        surface: Surface,
        columns: Mapping[Key, Sequence[Column]],
        withhold: Callable[[Surface], None],
    ) -> dict[Levelled, Amounts]:
        counted, sums = Surface(surface.axes), {}
        for table, (shown, _numbers) in surface.cells.items():
            if len(table) <= MOST_OF_AMOUNTS:
                positions, numbers, totals = self._cells([columns[k][level] for k, level in table])
                seen = np.isin(positions, shown)
                counted.cells[table] = positions[seen], numbers[seen]
                sums[table] = totals[seen]
        before = {table: positions for table, (positions, _numbers) in counted.cells.items()}
        withhold(counted)
        found = {}
        for table, (positions, numbers) in counted.cells.items():
            totals = sums[table][np.isin(before[table], positions)]
            safe = ~np.isnan(totals)
            if len(table) == MOST_OF_AMOUNTS:  # to have an amount is the third dimension
                safe &= ~is_ruled_out(surface, table, positions)
            if safe.any():
                found[table] = positions[safe], numbers[safe], totals[safe].astype(np.int64)
        return found

    def _cells(self, columns: Sequence[Column]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions whose number of persons is shown, that number, and the sum: NaN if withheld."""
        placement = Placement(np.zeros(len(self.persons), dtype=np.int64), self.persons)
        for column in columns:
            placement = placement.and_by(column)
        cells, persons = placement.cells, placement.persons
        counts = np.bincount(cells)
        keys = np.bincount(cells, weights=self.record_keys[persons]).astype(np.int64) % 2**32
        at = np.flatnonzero(counts >= protection.THRESHOLD - protection.MAX_NOISE)
        numbers = self.draws.number_of(counts[at], keys[at])
        shown = numbers >= protection.THRESHOLD
        at, numbers = at[shown], numbers[shown]
        amounts = self.amounts[persons]
        totals = np.bincount(cells, weights=amounts)[at]
        largest, second = (two[at] for two in two_largest(cells, amounts, len(counts)))
        noise = protection.uniform(counts[at], keys[at], self.noise_key)
        perturbed = np.rint(perturb(totals, largest, noise) * MAGNITUDES[self.name].scale)
        return at, numbers, np.where(is_safe(totals, largest, second), perturbed, np.nan)


def two_largest(cells: np.ndarray, amounts: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest and the second largest amount of each cell; 0 where there is none.

    `cells` says in which of `size` cells each amount is; amounts ascend, so the last one stands.
    """
    largest, second, last = np.zeros(size), np.zeros(size), np.full(size, -1)
    largest[cells] = amounts
    last[cells] = np.arange(len(cells))
    others = np.ones(len(cells), dtype=bool)
    others[last[last >= 0]] = False
    second[cells[others]] = amounts[others]
    return largest, second


def is_safe(totals: np.ndarray, largest: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The p %-rule. Where nobody has anything at all, everyone's part would be told: not safe, too."""
    left = totals - largest - second
    return (left >= LEFT * largest) & (largest > 0)


def perturb(totals: np.ndarray, largest: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Sums moved by NOISE_FROM to NOISE_TO of the largest part; `drawn` is uniform in [0, 1)."""
    up = drawn >= 0.5
    share = NOISE_FROM + (NOISE_TO - NOISE_FROM) * (2 * drawn - up)
    return totals + np.where(up, share, -share) * largest


def check(surface: Surface) -> None:
    """ArithmeticError when a sum is shown where the number of persons is not, or of too few."""
    for name, tables in surface.magnitudes.items():
        for table, (positions, numbers, totals) in tables.items():
            if len(table) > MOST_OF_AMOUNTS or not len(positions) == len(numbers) == len(totals):
                raise ArithmeticError(f"{name} of {table}: no such table of sums")
            if numbers.min() < protection.THRESHOLD or totals.min() < 0:
                raise ArithmeticError(f"{name} of {table}: a sum of too few persons is shown")
            if not np.isin(positions, surface.cells[table][0]).all():
                raise ArithmeticError(f"{name} of {table}: a sum of hidden persons is shown")
