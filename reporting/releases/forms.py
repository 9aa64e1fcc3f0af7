"""What is asked of whoever proposes a release. Tables are written as words, one a line."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.exceptions import BadInput
from reporting.dimensions import DIMENSIONS, FIRST_YEAR, Key, fit_together
from reporting.forms import AUTOMATIC, LEVEL_CHOICES
from reporting.releases.dp_tables import MOST_CELLS, RHO
from reporting.releases.kinds import Kind
from reporting.releases.services import LONGEST_TITLE
from reporting.surface import MAX_DIMENSIONS

COSTS = (Fraction(1, 10), Fraction(1, 4), RHO)
MOST_TEXT = 4000
LONGEST_NAME = 120
ASKED_ALWAYS = {"year", "title"}


class ReleaseForm(forms.Form):
    """A release as it is proposed: its year, its title, and what its kind asks for."""

    field_order = ("year", "first_year")

    first_year = forms.TypedChoiceField(
        label=gettext_lazy("First of several years"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=gettext_lazy("Leave it empty for one year alone."),
    )
    year = forms.TypedChoiceField(
        label=gettext_lazy("Persons registered in"),
        coerce=int,
        help_text=gettext_lazy("A year that is over. Of several years, the last."),
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=LONGEST_TITLE)
    tables = forms.CharField(
        label=gettext_lazy("Tables"),
        required=False,  # what a kind needs it says itself
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    rho = forms.TypedChoiceField(
        label=gettext_lazy("Privacy cost"),
        coerce=Fraction,
        required=False,
        help_text=gettext_lazy(
            "What is spent of the year's budget. A lower cost means more noise in every figure."
        ),
    )

    aggregates = forms.BooleanField(
        label=gettext_lazy("With tables of pairs"),
        required=False,
        help_text=gettext_lazy(
            "They cost 0.19 of each year's budget besides the 0.31 of the rows. Leave them out where"
            " tables with noise of these years are published: figures are then read from those."
        ),
    )
    level = forms.TypedChoiceField(
        label=gettext_lazy("Detail"),
        coerce=int,
        required=False,
        choices=[each for each in LEVEL_CHOICES.items() if each[0] != str(AUTOMATIC)],
        help_text=gettext_lazy("The broader the groups, the less has to be left out."),
    )
    receiver = forms.CharField(
        label=gettext_lazy("Receiver"),
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("Name of the organisation, not of a person. It is recorded."),
    )
    agreement = forms.CharField(
        label=pgettext_lazy("with a receiver of data", "Agreement"),
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("Its number or date. It has to forbid looking for anybody."),
    )

    def __init__(
        self,
        kind: Kind,
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.kind = kind
        for name in self.fields.keys() - ASKED_ALWAYS - set(kind.asks):
            del self.fields[name]
        years = range(timezone.localdate().year - 1, FIRST_YEAR - 1, -1)
        offered = [(str(year), str(year)) for year in years]
        choices: dict[str, list[tuple[str, Any]]] = {
            "first_year": [("", ""), *offered],
            "year": offered,
            "rho": [(str(cost), f"ρ = {float(cost):g}") for cost in COSTS],
        }
        for name in choices.keys() & self.fields.keys():
            self.fields[name].choices = choices[name]  # type: ignore[attr-defined]
        if "tables" in self.fields:
            self.fields["tables"].help_text = _(
                "One table a line: its dimensions, at most %(most)s, with commas between. There are: "
                "%(names)s."
            ) % {
                "most": MAX_DIMENSIONS,
                "names": "; ".join(str(DIMENSIONS[key].label) for key in offered_dimensions()),
            }

    @classmethod
    def first(cls, kind: Kind) -> "ReleaseForm":
        """The form as it begins: last year, and every dimension by itself, with noise also by sex."""
        lines = offered_dimensions()
        if kind.is_exact:  # all of its tables together are one system
            lines = [key for key in lines if fit_together(lines[: lines.index(key) + 1])]
        else:
            lines += [key + ", gender" for key in lines if key != "gender" and _fits(key, "gender")]
        words = "\n".join(
            ", ".join(str(DIMENSIONS[key].label) for key in line.split(", ")) for line in lines
        )
        return cls(kind, initial={"tables": words, "rho": str(RHO), "aggregates": True})

    def clean_tables(self) -> list[list[Key]]:
        try:
            return [
                read_table(line)
                for line in self.cleaned_data["tables"].splitlines()
                if line.strip()
            ]
        except BadInput as error:
            raise forms.ValidationError(str(error.message)) from None


def read_table(line: str) -> list[Key]:
    """The dimensions of one table, in codes or words. Raises BadInput for a name that is none."""
    return [_dimension(name) for name in line.split(",")]


def offered_dimensions() -> list[Key]:
    """What tables can be by. The year is the release's own."""
    return [key for key in DIMENSIONS if key != "year"]


def _dimension(name: str) -> Key:
    """By its code, or by its words however written: one's words may be another's code."""
    wanted = " ".join(name.split())
    if wanted in offered_dimensions():
        return wanted
    for key in offered_dimensions():
        if wanted.casefold() == str(DIMENSIONS[key].label).casefold():
            return key
    raise BadInput(_("There is no such dimension in these statistics."))


def _fits(*keys: Key) -> bool:
    year = timezone.localdate().year
    cells = 1
    for key in keys:
        cells *= len(DIMENSIONS[key].codes(year))
    return cells <= MOST_CELLS
