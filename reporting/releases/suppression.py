"""Exact tables in which enough is hidden that nothing hidden can be reckoned back.

For a donor who demands exact figures. All tables of a publication are one system of cells
(reporting/releases/linked.py). The promise is about these tables alone, against whoever knows nothing
else: docs/explanation/publishing-methods.md.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.reference import UNANSWERED
from core.exceptions import BadInput, WrongState
from reporting import frame
from reporting.dimensions import (
    ALONE,
    ANY_OTHER,
    DIMENSIONS,
    LEVELS,
    NOT_IN_THREE,
    NOT_RECORDED,
    OTHER_TYPES,
    Key,
    fit_together,
)
from reporting.frame import Column, Frame, Row, codes_of_groups
from reporting.protection import THRESHOLD
from reporting.releases import codebook
from reporting.releases.linked import Dims, System, hidden_cells, system_of, under_protected
from reporting.surface import MAX_DIMENSIONS

MOST_HIDDEN = 0.5  # of all cells; where more would be hidden, a coarser table tells more
MOST_CELLS = 5_000  # of all tables
HIDDEN = gettext_lazy("not shown")
KEPT = {ANY_OTHER, NOT_RECORDED, OTHER_TYPES}  # however few: not put with others that say less
Listed = Mapping[Key, list[str]]  # codes of each dimension


def define(form: Mapping[str, Any]) -> dict[str, Any]:
    """The whole release, out of `year`, `tables` (lists of dimensions) and `level`. Raises BadInput."""
    definition = {
        "kind": "exact_tables",
        "year": int(form["year"]),
        "tables": [list(dims) for dims in form["tables"]],
        "level": int(form.get("level") or 0),
    }
    _tables_of(definition)
    return definition


def charge(definition: Mapping[str, Any]) -> Fraction:
    """Nothing: the figures are exact and promise no differential privacy. BadInput as `make`."""
    _tables_of(definition)
    return Fraction()


def make(rows: Iterable[Row], definition: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of the release: a CSV for each table, and the data sheet with the audit.

    `definition`: "years" (whole numbers) or "year", "tables" (lists of dimensions), and "level" (0,
    the finest, to 2). BadInput for what is not of that form; WrongState where more than half of the
    cells would be hidden.
    """
    tables, years = _tables_of(definition), codebook.years_of(definition)
    counted = frame.build([row for row in rows if row.facts.year in years], max(years))
    folded = _folded(counted, {key for dims in tables for key in dims}, definition.get("level", 0))
    system = system_of(tables, lambda dims: frame.count(folded, dims), _several(folded))
    if len(system.counts) > MOST_CELLS:
        raise BadInput(
            _("Exact tables have at most %s cells together. Leave one out, or make them coarser.")
            % MOST_CELLS
        )
    listed = {key: _listed(column) for key, column in folded.columns.items()}
    cells = _cells(system, folded, listed)
    _check_share(system.primary[cells])
    hidden = hidden_cells(system)
    _check_share(hidden[cells])
    if len(under_protected(system, hidden)):
        raise ArithmeticError("the audit found a hidden cell that can be reckoned back")
    files = {
        f"table-{number}-{'-'.join(dims)}.csv": codebook.csv_file(
            _lines(dims, folded, listed, system, hidden)
        )
        for number, dims in enumerate(tables, 1)
    }
    audit = {
        "cells": len(cells),
        "cells_not_shown": int(hidden[cells].sum()),
        "under_protected": 0,
        "every cell below the threshold may be anything from": [0, THRESHOLD],
    }
    sheet = method(definition) | {"audit": audit}
    return files | {"tables-audit.json": json.dumps(sheet, ensure_ascii=False, indent=1).encode()}


def method(definition: Mapping[str, Any]) -> dict[str, Any]:
    """How the tables were made, for programs."""
    return {
        "method": "exact counts with complete complementary suppression, audited by linear programs",
        "library": "HiGHS",
        "years": codebook.years_of(definition),
        "tables": [list(dims) for dims in _tables_of(definition)],
        "level": definition.get("level", 0),
        "threshold": THRESHOLD,
    }


def notes(definition: Mapping[str, Any]) -> list[str]:
    """How to read the tables, in plain words."""
    return [
        _("Figures are exact. “%s” stands for less than 11 persons, none included, and for figures"
          " from which such a one could be reckoned.") % HIDDEN,
        _("Categories of fewer than 11 persons are among “all others”, or not listed; reasons why an"
          " answer is missing that fewer than 11 have are among “not recorded”."),
        _("Where a person can have several answers, categories add up to more than the total."),
        _("The audit holds for these tables together. Whoever knows further figures of the same"
          " persons, or a person in a cell, may learn more."),
    ]  # fmt: skip


