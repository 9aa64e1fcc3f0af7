"""Synthetic persons under differential privacy: a tree of noisy two-way tables, fitted and sampled.

The construction is that of Chow and Liu (1968), a distribution that is a tree of pairs, made private
as McKenna, Miklau and Sheldon (2021, "MST") do: noisy counts of each column, a tree of pairs chosen
by noisy maximum, noisy counts of the chosen pairs. All that touches a person goes through OpenDP
and is accounted for as zero-concentrated differential privacy (Bun and Steinke 2016), for the
adding or leaving out of one person. What follows is post-processing of noisy numbers.

Pure functions, no database. A combination that cannot exist has to have no code of its own: put
columns that rule one another out into one (reporting/releases/microdata.py does).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import inf, nextafter, sqrt
from typing import Any

import numpy as np

from reporting.releases import noisy

RARE = 3.0  # standard deviations: a value that shows less than this is not told from noise
ROUNDS_OF_FITTING = 50
SMALLEST = 1e-9  # persons; keeps an empty line of a table from dividing by zero


@dataclass(frozen=True)
class Edge:
    """Two columns and the fitted table of them, float64 [pooled values of a, pooled values of b]."""

    a: int
    b: int
    table: np.ndarray


@dataclass(frozen=True)
class Model:
    """All that is known of the persons: noisy, and safe to publish.

    margins: float64 counts of each column's values, which add up to `total` persons.
    pools: for each column, the pooled value of each of its values (see `_pooling`).
    spent: the ρ of every mechanism that was run; they add up to what `fit` was given.
    """

    total: int
    margins: list[np.ndarray]
    pools: list[np.ndarray]
    edges: list[Edge]
    spent: list[Fraction]


def fit(codes: np.ndarray, sizes: Sequence[int], rho: Fraction) -> Model:
    """Learn the tree from persons, spending exactly `rho`: a third each on columns, choice, pairs.

    `codes` is int64, one row a person and one column for each of `sizes`, values 0..size-1. The
    sizes come from code lists, never from the persons. ValueError for fewer than two columns.
    """
    if len(sizes) < 2:
        raise ValueError("a tree needs two columns")
    each, step = rho / 3 / len(sizes), rho / 3 / (len(sizes) - 1)
    counted = [
        noisy.with_noise(np.bincount(codes[:, column], minlength=size), each)
        for column, size in enumerate(sizes)
    ]
    total = _total(counted)
    margins = [to_simplex(counts, total) for counts in counted]
    pools = [_pooling(counts, RARE * noisy.scale_for(each, 1)) for counts in counted]
    pooled = np.column_stack([pool[codes[:, c]] for c, pool in enumerate(pools)])
    coarse = [pooled_margin(margin, pool) for margin, pool in zip(margins, pools, strict=True)]
    edges = [
        Edge(
            a,
            b,
            fitted(noisy.with_noise(pair_counts(pooled, a, b, coarse), step), coarse[a], coarse[b]),
        )
        for a, b in _choose_tree(pooled, coarse, total, step)
    ]
    spent = [each] * len(sizes) + [step] * 2 * len(edges)
    return Model(total, margins, pools, edges, spent)


def sample(model: Model, rows: int) -> np.ndarray:
    """`rows` synthetic persons: int64 codes, one column for each of the model's, in random order.

    Shares are kept as closely as whole persons allow (systematic rounding, Madow 1949), so sampling
    adds hardly any error to that of the noise.
    """
    chance = np.random.Generator(np.random.Philox(secrets.randbits(128)))
    made = np.zeros((rows, len(model.margins)), dtype=np.int64)
    nobody = np.zeros(rows, dtype=np.int64)
    made[:, 0] = _draw(nobody, pooled_margin(model.margins[0], model.pools[0])[None, :], chance)
    for known, new, table in _from_root(model.edges):
        made[:, new] = _draw(made[:, known], table, chance)
    for column, (margin, pool) in enumerate(zip(model.margins, model.pools, strict=True)):
        within = np.zeros((pool.max() + 1, len(pool)))
        within[pool, np.arange(len(pool))] = margin + SMALLEST
        made[:, column] = _draw(made[:, column], within, chance)
    return made


# What touches persons


def _noisy_max(scale: float) -> Any:  # a measurement
    dp = noisy.library()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.linf_distance(T="i64")
    return dp.m.make_noisy_max(*space, dp.zero_concentrated_divergence(), scale)


def _scale_of_max(rho: Fraction) -> float:
    """The scale, in persons, at which a noisy maximum of sensitivity 1 costs at most `rho`."""
    scale = noisy.scale_for(rho, 1)
    while _noisy_max(scale).map(1) > rho:
        scale = nextafter(scale, inf)
    return scale


def _choose_tree(
    codes: np.ndarray, margins: Sequence[np.ndarray], total: int, step: Fraction
) -> list[tuple[int, int]]:
    """The pairs of the tree: again and again the one that joins two parts and tells most.

    A pair tells as much as its table differs from what the noisy columns alone let expect, less
    what the noise on it will be. One person more changes one cell, so every score, by at most 1.
    """
    noise = sqrt(2 / np.pi) * noisy.scale_for(step, 1)
    scores = {}
    for a, b in combinations(range(len(margins)), 2):
        expected = np.rint(np.outer(margins[a], margins[b]) / total).astype(np.int64)
        differing = np.abs(pair_counts(codes, a, b, margins) - expected).sum()
        scores[a, b] = int(differing) - round(noise * expected.size)
    choose, part, tree = _noisy_max(_scale_of_max(step)), list(range(len(margins))), []
    while len(tree) < len(margins) - 1:
        joining = [(a, b) for a, b in scores if part[a] != part[b]]
        a, b = joining[choose([scores[pair] for pair in joining])]
        part = [part[a] if each == part[b] else each for each in part]
        tree.append((a, b))
    return tree


def pair_counts(codes: np.ndarray, a: int, b: int, margins: Sequence[np.ndarray]) -> np.ndarray:
    """Exact counts of two columns, int64."""
    shape = len(margins[a]), len(margins[b])
    places = codes[:, a] * shape[1] + codes[:, b]
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)


# What makes use of noisy numbers


def to_simplex(values: np.ndarray, total: float) -> np.ndarray:
    """The nearest (Euclidean) float64 array of values from 0 on that add up to `total`.

    The sorting algorithm of Held, Wolfe and Crowder (1974).
    """
    flat = np.sort(values.ravel())[::-1].astype(np.float64)
    surplus = (np.cumsum(flat) - total) / np.arange(1, flat.size + 1)
    kept = np.flatnonzero(flat > surplus)
    return np.maximum(values - (surplus[kept[-1]] if len(kept) else flat[0]), 0)


def _total(counted: Sequence[np.ndarray]) -> int:
    """The number of persons, at least 1: each column's own total, weighed by how noisy it is."""
    weights = [1 / counts.size for counts in counted]
    return max(1, round(np.average([counts.sum() for counts in counted], weights=weights)))


