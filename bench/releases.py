"""Noise and time of a release: python -m bench.releases

First whether what is drawn is the distribution that was claimed: chi-squared and an empirical bound
on epsilon, each over 100,000 draws. Then a release of 30 tables of one year, from the rows to the
checksums, for invented populations, with mean absolute errors of cells that hold somebody.
"""
# ruff: noqa: E402  models can be imported after the setup only

import os
import sys
import time
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import numpy as np

from reporting.frame import build, count
from reporting.releases import dp_tables, folder, ledger, noisy
from reporting.releases.forms import ReleaseForm
from reporting.releases.models import LedgerEntry, Release
from tests.reporting.people import people
from tests.reporting.releases.test_noisy import SURE, goodness_of_fit, least_epsilon

DRAWS = 100_000
PERSONS = (500, 2_000, 20_000)
YEAR = 2021
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
# Tables by pairs of dimensions, until there are 30.
PAIRS = ("age", "duration", "exploitation", "recruiter")


def check_noise() -> None:
    for rho in (Fraction(1, 48), Fraction(1, 10), Fraction(1, 2), Fraction(2)):
        scale = noisy.scale_for(rho, 1)
        p = goodness_of_fit(noisy.draw(np.zeros(DRAWS), scale), scale)
        found, claim = least_epsilon(scale, DRAWS), noisy.epsilon(rho)
        print(
            f"rho {rho}: scale {scale:.3f}, p {p:.3f}, epsilon at least {found:.2f} of {claim:.2f}"
        )
        if p < SURE or found > claim:
            sys.exit("the noise is not what was claimed")


def thirty_tables() -> list[list[str]]:
    lines = ReleaseForm.first().initial["tables"].splitlines()
    asked = {"kind": "dp_tables", "year": f"{YEAR}", "title": "t", "tables": "\n".join(lines)}
    form = ReleaseForm(asked)
    form.is_valid()
    tables = form.cleaned_data["tables"]
    known = {frozenset(table) for table in tables}
    for one in PAIRS:
        for other in ("assistance", "control", "recruiter", "exploitation", "duration", "age"):
            if one != other and frozenset((one, other)) not in known and len(tables) < 30:
                known.add(frozenset((one, other)))
                tables.append([one, other])
    return tables


def release_of(number: int) -> None:
    rows = people(number, seed=number, years=[YEAR])
    tables = thirty_tables()
    definition = dp_tables.define({"year": YEAR, "tables": tables, "rho": Fraction(1, 2)})
    release = Release(
        kind="dp_tables", year=YEAR, title="Bench", definition=definition, decided_at=AT
    )
    entry = LedgerEntry(
        year=YEAR,
        number=1,
        rho_numerator=1,
        rho_denominator=2,
        definition_digest=ledger.digest_of(definition),
        requested_by=UUID(int=1),
        approved_by=UUID(int=2),
    )
    ledger.entries_of = ledger.entries = lambda _of=None: [entry]
    start = time.perf_counter()
    made = dp_tables.make([row for row in rows if row.facts.year == YEAR], definition, b"k" * 32)
    drawn = time.perf_counter()
    files = folder.fill(release, made)
    archive = folder.pack(files)
    done = time.perf_counter()
    print(
        f"{number} persons, {len(tables)} tables: {drawn - start:.1f} s drawn and settled, "
        f"{done - drawn:.1f} s folder of {len(files)} files, {len(archive) / 2**20:.1f} MB; "
        f"{done - start:.1f} s together"
    )
    show_errors(rows, definition)


def show_errors(rows, definition) -> None:
    """Of what was drawn, cut at 0, and of the whole numbers that add up; small ones included."""
    frame, bounds = build(rows, YEAR), definition["bounds"]
    cut = noisy.truncated(frame, list(definition["domain"]), bounds, b"k" * 32)
    drawn = noisy.tables(cut, definition["tables"], dp_tables.scales(definition))
    settled = dp_tables.additive.settle(
        [
            dp_tables.additive.Drawn(tuple(dims), figures, scale)
            for dims, figures, scale in zip(
                definition["tables"], drawn, dp_tables.scales(definition), strict=True
            )
        ],
        bounds.keys(),
    )
    for words, wanted in (("one answer a person", False), ("several answers", True)):
        errors: tuple[list, list] = ([], [])
        for dims, figures in zip(definition["tables"], drawn, strict=True):
            if bool(set(dims) & bounds.keys()) != wanted:
                continue
            true = count(frame, dims)
            errors[0].append(np.abs(np.maximum(figures, 0) - true)[true > 0])
            errors[1].append(np.abs(settled[tuple(dims)] - true)[true > 0])
        raw, added = (np.concatenate(each).mean() for each in errors)
        print(f"  {words}: mean absolute error {raw:.1f} as drawn, {added:.1f} adding up")


if __name__ == "__main__":
    check_noise()
    for number in PERSONS:
        release_of(number)
