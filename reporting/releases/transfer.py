"""Persons' own rows in CTDC's layout for one receiver under an agreement, k-anonymous. Never public.

What could name somebody to a person who knows a little (year, sex, age, citizenship and country) is
made broader, and blanked where fewer than K rows would share it. That protects against being found
by these five only: whoever knows other things of a person, or that all of a group share an answer,
learns from the rows. Hence an agreement that forbids looking.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.exceptions import BadInput, WrongState
from reporting.frame import Row
from reporting.releases import codebook
from reporting.releases.codebook import EMPTY, Cells

K = 11  # that of CTDC's k-anonymous data set
# variable -> how much it is worth to keep: sex and age are nearly always kept
WEIGHTS = {
    "yearOfRegistration": 2,
    "gender": 8,
    "ageBroad": 8,
    "citizenship": 3,
    "CountryOfExploitation": 3,
}
PLACES = [codebook.NAMES.index(name) for name in WEIGHTS]
YEARS_TOGETHER = 5
COUNTRIES_APART = 8  # the largest ones
OTHER_COUNTRY = "other"
BLANK, LOST = -1, -2  # instead of a code
ROUNDED_TO = 100  # persons


def define(form: Mapping[str, Any]) -> dict[str, Any]:
    """The whole release, out of `year`, `first_year`, `receiver` and `agreement`. Raises BadInput."""
    years = codebook.asked_years(form)
    definition = {
        "kind": "transfer",
        "year": years[-1],
        "years": years,
        "receiver": " ".join(form.get("receiver", "").split()),
        "agreement": " ".join(form.get("agreement", "").split()),
    }
    _check(definition)
    return definition


def charge(definition: Mapping[str, Any]) -> Fraction:
    """Nothing: the rows are exact and promise no differential privacy. BadInput as `make`."""
    _check(definition)
    return Fraction()


def make(rows: Iterable[Row], definition: Mapping[str, Any]) -> dict[str, bytes]:
    """The files for the receiver.

    `definition`: "years" (whole numbers) or "year", "receiver" and "agreement" (texts). BadInput
    where one is missing, WrongState for fewer than K persons.
    """
    _check(definition)
    years = codebook.years_of(definition)
    factors, persons = codebook.factors(years), codebook.of_years(rows, years)
    if len(persons) < K:
        raise WrongState(_("These years hold too few persons to be given away."))
    lines = codebook.decode(codebook.encode(persons, factors), factors)
    codes, answers = _coded(_broadened([tuple(line[place] for place in PLACES) for line in lines]))
    kept = suppress(codes, list(WEIGHTS.values()))
    is_lost = (kept == LOST).any(axis=1)
    made = [
        _with_cells(line, _cells(line_codes, answers))
        for line, line_codes, lost in zip(lines, kept.tolist(), is_lost.tolist(), strict=True)
        if not lost
    ]
    if made and least_group(made) < K:
        raise ArithmeticError("a group of rows is smaller than it must be")
    secrets.SystemRandom().shuffle(made)
    blanks = dict(zip(WEIGHTS, (kept[~is_lost] == BLANK).mean(axis=0).tolist(), strict=True))
    sheet = method(definition) | {
        "persons_rounded": round(len(lines) / ROUNDED_TO) * ROUNDED_TO,
        "rows_left_out": f"<{K}" if is_lost.any() else "0",
        "share_blanked": {name: round(share, 3) for name, share in blanks.items()},
    }
    return {
        "transfer.csv": codebook.csv_file([codebook.NAMES, *made]),
        "transfer.json": json.dumps(sheet, ensure_ascii=False, indent=1).encode(),
    }


def suppress(codes: np.ndarray, weights: Sequence[int]) -> np.ndarray:
    """Blank what has to be blanked so that each line stands in a group of K equal ones.

    `codes` is int64, 0 or more, one row a person. One pass over all subsets of the columns, heaviest
    first: whoever shares the subset with K that are not yet placed keeps it, and the other columns
    are BLANK. Fewer than K that are left in the end are LOST. An empty answer is a value as others.
    """
    kept = np.full_like(codes, LOST)
    left = np.arange(len(codes))
    subsets = product((True, False), repeat=codes.shape[1])
    for subset in sorted(map(np.array, subsets), key=lambda chosen: -int(chosen @ weights)):
        masked = np.where(subset, codes[left], BLANK)
        shape = codes.max(axis=0, initial=0) + 2
        groups = np.ravel_multi_index(tuple((masked + 1).T), tuple(shape))
        _values, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        is_placed = sizes[group_of] >= K
        kept[left[is_placed]] = masked[is_placed]
        left = left[~is_placed]
    return kept


def least_group(lines: Iterable[Cells]) -> int:
    """How many lines share their cells of WEIGHTS at least; an empty cell is a value."""
    return min(Counter(tuple(line[place] for place in PLACES) for line in lines).values())


def _check(definition: Mapping[str, Any]) -> None:
    codebook.years_of(definition)
    if not definition.get("receiver") or not definition.get("agreement"):
        raise BadInput(
            _("Rows are given to a named receiver only, under an agreement you can name.")
        )


def _broadened(lines: Sequence[Cells]) -> list[Cells]:
    """The cells of WEIGHTS with years in bands and all but the largest countries as one."""
    citizenships = _largest(line[3] for line in lines)
    countries = _largest(line[4] for line in lines)
    return [
        (
            _years(year),
            gender,
            age,
            citizenship if citizenship in citizenships else OTHER_COUNTRY,
            country if country in countries else OTHER_COUNTRY,
        )
        for year, gender, age, citizenship, country in lines
    ]


def _years(year: str) -> str:
    first = int(year) // YEARS_TOGETHER * YEARS_TOGETHER
    return f"{first}--{first + YEARS_TOGETHER - 1}"


def _largest(cells: Iterable[str]) -> set[str]:
    sizes = Counter(cell for cell in cells if cell)
    ranked = sorted(sizes, key=lambda cell: (-sizes[cell], cell))
    return {EMPTY, *ranked[:COUNTRIES_APART]}


def _coded(lines: Sequence[Cells]) -> tuple[np.ndarray, list[list[str]]]:
    """int64 codes of the cells, and the answers of each column by their codes."""
    answers = [sorted(set(column)) for column in zip(*lines, strict=True)]
    code_of = [{answer: code for code, answer in enumerate(column)} for column in answers]
    codes = [[code_of[i][cell] for i, cell in enumerate(line)] for line in lines]
    return np.array(codes, dtype=np.int64), answers


def _cells(codes: Sequence[int], answers: Sequence[Sequence[str]]) -> list[str]:
    return [EMPTY if code == BLANK else answers[i][code] for i, code in enumerate(codes)]


def _with_cells(line: Cells, cells: Sequence[str]) -> Cells:
    changed = list(line)
    for place, cell in zip(PLACES, cells, strict=True):
        changed[place] = cell
    return tuple(changed)


def method(definition: Mapping[str, Any]) -> dict[str, Any]:
    """How the rows were made and for whom, for programs."""
    return {
        "method": "k-anonymous rows by local suppression; for the receiver only",
        "layout": "CTDC Global Synthetic Dataset, 27 variables, 2024",
        "receiver": definition["receiver"],
        "agreement": definition["agreement"],
        "years": codebook.years_of(definition),
        "k": K,
        "quasi_identifiers": list(WEIGHTS),
    }


def notes(definition: Mapping[str, Any]) -> list[str]:
    """How to read the rows, in plain words."""
    return [
        _(
            "For %(receiver)s alone, under the agreement %(agreement)s. These are persons’ own rows:"
            " they are not passed on and nobody is looked for in them."
        )
        % {"receiver": definition["receiver"], "agreement": definition["agreement"]},
        _("Years are in bands of five, and all countries but the eight largest are “other”."),
        _(
            "A cell that would have set fewer than eleven rows apart is empty, like one without an"
            " answer: shares of empty cells say nothing of the persons."
        ),
        _(
            "Only year, sex, age, citizenship and country are protected. The other columns are exact;"
            " what all rows of a group share is known of everybody in it."
        ),
        _("Two files of the same years can be compared: give them to no two who might do that."),
    ]
