"""Differentially private counts: how much noise a table takes, drawing it, and what that promises.

The discrete Gaussian mechanism (Canonne, Kamath and Steinke 2020) as OpenDP implements it,
accounted for in zero-concentrated differential privacy (Bun and Steinke 2016): a table into which
one person enters with c cells has an L2 sensitivity of the square root of c, and noise of scale s
costs c / (2 s^2). Costs of tables about the same persons add up. OpenDP draws from the operating
system's randomness, and rounds every bound towards more privacy; floating point noise would not be
private (Mironov 2012).

docs/explanation/publishing.md tells what is published and why.
"""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from math import inf, nextafter, prod, sqrt
from typing import Any

import numpy as np

from reporting.dimensions import Key
from reporting.frame import Column, Frame, count

DELTA = 1e-6  # at which a cost is told as (epsilon, delta), too


@cache
def library() -> Any:
    """OpenDP, loaded when it is first asked for: most processes never publish anything."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def cells_per_person(dims: Collection[Key], bounds: Mapping[Key, int]) -> int:
    """In how many cells of a table one person may be: `bounds` says how many answers count each."""
    return prod(bounds.get(key, 1) for key in dims)


def scale_for(rho: Fraction, cells: int) -> float:
    """The smallest scale, up to rounding, at which a table with `cells` a person costs at most
    `rho`.
    """
    scale = sqrt(cells / (2 * rho))
    while Fraction(_mechanism(scale).map(_sensitivity(cells))) > rho:
        scale *= 1 + 1e-14
    return scale


def draw(counts: np.ndarray, scale: float) -> np.ndarray:
    """Whole numbers (int64, any shape) with fresh noise on every one, zeros included."""
    drawn = _mechanism(scale)(counts.astype(np.int64).ravel())
    return np.array(drawn, dtype=np.int64).reshape(counts.shape)


def with_noise(counts: np.ndarray, rho: Fraction) -> np.ndarray:
    """Counts in which a person stands once, with noise that costs at most `rho`; see `draw`."""
    return draw(counts, scale_for(rho, 1))


def epsilon(rho: Fraction) -> float:
    """What a total cost of `rho` promises as epsilon at DELTA, computed by OpenDP."""
    scale = scale_for(rho, 1)
    whole = library().c.make_zCDP_to_approxDP(_mechanism(scale))
    return float(whole.map(1.0).epsilon(DELTA))


def truncated(frame: Frame, keys: Sequence[Key], bounds: Mapping[Key, int], secret: bytes) -> Frame:
    """The frame with only these dimensions, each person with at most `bounds` answers to each.

    Which answers of a person stay depends on the person and the secret alone: it is the same in
    every table, and favours no answer.
    """
    columns = {
        key: _cut(frame.columns[key], frame.persons, bounds.get(key, 1), secret) for key in keys
    }
    return Frame(frame.persons, columns)


def tables(
    frame: Frame, dims: Sequence[Sequence[Key]], scales: Sequence[float]
) -> list[np.ndarray]:
    """Each table of these dimensions, with noise of its scale on each cell of its domain."""
    return [draw(count(frame, keys), scale) for keys, scale in zip(dims, scales, strict=True)]


def _mechanism(scale: float) -> Any:  # a measurement
    dp = library()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
    return dp.m.make_gaussian(*space, scale=scale)


def _sensitivity(cells: int) -> float:
    root = sqrt(cells)
    return root if root * root == cells else nextafter(root, inf)


def _cut(column: Column, persons: Sequence[bytes], most: int, secret: bytes) -> Column:
    if column.per_person is None or not (column.per_person > most).any():
        return column
    kept = np.ones(len(column.answers), dtype=bool)
    for person in np.flatnonzero(column.per_person > most):
        start = int(column.starts[person])
        end = start + int(column.per_person[person])

        def order(at: int, who: bytes = persons[person]) -> bytes:
            code = column.codes[column.answers[at]].encode()
            return blake2b(who + code, key=secret, digest_size=16).digest()

        for at in sorted(range(start, end), key=order)[most:]:
            kept[at] = False
    return Column(column.codes, column.answers[kept], np.minimum(column.per_person, most))
