"""What kinds of releases there are. A kind is a few pure functions; everything around them is the
same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.exceptions import BadInput
from reporting.dimensions import DIMENSIONS, NEVER_TOGETHER
from reporting.frame import Row
from reporting.releases import dp_tables, microdata, suppression, transfer

Definition = Mapping[str, Any]  # as JSON: names of dimensions and categories, and parameters


def _nothing(definition: Definition) -> list[Any]:
    return []


def _fits(definition: Definition) -> None:
    pass


def _no_method(definition: Definition) -> dict[str, Any]:
    return {}


def _without_secret(
    make: Callable[[Sequence[Row], Definition], dict[str, bytes]],
) -> Callable[[Sequence[Row], Definition, bytes], dict[str, bytes]]:
    return lambda rows, definition, secret: make(rows, definition)


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to publish statistics of one year of registration, or of some years together.

    about: what it is, to whoever chooses one.
    asks: fields of the form (reporting/releases/forms.py) besides year and title.
    define: the definition out of what a form took; raises BadInput. It holds `year`, where it is
        about several `years`, and where it is made of tables `tables`, lists of dimensions.
    check: raises WrongState where the definition does not fit any more; asked before anything is
    spent.
    charge: what it costs each person of each year, 0 where no noise is drawn.
    make: the files, by name, from the persons of these years, the definition and the installation's
        secret. It is called once for a release, after what it costs was spent.
    method, notes: how the figures were made, for programs and for people.
    """

    code: str  # stands in releases for ever
    title: str | Promise
    about: str | Promise
    asks: tuple[str, ...]
    define: Callable[[Mapping[str, Any]], dict[str, Any]]
    charge: Callable[[Definition], Fraction]
    make: Callable[[Sequence[Row], Definition, bytes], dict[str, bytes]]
    check: Callable[[Definition], None] = _fits
    mechanism: str = "none"
    scales: Callable[[Definition], list[float]] = _nothing
    method: Callable[[Definition], dict[str, Any]] = _no_method
    notes: Callable[[Definition], list[str]] = _nothing
    is_exact: bool = False  # figures without noise: never beside others of the same dimensions
    is_public: bool = True  # else for the two people who decided on it alone


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "dp_tables",
            gettext_lazy("Tables with noise (differential privacy)"),
            gettext_lazy(
                "For everybody. What an organisation publishes first, once for each year."
            ),
            ("tables", "rho"),
            dp_tables.define,
            dp_tables.charge,
            dp_tables.make,
            check=dp_tables.check,
            mechanism=dp_tables.MECHANISM,
            scales=dp_tables.scales,
            method=dp_tables.method,
            notes=dp_tables.notes,
        ),
        Kind(
            "microdata",
            gettext_lazy("Synthetic rows in CTDC’s layout (differential privacy)"),
            gettext_lazy(
                "For everybody. Needs some 5,000 persons, hence as a rule several years: with fewer it"
                " is refused, and what it costs is spent all the same."
            ),
            ("first_year", "aggregates"),
            microdata.define,
            microdata.charge,
            _without_secret(microdata.make),
            mechanism=microdata.MECHANISM,
            scales=microdata.scales,
            method=microdata.method,
            notes=microdata.notes,
        ),
        Kind(
            "exact_tables",
            gettext_lazy("Exact tables with figures left out"),
            gettext_lazy(
                "For a donor who asks for exact numbers. Never beside other tables of the same"
                " dimensions and year. Only the two people who propose and approve them can download"
                " the file, and hand it over."
            ),
            ("tables", "level"),
            suppression.define,
            suppression.charge,
            _without_secret(suppression.make),
            method=suppression.method,
            notes=suppression.notes,
            is_exact=True,
            is_public=False,
        ),
        Kind(
            "transfer",
            gettext_lazy("Rows for one receiver under an agreement"),
            gettext_lazy(
                "Never public: persons’ own rows in groups of eleven. Only the two people who propose"
                " and approve it can download the file."
            ),
            ("first_year", "receiver", "agreement"),
            transfer.define,
            transfer.charge,
            _without_secret(transfer.make),
            method=transfer.method,
            notes=transfer.notes,
            is_public=False,
        ),
    )
}


def kind_of(code: str) -> Kind:
    """The kind of this code. Raises BadInput."""
    if code not in KINDS:
        raise BadInput(_("Choose what to publish from the list."))
    return KINDS[code]


def dimensions_of(definition: Definition) -> set[str]:
    """Every dimension that a release tells of: all of them where it is not made of tables.

    What says the same as one of its dimensions is among them.
    """
    if "tables" not in definition:
        return set(DIMENSIONS)
    keys = {key for table in definition["tables"] for key in table}
    return keys.union(*(pair for pair in NEVER_TOGETHER if pair & keys))
