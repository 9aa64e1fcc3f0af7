"""Rows of facts at any size: python -m bench.loading [ROWS]

Loads made-up rows, reads them back and counts them into columns; each in the same process, one after
the other. On SQLite.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    from bench.lists import prepare

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        measure(rows)


def measure(rows: int) -> None:
    from django.conf import settings
    from django.db import connection

    from audit.verbs import Verb
    from reporting import frame, loading, source

    settings.DEMO = True
    analyst = somebody()
    began = time.perf_counter()
    loading.load(made_up(rows), by=analyst)
    told(f"{rows} rows made up and loaded", began)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(length(content_sealed)) FROM reporting_loadedrows")
        print(f"{cursor.fetchone()[0] / 1e6:.1f} MB sealed")
    began = time.perf_counter()
    for _row in source.persons(by=analyst, verb=Verb.STATISTICS_FROZEN):
        pass
    told("read back", began)
    began = time.perf_counter()
    people = frame.build(source.persons(by=analyst, verb=Verb.STATISTICS_FROZEN), 2026)
    told("read into columns", began)
    assert len(people) == rows
    began = time.perf_counter()
    frame.count(people, ["citizenship", "country", "control"])
    told("one table of three dimensions counted", began)


def told(what: str, began: float) -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {time.perf_counter() - began:.2f} s; at most {most:.0f} MB so far", flush=True)


def somebody():
    """An analyst."""
    from accounts.services import make_user

    return make_user(
        username="analyst",
        display_name="Analyst",
        password="correct horse battery staple",
        roles=["analyst"],
        office=None,
        by=None,
    )


def made_up(rows: int) -> Iterator[str]:
    """Lines of a file of facts: skewed, with gaps and several answers, the same on every call."""
    from reporting.dimensions import DIMENSIONS, OTHER_TYPES
    from reporting.loading import SEPARATOR

    chance, keys = random.Random(7), list(DIMENSIONS)
    cells = []
    for key, dimension in DIMENSIONS.items():
        codes = [
            code for code in dimension.labels if code not in (OTHER_TYPES, "NonSpecifiedUnknown")
        ]
        if key == "year":
            codes = [str(year) for year in range(2012, 2027)]
        chance.shuffle(codes)
        weights = [1 / (place + 1) for place in range(len(codes))]
        several = 3 if dimension.several else 1
        cells.append(
            [
                SEPARATOR.join(
                    dict.fromkeys(chance.choices(codes, weights, k=chance.randint(1, several)))
                )
                if chance.random() > 0.2
                else ""
                for _cell in range(5_000)
            ]
        )
    yield ",".join(keys) + "\n"
    for _row in range(rows):
        yield ",".join([column[int(chance.random() * 5_000)] for column in cells]) + "\n"


if __name__ == "__main__":
    main()
