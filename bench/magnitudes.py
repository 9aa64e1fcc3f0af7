"""Sums and means of made-up persons: what the freeze takes for them, how far off they are, and how
often the p %-rule hides one.

    python -m bench.magnitudes
"""

import os
import time

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from reporting import magnitudes  # noqa: E402
from reporting.frame import Frame, Placement, build  # noqa: E402
from reporting.measures import MAGNITUDES  # noqa: E402
from reporting.protection import THRESHOLD  # noqa: E402
from reporting.surface import Surface, pack  # noqa: E402
from tests.reporting.people import YEAR, people, surface_of, with_amounts  # noqa: E402

SIZES = (500, 2_000, 20_000, 100_000)


def main() -> None:
    """Print a line for each number of persons."""
    for size in SIZES:
        rows = people(size)
        _surface, without = _timed(rows)
        rows = with_amounts(rows)
        surface, taken = _timed(rows)
        print(
            f"{size:7,} persons: freeze {without:.2f} s, with sums {taken:.2f} s;"
            f" stored {len(pack(surface)) / 1000:.0f} kB"
        )
        frame = build(rows, YEAR)
        for name in surface.magnitudes:
            print(f"          {name}: {_told(surface, frame, name)}")


def _timed(rows: list) -> tuple[Surface, float]:
    start = time.perf_counter()
    return surface_of(rows), time.perf_counter() - start


def _told(surface: Surface, frame: Frame, name: str) -> str:
    """Over all tables at level 0: how many sums the rule hides, and how far off the others are."""
    enough = failing = 0
    sums: list[float] = []
    means: list[float] = []
    for table, (positions, numbers, totals) in surface.magnitudes[name].items():
        if any(level for _key, level in table):
            continue
        counts, exact, is_safe = _exact(frame, name, [key for key, _level in table])
        enough += int((counts >= THRESHOLD).sum())
        failing += int(((counts >= THRESHOLD) & ~is_safe).sum())
        shown = totals / MAGNITUDES[name].scale
        sums += (np.abs(shown - exact[positions]) / exact[positions]).tolist()
        truth = exact[positions] / counts[positions]
        means += (np.abs(shown / numbers - truth) / truth).tolist()
    return (
        f"p %-rule failed in {failing} of {enough} cells with {THRESHOLD} or more; sums are off by"
        f" {_percent(sums)}, means by {_percent(means)} (median, 90th percentile; {len(sums)} cells)"
    )


def _exact(frame: Frame, name: str, keys: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Persons with an amount, its sum, and whether the p %-rule holds, of each cell."""
    amounts = frame.amounts[name]
    order = np.argsort(amounts, kind="stable")[: np.count_nonzero(~np.isnan(amounts))]
    placement = Placement(np.zeros(len(order), dtype=np.int64), order)
    for key in keys:
        placement = placement.and_by(frame.columns[key])
    parts = amounts[placement.persons]
    counts = np.bincount(placement.cells)
    totals = np.bincount(placement.cells, weights=parts)
    two = magnitudes.two_largest(placement.cells, parts, len(counts))
    return counts, totals, magnitudes.is_safe(totals, *two)


def _percent(errors: list[float]) -> str:
    return f"{100 * np.median(errors):.1f} and {100 * np.quantile(errors, 0.9):.1f} %"


if __name__ == "__main__":
    main()