def _pooling(counts: np.ndarray, least: float) -> np.ndarray:
    """The pooled value of each value: those that show less than `least` share the last one.

    Of a pair of countries nearly all cells are empty, and the noise on them would drown the others.
    """
    rare = counts < least
    pools = np.cumsum(~rare) - 1
    pools[rare] = pools[-1] + 1 if not rare.all() else 0
    return pools


def pooled_margin(margin: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Counts of a column's pooled values."""
    return np.bincount(pool, weights=margin)


def fitted(counts: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The noisy `counts` without negative cells and with these margins (iterative proportional
    fitting, Deming and Stephan 1940)."""
    # A line that noise emptied takes the shape of its margin.
    table = to_simplex(counts, rows.sum()) + SMALLEST * np.outer(rows, columns) / rows.sum()
    for _round in range(ROUNDS_OF_FITTING):
        table *= (rows / np.maximum(table.sum(axis=1), SMALLEST**2))[:, None]
        table *= columns / np.maximum(table.sum(axis=0), SMALLEST**2)
    return table


def _from_root(edges: Sequence[Edge]) -> list[tuple[int, int, np.ndarray]]:
    """Edges as (known column, new column, table [known, new]), beginning at column 0."""
    known, left, ordered = {0}, list(edges), []
    while left:
        edge = next(each for each in left if (each.a in known) != (each.b in known))
        left.remove(edge)
        start, end, table = edge.a, edge.b, edge.table
        if end in known:
            start, end, table = end, start, table.T
        known.add(end)
        ordered.append((start, end, table))
    return ordered


def _draw(known: np.ndarray, table: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A value for each row, drawn from the line of `table` that its known value names."""
    size = table.shape[0]
    table = table + SMALLEST  # no line is empty
    rows = np.bincount(known, minlength=size)
    steps = np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True) * rows[:, None]
    steps[:, -1] = rows
    offset = chance.random((size, 1))
    numbers = np.diff(np.floor(steps + offset), axis=1, prepend=0).astype(np.int64)
    values = np.repeat(np.tile(np.arange(table.shape[1]), size), numbers.ravel())
    # Who of those with the same known value gets which one is chance.
    order = chance.permutation(len(known))
    order = order[np.argsort(known[order], kind="stable")]
    drawn = np.empty(len(known), dtype=np.int64)
    drawn[order] = values
    return drawn
