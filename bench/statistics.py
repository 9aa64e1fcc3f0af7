"""Whether statistics keep their promises: python -m bench.statistics (or `make statistics-audit`)

On made-up populations of 500 to 100,000 persons: how far shown figures are from the truth, how many of
the persons twelve typical tables show, and what attacks on tables of up to MOST_CELLS cells find
out. Prints each figure with its limit and ends with 1 when one is not kept. `speed` measures instead how
long a freeze and a table take: python -m bench.statistics speed 1000000
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

PEOPLE_SHOWN = {500: 0.60, 2_000: 0.90, 20_000: 0.98, 100_000: 0.99}
MOST_ERROR = 1.7
MOST_BIAS = 0.05
MOST_ATTACKED, MOST_CELLS = 200, 700
SECRET = b"only for measuring statistics..."
TABLES = (  # that offices and donors ask for
    ("year", "gender"),
    ("year", "age"),
    ("gender", "age"),
    ("gender", "citizenship"),
    ("gender", "country"),
    ("gender", "exploitation"),
    ("gender", "assistance"),
    ("age", "citizenship"),
    ("age", "exploitation"),
    ("citizenship", "country"),
    ("year", "gender", "age"),
    ("gender", "age", "exploitation"),  # SDG 16.2.2
)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "TUTELA_DATA_DIR": home}
        Path(home, "keys").mkdir()
        import django

        django.setup()
        if arguments[:1] == ["speed"]:
            for size in arguments[1:]:
                speed(int(size))
            return 0
        kept = [keeps_promises(size) for size in PEOPLE_SHOWN]  # all of them, whatever comes first
        return 0 if all(kept) else 1


# --- Promises -------------------------------------------------------------------------
def keeps_promises(size: int) -> bool:
    from bench.caseloads import population
    from reporting import attacks, freeze, redraws

    began = time.perf_counter()
    frame = population(size)
    kept = Kept(size)
    epochs = np.ones(size, dtype=np.int64)
    everything = freeze.count(frame, SECRET, epochs)
    counts = freeze.counts_of(frame, everything.columns)
    surface = freeze.build(frame, SECRET, epochs)
    empty = freeze.impossible(everything.columns)
    draws = redraws.Draws(surface, everything.tables, empty, SECRET)
    noise = draws.of_set - draws.persons
    kept.line("bias of the noise", float(noise.mean()), most=MOST_BIAS, fewest=-MOST_BIAS)
    kept.line("sets of persons drawn again", int((draws.times > 1).sum()))
    errors = [
        figures - counts(table)[positions] for table, (positions, figures) in surface.cells.items()
    ]
    every = np.concatenate(errors)
    near = np.concatenate([f for _p, f in surface.cells.values()]) < freeze.THRESHOLD + 10
    kept.line("mean absolute error of shown figures", np.abs(every).mean(), most=MOST_ERROR)
    kept.line("bias that the threshold adds", float(every.mean()))
    kept.line("the same, figures of 11 to 20", float(every[near].mean()))
    kept.line("persons in shown cells, of 1", shown(surface, counts), fewest=PEOPLE_SHOWN[size])
    attacked = time.perf_counter()
    try:
        tables = attacks.smallest(surface, empty, MOST_CELLS, MOST_ATTACKED)
        tried = attacks.audit(surface, tables, empty, counts)
    except attacks.TellsTooMuch as found:
        print(f"    {found}")
        kept.line("tables that tell too much", 1, most=0)
    else:
        kept.line("tables of three dimensions attacked", tried.tables)
        kept.line("figures not shown, in these", tried.hidden)
        kept.line("  of which exactly known", 0, most=0)
        kept.line("  of which known to be of 1 or more", 0, most=0)
        kept.line(f"  of which open by fewer than {attacks.FEWEST}", 0, most=0)
        kept.line("guessed right by least squares, of 1", tried.right / max(tried.guessed, 1))
        kept.line("guessed right blindly, of 1", tried.right_blindly / max(tried.guessed, 1))
        kept.line("linear programmes", tried.programmes)
    kept.line("seconds for the attacks", time.perf_counter() - attacked)
    kept.line("seconds for all", time.perf_counter() - began)
    return kept.all


class Kept:
    """Prints figures beside their limits, and remembers whether all were kept."""

    def __init__(self, size: int) -> None:
        self.all = True
        print(f"--- {size:,} persons", flush=True)

    def line(
        self, name: str, figure: float, most: float | None = None, fewest: float | None = None
    ) -> None:
        limits = [f"at least {fewest}"] if fewest is not None else []
        limits += [f"at most {most}"] if most is not None else []
        broken = (most is not None and figure > most) or (fewest is not None and figure < fewest)
        self.all &= not broken
        written = f"{figure:,}" if isinstance(figure, int) else f"{figure:.3f}"
        print(
            f"{name:<42}{written:>10}  {', '.join(limits)}{'   NOT KEPT' if broken else ''}",
            flush=True,
        )


def shown(surface: Any, counts: Any) -> float:
    """The share of persons in shown cells of the typical tables, at the level the builder takes.

    Where a person may have several answers, it is the share of these.
    """
    from reporting.surface import levelled
    from reporting.tables import Definition, _select

    seen = all_ = 0
    for keys in TABLES:
        level = _select(surface, Definition(*keys)).level
        table = levelled(keys, level)
        of_table = counts(table)
        seen += int(of_table[surface.cells[table][0]].sum())
        all_ += int(of_table.sum())
    return seen / all_


# --- Speed ----------------------------------------------------------------------------
def speed(size: int) -> None:
    """Seconds from rows to a packed surface, and milliseconds from that to a table and its chart.

    Each size wants a process of its own: the memory is the highest that the process had. The made-up
    persons are in it, and are told apart.
    """
    from bench.caseloads import YEAR, population, rows
    from reporting import frame, freeze
    from reporting.surface import pack, unpack

    people = population(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    making = timed("making rows, not in what follows", lambda: sum(1 for _row in rows(people)))[1]
    counted, _taken = timed("rows to frame", lambda: frame.build(rows(people), YEAR), making)
    epochs = np.ones(size, dtype=np.int64)
    surface, _taken = timed("count, protect, attack", lambda: freeze.build(counted, SECRET, epochs))
    packed, _taken = timed("pack", lambda: pack(surface))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{size:,} persons, {len(surface.cells)} tables, {len(packed) // 1000} kB packed, memory"
        f" {peak // 1024} MB of which {before // 1024} MB before the first row"
    )
    look_ups(unpack(packed))
    group_by(counted)


def timed(name: str, act: Callable[[], Any], less: float = 0) -> tuple[Any, float]:
    """What `act` returns and the seconds of the processor it took, `less` taken away; printed."""
    wall, processor = time.perf_counter(), time.process_time()
    made = act()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor - less
    print(f"{name:<34}{processor:>7.2f} s of processor, {wall:.2f} s on the clock", flush=True)
    return made, processor


def look_ups(surface: Any) -> None:
    from reporting.charts import bar_chart
    from reporting.tables import Definition, make_table

    taken = []
    for keys in TABLES * 3:
        began = time.perf_counter()
        table = make_table(surface, Definition(*keys), datetime.now(UTC))
        for layer in table.layers:
            bar_chart(table, layer, name="chart")
        taken.append(time.perf_counter() - began)
    print(
        f"table and chart: median {1e3 * statistics.median(taken):.1f} ms, slowest"
        f" {1e3 * max(taken):.1f} ms"
    )


def group_by(counted: Any) -> None:
    """`reporting.frame.count` beside bincount on columns that are put together already."""
    from reporting import frame

    for keys in (("year",), ("year", "gender", "age"), ("year", "age", "country")):
        columns = [counted.columns[key] for key in keys]
        shape = [len(column.codes) for column in columns]

        def by_hand(columns=columns, shape=shape) -> None:
            cells = np.ravel_multi_index([column.answers for column in columns], shape)
            np.bincount(cells, minlength=int(np.prod(shape)))

        turns = [(seconds(lambda: frame.count(counted, keys)), seconds(by_hand)) for _ in range(7)]  # noqa: B023
        ours, hand = (statistics.median(column) for column in zip(*turns, strict=True))
        print(
            f"count by {', '.join(keys)}: {1e3 * ours:.1f} ms, bincount {1e3 * hand:.1f} ms,"
            f" ratio {ours / hand:.2f}"
        )


def seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
