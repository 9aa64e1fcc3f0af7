"""The kind of release that may always be published: tables with differentially private noise.

Its definition says all there is to know: tables by dimensions, the categories of each, how many
answers of a person count, and what it costs. What is made are CSV files and one JSON file of
protected figures.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from django.utils.translation import gettext as _

from core.exceptions import BadInput, WrongState
from reporting.dimensions import DIMENSIONS, Key, fit_together
from reporting.frame import Row, build
from reporting.protection import THRESHOLD, derive
from reporting.releases import additive, noisy
from reporting.releases.figures import Published, as_files
from reporting.surface import MAX_DIMENSIONS
from reporting.tables import HIDDEN

MOST_TABLES = 30
MOST_CELLS = 3000  # of one table: more would be noise and little else
RHO = Fraction(1, 2)  # of a release, unless less is asked for
MECHANISM = "discrete Gaussian, zCDP"
# How many answers of a person count, in dimensions with several. More would take more noise.
ANSWERS = {"citizenship": 2}
ANSWERS_ELSEWHERE = 3


def define(form: Mapping[str, Any]) -> dict[str, Any]:
    """The whole release, out of `year`, `tables` (lists of dimensions) and `rho`. Raises BadInput."""
    year, tables = int(form["year"]), [list(table) for table in form["tables"]]
    keys = [key for key in DIMENSIONS if any(key in table for table in tables)]
    _check(tables)
    domain = {key: DIMENSIONS[key].codes(year) for key in keys}
    for table in tables:
        if prod(len(domain[key]) for key in table) > MOST_CELLS:
            raise BadInput(
                _(
                    "A table that is published has at most %(most)s cells. Leave a dimension out of"
                    " %(table)s."
                )
                % {"most": MOST_CELLS, "table": names_of(table)}
            )
    return {
        "kind": "dp_tables",
        "year": year,
        "rho": str(Fraction(form.get("rho") or RHO)),
        "tables": tables,
        "bounds": {
            key: ANSWERS.get(key, ANSWERS_ELSEWHERE) for key in keys if DIMENSIONS[key].several
        },
        "domain": domain,
    }


def _check(tables: Sequence[Sequence[Key]]) -> None:
    if not tables:
        raise BadInput(_("Choose at least one table."))
    if len(tables) > MOST_TABLES:
        raise BadInput(_("A release has at most %s tables.") % MOST_TABLES)
    if len({frozenset(table) for table in tables}) < len(tables):
        raise BadInput(_("Choose each table once."))
    for table in tables:
        if not set(table) <= DIMENSIONS.keys() - {"year"}:
            raise BadInput(_("There is no such dimension in these statistics."))
        if not 0 < len(table) == len(set(table)) <= MAX_DIMENSIONS:
            raise BadInput(
                _("A table has up to %s dimensions, each of them once.") % MAX_DIMENSIONS
            )
        if not fit_together(table):
            raise BadInput(_("Two of these dimensions say the same. Choose one of them."))


def charge(definition: Mapping[str, Any]) -> Fraction:
    """What the release costs each person of its year: all of its tables together."""
    return Fraction(definition["rho"])


def scales(definition: Mapping[str, Any]) -> list[float]:
    """Of the noise of each table. The cost is split evenly."""
    tables = definition["tables"]
    each = charge(definition) / len(tables)
    return [
        noisy.scale_for(each, noisy.cells_per_person(table, definition["bounds"]))
        for table in tables
    ]


def check(definition: Mapping[str, Any]) -> None:
    """Raise WrongState when a list of categories is not what it was when this was proposed."""
    now = {key: DIMENSIONS[key].codes(definition["year"]) for key in definition["domain"]}
    if now != definition["domain"]:
        raise WrongState(_("The lists of categories changed since this was proposed."))


def make(rows: Sequence[Row], definition: Mapping[str, Any], secret: bytes) -> dict[str, bytes]:
    """Draw the noise and make the files, by name. `rows` are the persons of the year.

    Each call draws anew, and the caller sees to it that there is one. Raises WrongState when a list
    of categories is not what it was.
    """
    check(definition)
    tables, bounds = definition["tables"], definition["bounds"]
    frame = build(rows, definition["year"])
    frame = noisy.truncated(
        frame, list(definition["domain"]), bounds, derive(secret, "answers of a release")
    )
    with_noise = noisy.tables(frame, tables, scales(definition))
    drawn = [
        additive.Drawn(tuple(dims), figures, scale)
        for dims, figures, scale in zip(tables, with_noise, scales(definition), strict=True)
    ]
    settled = additive.settle(drawn, bounds.keys())
    return as_files(
        [Published.of(table.dims, definition["domain"], settled[table.dims]) for table in drawn]
    )


def method(definition: Mapping[str, Any]) -> dict[str, Any]:
    """How the figures were made, for the data sheet."""
    rho = charge(definition)
    return {
        "mechanism": MECHANISM,
        "library": "OpenDP",
        "rho": str(rho),
        "epsilon": round(noisy.epsilon(rho), 4),
        "delta": noisy.DELTA,
        "unit": "one person counted: a case with its duplicates",
        "answers counted": definition["bounds"],
        "scale of the noise": [
            {"table": table, "scale": round(scale, 4)}
            for table, scale in zip(definition["tables"], scales(definition), strict=True)
        ],
        "shown from": THRESHOLD,
        "afterwards": "nearest non-negative whole numbers with common totals (HiGHS)",
    }


def notes(definition: Mapping[str, Any]) -> list[str]:
    """How to read the figures, in plain words."""
    told = [
        _(
            "Random noise was added to every figure before anything else was done with it, so that"
            " nobody can tell from these tables whether a person is among those counted (differential"
            " privacy: epsilon %(epsilon)s at delta %(delta)s)."
        )
        % {"epsilon": f"{noisy.epsilon(charge(definition)):.2f}", "delta": f"{noisy.DELTA:.0e}"},
        _("Two figures in three are within %(near)s of the truth, and 19 in 20 within %(far)s.")
        % _distances(scales(definition)),
        _(
            "%(symbol)s stands for every figure below %(threshold)s, none included. A category that"
            " nobody is in can show a small figure, and one that somebody is in %(symbol)s."
        )
        % {"symbol": HIDDEN, "threshold": THRESHOLD},
        _(
            "Figures were then made whole numbers that add up: tables agree in their totals and in what"
            " they say of any single dimension with one answer a person."
        ),
        _(
            "This was drawn once. It is never drawn again, and the year is not published anew for free."
        ),
    ]
    for key, most in definition["bounds"].items():
        told.append(
            _("%(dimension)s: at most %(most)s answers of a person count, each of them as one.")
            % {"dimension": DIMENSIONS[key].label, "most": most}
        )
    return told


def names_of(table: Sequence[Key]) -> str:
    """A table in words: its dimensions."""
    return _(" by ").join(str(DIMENSIONS[key].label) for key in table)


def _distances(found: Sequence[float]) -> dict[str, str]:
    """One and two standard deviations, of the tables with least and most noise."""
    ends = sorted({round(min(found)), round(max(found))})
    return {
        "near": "–".join(str(each) for each in ends),
        "far": "–".join(str(2 * each) for each in ends),
    }
