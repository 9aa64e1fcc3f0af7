"""Synthetic microdata in CTDC's layout, with noisy two-way aggregates beside it.

The rows are drawn from a model of the persons (reporting/releases/synthesis.py); none is a person's.
A tree of pairs holds 20 of some 200 pairs of variables, so official numbers are read from the
aggregates and not from the rows, as CTDC does.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.exceptions import BadInput, WrongState
from reporting.frame import Row
from reporting.protection import THRESHOLD
from reporting.releases import codebook, noisy, synthesis
from reporting.releases.codebook import Factor

ROWS_RHO = Fraction(31, 100)  # ε = 4 at δ = 1e-6
AGGREGATES_RHO = Fraction(19, 100)
MECHANISM = "discrete Gaussian, noisy maximum, zCDP"
LEAST_PERSONS = 5_000
ROUNDED_TO = 100  # persons
AGGREGATED = (
    "yearOfRegistration",
    "gender",
    "ageBroad",
    "citizenship",
    "CountryOfExploitation",
    "isForcedLabour",
    "isSexualExploit",
    "isOtherExploit",
)
ANY_OTHER = "any other"  # values of an aggregate that are too rare to be told from noise


def define(form: Mapping[str, Any]) -> dict[str, Any]:
    """The whole release, out of `year`, `first_year` and `aggregates`. Raises BadInput."""
    years = codebook.asked_years(form)
    return {
        "kind": "microdata",
        "year": years[-1],
        "years": years,
        "rho": str(ROWS_RHO),
        "aggregates_rho": str(AGGREGATES_RHO if form.get("aggregates") else 0),
    }


def charge(definition: Mapping[str, Any]) -> Fraction:
    """What the release costs each person in it, as ρ of zero-concentrated differential privacy.

    `definition`: "years" (whole numbers) or "year", and where others than ours are wanted "rho" and
    "aggregates_rho" as texts such as "31/100"; without aggregates that is "0".
    BadInput for what is not of that form.
    """
    return sum(_shares(definition), Fraction())


def scales(definition: Mapping[str, Any]) -> list[float]:
    """Of the noise, in persons: of single variables, of pairs in the model, of aggregates."""
    rho, aggregates_rho = _shares(definition)
    columns = len(codebook.factors(codebook.years_of(definition)))
    pairs = len(AGGREGATED) * (len(AGGREGATED) - 1) // 2
    shares = [rho / 3 / columns, rho / 3 / (columns - 1)]
    if aggregates_rho:
        shares.append(aggregates_rho / pairs)
    return [noisy.scale_for(share, 1) for share in shares]


def make(rows: Iterable[Row], definition: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of the release. What `charge` says has to be spent before, for noise is drawn here.

    WrongState for fewer persons than LEAST_PERSONS, judged by a noisy number of them; that has
    cost the charge all the same.
    """
    rho, aggregates_rho = _shares(definition)
    years = codebook.years_of(definition)
    factors = codebook.factors(years)
    codes = codebook.encode(codebook.of_years(rows, years), factors)
    model = synthesis.fit(codes, [len(factor.answers) for factor in factors], rho)
    if model.total < LEAST_PERSONS:
        raise WrongState(
            _(
                "These years hold too few persons for synthetic rows: below some %(least)s they say "
                "little that is true. Publish tables instead. That was found by drawing noise, so "
                "what this release costs stays spent."
            )
            % {"least": LEAST_PERSONS}
        )
    persons = round(model.total / ROUNDED_TO) * ROUNDED_TO
    made = codebook.decode(synthesis.sample(model, persons), factors)
    sheet = method(definition) | {"persons_rounded": persons}
    files = {
        "microdata.csv": codebook.csv_file([codebook.NAMES, *made]),
        "microdata.json": json.dumps(sheet, ensure_ascii=False, indent=1).encode(),
    }
    if aggregates_rho:
        lines = _aggregates(codes, factors, model, aggregates_rho)
        files["aggregates.csv"] = codebook.csv_file(lines)
    return files


