"""The public CTDC file as statistics: python -m bench.ctdc PATH_TO_CSV_GZ

Checks known answers of the Global Synthetic Dataset of August 2021 before protection, then times a
snapshot of its rows, look-ups in it, a page of the builder, reports and synthetic rows. The file is
downloaded by whoever runs this and stays where it is; an empty cell is "not recorded". On SQLite.

Source: Counter-Trafficking Data Collaborative (CTDC). 2021. Global Synthetic Dataset.
https://www.ctdatacollaborative.org/page/global-synthetic-dataset
"""

import csv
import gzip
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.loading import somebody, told

# (dimensions with their codes, persons). "" stands for "not recorded".
KNOWN: list[tuple[dict[str, str], int]] = [
    ({}, 193_025),
    ({"gender": "Feminine"}, 105_990),
    ({"gender": "Masculine"}, 39_530),
    ({"gender": "TransgenderOrNonConforming"}, 410),
    ({"gender": ""}, 47_095),
    ({"exploitation": "ForcedLabour"}, 42_340),
    ({"exploitation": "SexualExploitation"}, 63_280),
    ({"exploitation": "OtherGrouped"}, 10_150),
    ({"exploitation": ""}, 193_025 - 111_965),
    ({"year": "2019"}, 27_840),
    ({"year": ""}, 39_285),
    ({"citizenship": "UA"}, 18_480),
    ({"citizenship": "PH"}, 13_000),
    ({"citizenship": "MD"}, 10_380),
    ({"citizenship": "US"}, 9_690),
    ({"citizenship": "BY"}, 4_180),
    ({"citizenship": "BY", "gender": "Feminine"}, 1_734),
    ({"citizenship": "BY", "gender": "Masculine"}, 1_447),
    ({"citizenship": "BY", "gender": ""}, 999),
    ({"citizenship": "BY", "exploitation": "ForcedLabour"}, 910),
    ({"citizenship": "BY", "exploitation": "SexualExploitation"}, 1_238),
    *(
        ({"citizenship": "BY", "country": country}, persons)
        for country, persons in (
            *(("RU", 1_314), ("BY", 276), ("PL", 203)),
            *(("AE", 135), ("TR", 78)),
        )
    ),
    ({"country": "BY"}, 540),
]


def main() -> None:
    from bench.lists import prepare

    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        measure(Path(sys.argv[1]))


def measure(path: Path) -> None:
    from django.conf import settings

    from audit.verbs import Verb
    from reporting import frame, loading, services, source

    settings.DEMO = True
    analyst = somebody()
    began = time.perf_counter()
    loading.load(converted(path), by=analyst)
    told("converted and loaded", began)
    began = time.perf_counter()
    people = frame.build(source.persons(by=analyst, verb=Verb.STATISTICS_FROZEN), 2026)
    told("read into columns", began)
    check(people)
    began = time.perf_counter()
    snapshot = services.take_snapshot(by=analyst)
    told("snapshot taken", began)
    look_up(services.surface_of(snapshot.pk))
    open_pages(analyst)
    print_papers(services.surface_of(snapshot.pk), analyst)
    synthesise(source.persons(by=analyst, verb=Verb.STATISTICS_FROZEN))


def check(people) -> None:
    from reporting.dimensions import NOT_RECORDED
    from reporting.frame import count

    for codes, persons in KNOWN:
        filters = {key: code or NOT_RECORDED for key, code in codes.items()}
        found = int(count(people, [], filters))
        assert found == persons, (codes, found, persons)
    print(f"{len(KNOWN)} known answers come out exactly")


def look_up(surface) -> None:
    from reporting.dimensions import together
    from reporting.tables import Definition, make_table

    taken, shares = [], []
    for keys in together(2):
        began = time.perf_counter()
        table = make_table(surface, Definition(*keys), None)
        taken.append(time.perf_counter() - began)
        shares.append(table.has_figures)
    print(
        f"{len(taken)} tables of two dimensions: median {1e3 * statistics.median(taken):.1f} ms,"
        f" longest {1e3 * max(taken):.1f} ms; {sum(shares)} with figures"
    )


def open_pages(analyst) -> None:
    """The builder and the dashboards as a browser gets them."""
    from django.test import Client

    client = Client()
    client.force_login(analyst)
    for address in ("/statistics/tables/year.gender.exploitation/", "/statistics/dashboards/"):
        began = time.perf_counter()
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        told(f"{address}, {len(answer.getvalue()):,} B", began)


def print_papers(surface, analyst) -> None:
    from django.utils import timezone

    from reporting import papers
    from reporting.dashboards import files, services
    from reporting.tables import Definition, make_table

    table = make_table(surface, Definition("year", "gender", "exploitation"), timezone.now())
    began = time.perf_counter()
    paper = papers.to_pdf(table)
    told(f"the table as a PDF, {len(paper):,} B", began)
    began = time.perf_counter()
    paper = files.to_pdf(services.export_dashboard(by=analyst))
    told(f"the dashboards as a PDF, {len(paper):,} B", began)


def synthesise(rows) -> None:
    from reporting.releases import microdata

    persons = list(rows)
    years = sorted({row.facts.year for row in persons if row.facts.year})
    began = time.perf_counter()
    files = microdata.make(persons, {"years": years})
    told(f"synthetic rows of {years[0]} to {years[-1]}", began)
    print({name: f"{len(content):,} B" for name, content in files.items()})


def converted(path: Path) -> Iterator[str]:
    """The rows as lines of a file of facts, by the mapping of the import."""
    from cases.imports import ctdc
    from cases.imports.rows import Row
    from reporting.loading import COLUMNS, FIELD_OF, SEPARATOR

    keys = {field: key for key, field in FIELD_OF.items()}
    keys |= dict.fromkeys(("forced_labour_industry", "types_of_sex_exploitation"), "subtype")
    yield ",".join(COLUMNS) + "\n"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = [ctdc.column(header) for header in next(reader)]
        for number, values in enumerate(reader, 2):
            parsed = ctdc.parse(Row(number, dict(zip(names, values, strict=True))))
            assert parsed.new_case is not None, parsed.problems
            cells: dict[str, list[str]] = {}
            for field, value in parsed.new_case.facts.items():
                if value and field in keys:
                    codes = value if isinstance(value, list) else [str(value)]
                    cells.setdefault(keys[field], []).extend(codes)
            yield ",".join(SEPARATOR.join(cells.get(key, ())) for key in COLUMNS) + "\n"


if __name__ == "__main__":
    main()
