"""What a table tells of the persons in its cells: how many, their share, or how much of something.

Every measure is worked out from protected figures alone, so that it can tell no more than they do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from assistance.reference import CURRENCIES
from reporting.dimensions import NO_ANSWER, Key
from reporting.protection import THRESHOLD
from reporting.surface import Figure, Surface

PERSONS = "persons"
ROW_SHARE, COLUMN_SHARE = "share-of-row", "share-of-column"
DAYS, SCORE = "days", "score"
LEAST_WHOLE = 3 * THRESHOLD  # persons of whom a share is told


@dataclass(frozen=True)
class Magnitude:
    """A number that a person may have, such as what their assistance cost.

    `scale`: sums are kept as whole numbers of 1/scale. `most`: what no mean can exceed.
    """

    scale: int = 1
    most: float = float("inf")


@dataclass(frozen=True)
class Measure:
    """One thing that the figures of a table can be.

    `says` begins the sentence that is the table's title; `magnitude` is what it is a sum or mean of.
    """

    code: str
    label: Any
    says: Any
    magnitude: str = ""
    is_mean: bool = False
    decimals: int = 0
    unit: str = ""

    @property
    def is_share(self) -> bool:
        return self.code in (ROW_SHARE, COLUMN_SHARE)

    def over(self, rows: Key, columns: Key) -> Key:
        """The dimension whose categories are shares of one whole; none for other measures."""
        return {ROW_SHARE: columns, COLUMN_SHARE: rows}.get(self.code, "")

    def written(self, number: int | float) -> str:
        """A figure as it is printed."""
        return f"{number:.{self.decimals}f}{self.unit}"


def cost_in(currency: str) -> str:
    """The magnitude of what assistance costs in a currency. Sums of two are never added."""
    return f"cost-{currency}"


MAGNITUDES: dict[str, Magnitude] = {
    **{cost_in(currency): Magnitude() for currency in CURRENCIES},
    DAYS: Magnitude(),
    SCORE: Magnitude(scale=1000, most=1.0),
}


def _of_cost(currency: str) -> list[Measure]:
    name = cost_in(currency)
    mean = _("Cost of assistance, {currency}, mean per person")
    total = _("Cost of assistance, {currency}, sum")
    return [
        Measure(
            f"{name}-mean",
            format_lazy(mean, currency=currency),
            format_lazy(mean, currency=currency),
            magnitude=name,
            is_mean=True,
        ),
        Measure(
            f"{name}-sum",
            format_lazy(total, currency=currency),
            format_lazy(total, currency=currency),
            magnitude=name,
        ),
    ]


_DECLARED = (
    Measure(PERSONS, _("Persons"), _("Persons registered")),
    Measure(ROW_SHARE, _("Share of row"), _("Persons registered, per cent of the row"), unit=" %"),
    Measure(
        COLUMN_SHARE,
        _("Share of column"),
        _("Persons registered, per cent of the column"),
        unit=" %",
    ),
    *(measure for currency in CURRENCIES for measure in _of_cost(currency)),
    Measure(
        f"{DAYS}-mean",
        _("Days to first assistance, mean"),
        _("Days from registration to first assistance, mean"),
        magnitude=DAYS,
        is_mean=True,
    ),
    Measure(
        f"{SCORE}-mean",
        _("Reintegration score, mean"),
        _("Reintegration score of the last visit, mean"),
        magnitude=SCORE,
        is_mean=True,
        decimals=2,
    ),
)
MEASURES: dict[str, Measure] = {measure.code: measure for measure in _DECLARED}


def measures_of(surface: Surface) -> list[Measure]:
    """The measures that these statistics have: of what no figure may be shown, there is none."""
    return [
        measure
        for measure in MEASURES.values()
        if not measure.magnitude or surface.magnitudes.get(measure.magnitude)
    ]


def figure_of(
    surface: Surface, measure: Measure, codes: Mapping[Key, str], level: int, over: Key
) -> Figure:
    """What a measure says of the cell with these codes, one a dimension.

    `over` is the dimension whose categories are shares of one whole. What is not told is withheld,
    whatever the reason.
    """
    if measure.is_share:
        value = _share(surface, codes, level, over)
    elif measure.magnitude:
        value = _amount(surface, measure, codes, level)
    else:
        return surface.figure(codes, level)
    return Figure(value, withheld=value is None)


def _share(surface: Surface, codes: Mapping[Key, str], level: int, over: Key) -> int | None:
    """Per cent of the persons with an answer; None where they are fewer than LEAST_WHOLE.

    Noise may lift a part above its whole; then it is all of it.
    """
    within = {key: code for key, code in codes.items() if key != over}
    whole = _answered(surface, within, level, over)
    part = whole if over not in codes else surface.figure(codes, level).value
    if part is None or whole is None or whole < LEAST_WHOLE:
        return None
    return min(100, int(100 * part / whole + 0.5))


def _answered(surface: Surface, codes: Mapping[Key, str], level: int, over: Key) -> int | None:
    """The persons with an answer to `over`: the total, less those without one as far as they are shown.

    What is hidden of them is at most a few and stays in, for nothing else is known of it.
    """
    total = surface.figure(codes, level).value
    if total is None:
        return None
    without = (code for code in surface.codes(over, level) if code in NO_ANSWER)
    hidden = (surface.figure({**codes, over: code}, level).value for code in without)
    return total - sum(number or 0 for number in hidden)


def _amount(
    surface: Surface, measure: Measure, codes: Mapping[Key, str], level: int
) -> int | float | None:
    found = surface.amount(measure.magnitude, codes, level)
    if found is None:
        return None
    magnitude = MAGNITUDES[measure.magnitude]
    number, total = found
    value = min(total / magnitude.scale / (number if measure.is_mean else 1), magnitude.most)
    return round(value, measure.decimals) if measure.decimals else int(value + 0.5)