def _tables_of(definition: Mapping[str, Any]) -> list[Dims]:
    """The tables, each with its dimensions in their order. BadInput for what may not be asked for."""
    codebook.years_of(definition)
    tables = [tuple(dims) for dims in definition.get("tables", ())]
    if not tables or len({frozenset(dims) for dims in tables}) < len(tables):
        raise BadInput(_("Choose at least one table, and each once."))
    if not fit_together({key for dims in tables for key in dims}):
        raise BadInput(_("Two of these dimensions say the same. Choose one of them."))
    for dims in tables:
        if not dims or len(set(dims)) < len(dims) or not set(dims) <= DIMENSIONS.keys():
            raise BadInput(_("A table has dimensions of these statistics, each once."))
        if len(dims) > MAX_DIMENSIONS:
            raise BadInput(_("A table has at most %s dimensions.") % MAX_DIMENSIONS)
        if len(dims) > 2 and any(rule.keys() <= set(dims) for rule in NOT_IN_THREE):
            raise BadInput(
                _(
                    "Exact figures by type of exploitation are not narrowed down by two dimensions more."
                )
            )
    if definition.get("level", 0) not in range(LEVELS):
        raise BadInput(_("Choose one of the levels of detail."))
    return tables


def _folded(counted: Frame, keys: Collection[Key], level: int) -> Frame:
    """Only these dimensions, at a level, without categories that hardly anybody is in."""
    columns = {}
    for key in DIMENSIONS:
        if key not in keys:
            continue
        dimension, column = DIMENSIONS[key], counted.columns[key]
        for step in range(1, min(level, dimension.top_level) + 1):
            column = _grouped(column, dimension.group_of(step))
        columns[key] = _without_small(column)
    return Frame(counted.persons, columns)


def _grouped(column: Column, group_of: Mapping[str, str]) -> Column:
    return column.grouped(codes_of_groups(column, group_of), group_of)


def _without_small(column: Column) -> Column:
    """The categories that reach the threshold; the others become ANY_OTHER or NOT_RECORDED."""
    sizes = np.bincount(column.answers, minlength=len(column.codes))
    small = [code for code, size in zip(column.codes, sizes, strict=True) if size < THRESHOLD]
    folded = _grouped(
        column,
        {
            code: NOT_RECORDED if code in UNANSWERED else ANY_OTHER
            for code in small
            if code not in KEPT
        },
    )
    # That nobody at all is left over may be seen: the categories listed then add up to the total.
    used, answers = np.unique(folded.answers, return_inverse=True)
    return Column(tuple(folded.codes[place] for place in used), answers, folded.per_person)


def _several(folded: Frame) -> dict[Key, list[int]]:
    """Dimensions with several answers, and the positions of codes that no other goes with."""
    return {
        key: [at for at, code in enumerate(column.codes) if code in ALONE]
        for key, column in folded.columns.items()
        if DIMENSIONS[key].several
    }


def _listed(column: Column) -> list[str]:
    """The categories that are named in the files: others below the threshold are in the system alone."""
    sizes = np.bincount(column.answers, minlength=len(column.codes))
    return [code for code, size in zip(column.codes, sizes, strict=True) if size >= THRESHOLD]


def _cells(system: System, folded: Frame, listed: Listed) -> np.ndarray:
    """Numbers of the cells that stand in the files."""
    found = []
    for dims, places in system.places.items():
        kept = [[folded.columns[key].codes.index(code) for code in listed[key]] for key in dims]
        found.append(places[np.ix_(*kept)].ravel())
    return np.concatenate(found)


def _check_share(hidden: np.ndarray) -> None:
    if not len(hidden) or hidden.mean() > MOST_HIDDEN:
        raise WrongState(
            _(
                "More than half of the cells would have to be hidden. Choose less detail or fewer"
                " dimensions; or publish tables with noise."
            )
        )


def _lines(
    dims: Dims, folded: Frame, listed: Listed, system: System, hidden: np.ndarray
) -> Iterator[Sequence[object]]:
    """A line for each cell of the table and of its margins."""
    yield [*(DIMENSIONS[key].label for key in dims), _("Persons")]
    for codes in product(*([*listed[key], None] for key in dims)):
        at = {key: code for key, code in zip(dims, codes, strict=True) if code is not None}
        part = tuple(sorted(at))
        places = tuple(folded.columns[key].codes.index(at[key]) for key in part)
        cell = system.places[part][places]
        yield [
            *(
                _("Total") if code is None else DIMENSIONS[key].label_of(code)
                for key, code in zip(dims, codes, strict=True)
            ),
            HIDDEN if hidden[cell] else int(system.counts[cell]),
        ]
