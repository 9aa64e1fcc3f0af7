"""What turns counts of persons into numbers fit to be seen: the cell-key method and its threshold.

The method is that of Fraser and Wooton (2005) for the Australian Bureau of Statistics: every person
carries a secret random key, a cell's key is the sum of the keys of the persons in it, and the key
alone decides the noise. The same set of persons therefore shows the same number in every table,
on every screen and in every file, so that asking again teaches nothing. The distribution of the
noise is the maximum-entropy one of Marley and Leaver (2011). Two things differ from their papers:
the cell key passes through a keyed hash, for the noise of two cells must not foretell that of
their union; and everything below the threshold looks alike, a true zero included.

Pure functions, no database. docs/explanation/statistics.md tells the reasons.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np

THRESHOLD = 11  # what shows less than this is not shown; the k of the CTDC data sets
MAX_NOISE = 5
VARIANCE = 4.0
SMALL_GROUP = 50  # below this, a group in which nearly everyone shares an answer gives it away
NEARLY_ALL = 0.9
# Sums of 32-bit keys are kept in doubles, which are exact below 2**53.
MAX_PERSONS = 2**21
HIDDEN = -1


def derive(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from the installation's secret for statistics."""
    return blake2b(purpose.encode(), key=secret, digest_size=32).digest()


def record_key(key: bytes, person: bytes, epoch: int) -> int:
    """The person's random key, 32 bits: nobody without `key` can tell it from their identifier."""
    return int.from_bytes(blake2b(person + epoch.to_bytes(4, "big"), key=key).digest()[:4], "big")


def record_keys(key: bytes, persons: Sequence[bytes], epochs: np.ndarray) -> np.ndarray:
    """The record key of each person in their epoch, as float64: sums of them are exact."""
    suffix = {epoch: epoch.to_bytes(4, "big") for epoch in np.unique(epochs).tolist()}
    whole = bytearray()
    for person, epoch in zip(persons, epochs.tolist(), strict=True):
        whole += blake2b(person + suffix[epoch], key=key).digest()[:4]
    return np.frombuffer(bytes(whole), dtype=">u4").astype(np.float64)


@cache
def noise_row(n: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The possible noise of a cell of `n` persons, and the probability of each value.

    Of all distributions with mean 0 and variance VARIANCE that leave no cell below zero and move
    none by more than MAX_NOISE, the one of greatest entropy: p(j) ~ exp(a*j + b*j*j).
    """
    if n == 0:
        return (0,), (1.0,)
    # Not with the program: every command, most of which count nobody, would wait for it.
    from scipy.optimize import root

    values = np.arange(-min(n, MAX_NOISE), MAX_NOISE + 1)

    def weights(coefficients: np.ndarray) -> np.ndarray:
        exponent = coefficients[0] * values + coefficients[1] * values**2
        p = np.exp(exponent - exponent.max())
        return p / p.sum()

    def error(coefficients: np.ndarray) -> list[float]:
        p = weights(coefficients)
        return [p @ values, p @ values**2 - VARIANCE]

    solution = root(error, [0.0, -0.1], tol=1e-13)
    if not solution.success and max(map(abs, solution.fun)) > 1e-9:
        raise ArithmeticError(f"no noise distribution for a cell of {n}")
    return tuple(values.tolist()), tuple(weights(solution.x).tolist())


def noise(n: np.ndarray, cell_keys: np.ndarray, key: bytes) -> np.ndarray:
    """Noise of cells with `n` persons and keys `cell_keys` (both int64, equal length)."""
    u = uniform(n, cell_keys, key)
    drawn = np.zeros(len(n), dtype=np.int64)
    rows = np.minimum(n, MAX_NOISE)  # from MAX_NOISE persons on, all cells share one row
    for row in np.unique(rows):
        values, probabilities = noise_row(int(row))
        steps = np.cumsum(probabilities)[:-1]
        chosen = rows == row
        drawn[chosen] = np.array(values)[np.searchsorted(steps, u[chosen], side="right")]
    return drawn


def uniform(n: np.ndarray, cell_keys: np.ndarray, key: bytes) -> np.ndarray:
    """A number in [0, 1) for each cell of `n` persons: the keyed hash of its key and its count."""
    packed = np.empty(len(n), dtype=[("key", ">u4"), ("n", ">u8")])
    packed["key"], packed["n"] = cell_keys, n
    cells = packed.tobytes()
    hashes = bytearray()
    for at in range(0, len(cells), packed.itemsize):
        hashes += blake2b(cells[at : at + packed.itemsize], key=key, digest_size=8).digest()
    return np.frombuffer(bytes(hashes), dtype=">u8") / 2.0**64


def protect(n: np.ndarray, key_sums: np.ndarray, key: bytes) -> np.ndarray:
    """What may be shown of cells with `n` persons whose record keys add up to `key_sums`.

    Equal-length arrays in, int64 out: the perturbed number, or HIDDEN when that is below THRESHOLD.
    Cells that no noise could lift to the threshold are not drawn at all; the outcome is the same.
    """
    shown = np.full(len(n), HIDDEN, dtype=np.int64)
    candidates = np.flatnonzero(n >= THRESHOLD - MAX_NOISE)
    counts = n[candidates].astype(np.int64)
    cell_keys = key_sums[candidates].astype(np.int64) % 2**32
    perturbed = counts + noise(counts, cell_keys, key)
    shown[candidates] = np.where(perturbed >= THRESHOLD, perturbed, HIDDEN)
    return shown


def gives_answer_away(group: Any, largest: Any) -> Any:
    """Whether to know that someone is in this group is nearly to know their answer.

    `group` and `largest` are protected numbers, or arrays of them: of the group, and of its most
    frequent answer.
    """
    return (group >= THRESHOLD) & (group < SMALL_GROUP) & (largest >= NEARLY_ALL * group)