def _shares(definition: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
    """ρ of the rows and of the aggregates."""
    codebook.years_of(definition)
    try:
        rho = Fraction(definition.get("rho", ROWS_RHO))
        aggregates_rho = Fraction(definition.get("aggregates_rho", AGGREGATES_RHO))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise BadInput(_("A share of the privacy budget is a fraction such as 31/100.")) from error
    if rho <= 0 or aggregates_rho < 0:
        raise BadInput(_("A share of the privacy budget is above zero."))
    return rho, aggregates_rho


def _aggregates(
    codes: np.ndarray, factors: Sequence[Factor], model: synthesis.Model, rho: Fraction
) -> list[Sequence[object]]:
    """Noisy counts of every pair of AGGREGATED, in the lines of their file.

    A share of `rho` goes to each pair. Pairs that show less than the threshold are left out.
    """
    chosen = [i for i, factor in enumerate(factors) if factor.names[0] in AGGREGATED]
    pairs = list(combinations(chosen, 2))
    groups = {i: _grouped(factors[i], model, i) for i in chosen}
    lines: list[Sequence[object]] = [("variable", "value", "variable", "value", "persons")]
    for a, b in pairs:
        (names_a, group_a, margin_a), (names_b, group_b, margin_b) = groups[a], groups[b]
        both = np.column_stack([group_a[codes[:, a]], group_b[codes[:, b]]])
        exact = synthesis.pair_counts(both, 0, 1, [margin_a, margin_b])
        counts = noisy.with_noise(exact, rho / len(pairs))
        table = np.rint(synthesis.fitted(counts, margin_a, margin_b)).astype(int)
        variables = factors[a].names[0], factors[b].names[0]
        lines += [
            (variables[0], names_a[i], variables[1], names_b[j], int(table[i, j]))
            for i, j in np.argwhere(table >= THRESHOLD).tolist()
        ]
    return lines


def _grouped(
    factor: Factor, model: synthesis.Model, column: int
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """A variable as it is aggregated: names of its groups, the group of each code, noisy counts.

    The first variable of the factor stands for it; values that the model pooled stay together.
    """
    pools, margin = model.pools[column], model.margins[column]
    shared = np.bincount(pools)[pools] > 1
    cells = [
        ANY_OTHER if is_pooled and len(factor.names) == 1 else answer[0]
        for answer, is_pooled in zip(factor.answers, shared, strict=True)
    ]
    names = list(dict.fromkeys(cells))
    group_of = np.array([names.index(cell) for cell in cells])
    return names, group_of, np.bincount(group_of, weights=margin)


def method(definition: Mapping[str, Any]) -> dict[str, Any]:
    """How the rows are made, for programs."""
    rho, aggregates_rho = _shares(definition)
    return {
        "method": "synthetic microdata: tree of noisy two-way tables (MST)",
        "library": "OpenDP",
        "layout": "CTDC Global Synthetic Dataset, 27 variables, 2024",
        "years": codebook.years_of(definition),
        "unit": "one person counted: a case with its duplicates",
        "rho": str(rho + aggregates_rho),
        "rho_rows": str(rho),
        "rho_aggregates": str(aggregates_rho),
        "delta": noisy.DELTA,
        "epsilon": round(noisy.epsilon(rho + aggregates_rho), 4),
        "scales": [round(scale, 4) for scale in scales(definition)],
        "aggregates_shown_from": THRESHOLD,
    }


def notes(definition: Mapping[str, Any]) -> list[str]:
    """How to read the rows, in plain words."""
    rho, aggregates_rho = _shares(definition)
    told = [
        _(
            "No row is a person’s. Numbers of rows are not numbers of persons: read these from the"
            " aggregates and the tables."
        ),
        _(
            "All that was taken of persons was taken with random noise, so that nobody can tell from"
            " these files whether a person is among them (differential privacy: epsilon %(epsilon)s"
            " at delta %(delta)s)."
        )
        % {
            "epsilon": f"{noisy.epsilon(rho + aggregates_rho):.2f}",
            "delta": f"{noisy.DELTA:.0e}",
        },
        _(
            "The rows keep those pairs of variables that the model holds; of other pairs, and of three"
            " variables and more, only what follows from them."
        ),
        _("Values that cannot be told from noise are rarer in the rows than they are, or missing."),
        _(
            "Of several citizenships the first is kept. A recruiter of whom is known only that they"
            " were acquainted has no variable in this layout. Every form besides forced labour and"
            " sexual exploitation is “other”."
        ),
        _("An empty cell is “no” or “not recorded”."),
    ]
    if aggregates_rho:
        told.append(_("Aggregates that show less than %s persons are left out.") % THRESHOLD)
    return told
