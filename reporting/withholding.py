"""Which cells are withheld, whatever their figure: many cells of one table at once."""

import numpy as np

from reporting.dimensions import NOT_IN_THREE
from reporting.surface import MAX_DIMENSIONS, Levelled, Surface, project, withholding_parts, without


def is_withheld(surface: Surface, table: Levelled, positions: np.ndarray) -> np.ndarray:
    """Which of these cells are withheld, by a telling split or by the rule for three dimensions."""
    withheld = np.zeros(len(positions), dtype=bool)
    for part, sensitive in withholding_parts(table):
        groups = surface.withheld.get(part, {}).get(sensitive)
        if groups is not None:
            group_of = project(surface, table, positions, without(part, sensitive))
            withheld |= np.isin(group_of, groups)
    if len(table) == MAX_DIMENSIONS:
        withheld |= is_ruled_out(surface, table, positions)
    return withheld


def is_ruled_out(surface: Surface, table: Levelled, positions: np.ndarray) -> np.ndarray:
    """Which of these cells match a rule of NOT_IN_THREE, where a third dimension narrows them down."""
    ruled_out = np.zeros(len(positions), dtype=bool)
    coordinates = np.unravel_index(positions, surface.shape(table))
    at = {
        key: (surface.codes(key, level), c)
        for (key, level), c in zip(table, coordinates, strict=True)
    }
    for rule in NOT_IN_THREE:
        if rule.keys() <= at.keys():
            matches = [
                np.isin(at[key][1], [i for i, code in enumerate(at[key][0]) if code in matching])
                for key, matching in rule.items()
            ]
            ruled_out |= np.logical_and.reduce(matches)
    return ruled_out
