"""What may be asked of the table builder: names that are declared, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cases.forms import day
from cases.saved_lists import LONGEST
from core.days import last_of_month
from core.exceptions import BadInput, NotFound
from reporting.dimensions import ANY_OTHER, DIMENSIONS, Key
from reporting.measures import PERSONS, measures_of
from reporting.surface import Surface
from reporting.tables import AUTOMATIC, Definition

SEPARATOR = ":"
FIELDS = ("rows", "columns", "split")  # the dimensions of a table, in the order of its id
LEVEL_CHOICES = {
    str(AUTOMATIC): gettext_lazy("Automatic"),
    "0": gettext_lazy("Every category"),
    "1": gettext_lazy("Broader groups"),
    "2": gettext_lazy("Broadest groups"),
}
CHART_CHOICES = {
    "grouped": gettext_lazy("Side by side"),
    "stacked": gettext_lazy("Stacked"),
}
FIRST_TABLE = {"rows": "year", "columns": "gender"}
NO_DIMENSION = gettext_lazy("There is no such dimension in these statistics.")
UNKNOWN = {  # what is said of a name that is none; the name is not repeated
    **dict.fromkeys(FIELDS, NO_DIMENSION),
    "only": gettext_lazy("There is no such category to filter by."),
    "level": gettext_lazy("There is no such level of detail."),
    "measure": gettext_lazy("There is no such measure in these statistics."),
}


class TableForm(forms.Form):
    """The builder. No field is marked as required; a table without rows is refused as a whole."""

    measure = forms.ChoiceField(label=gettext_lazy("Measure"), required=False)
    rows = forms.ChoiceField(label=gettext_lazy("Rows"), required=False)
    columns = forms.ChoiceField(label=gettext_lazy("Columns"), required=False)
    split = forms.ChoiceField(label=gettext_lazy("One table for each"), required=False)
    only = forms.ChoiceField(label=gettext_lazy("Only persons with"), required=False)
    level = forms.ChoiceField(
        label=gettext_lazy("Detail"), choices=list(LEVEL_CHOICES.items()), required=False
    )
    chart = forms.ChoiceField(
        label=gettext_lazy("Chart"), choices=list(CHART_CHOICES.items()), required=False
    )

    def __init__(self, data: Mapping[str, Any] | None, *, surface: Surface) -> None:
        super().__init__(data)
        for name, message in UNKNOWN.items():
            self.fields[name].error_messages["invalid_choice"] = message
        self.fields["measure"].choices = [(one.code, one.label) for one in measures_of(surface)]
        names = [(key, d.label) for key, d in DIMENSIONS.items() if key in surface.axes]
        self.fields["rows"].choices = names
        self.fields["columns"].choices = [("", _("None")), *names]
        self.fields["split"].choices = [("", _("None")), *names]
        self.fields["only"].choices = [("", _("Everybody")), *_categories_to_filter_by(surface)]

    @classmethod
    def read(cls, data: Mapping[str, Any], surface: Surface) -> Definition:
        """The table asked for by somebody who sees no form. Raises BadInput with what is wrong."""
        form = cls(data, surface=surface)
        if not form.is_valid():
            raise BadInput(next(iter(form.errors.values()))[0])
        return form.definition

    @classmethod
    def of_table(cls, table: str, surface: Surface, *, chart: str = "") -> "TableForm":
        """The builder as it stands for a table's id (Definition.id). NotFound for the id of none.

        A table has one id: one that is only understood is none.
        """
        form = cls(_asked_of(table) | {"chart": chart}, surface=surface)
        is_one = form.is_valid() and form.definition.rows and form.definition.id == table
        if not is_one:
            raise NotFound(_("There is no such table in these statistics."))
        return form

    @property
    def definition(self) -> Definition:
        """The table asked for; only of a valid form."""
        asked = self.cleaned_data
        key, _separator, code = asked["only"].partition(SEPARATOR)
        return Definition(
            rows=asked["rows"],
            columns=asked["columns"],
            split=asked["split"],
            filters={key: code} if key else {},
            level=int(asked["level"] or AUTOMATIC),
            measure=asked["measure"] or PERSONS,
        )

    @property
    def is_stacked(self) -> bool:
        return self.cleaned_data["chart"] == "stacked"


class SaveTableForm(forms.Form):
    """The name that a table is saved under. Which table it is stands in a hidden field."""

    table = forms.CharField(widget=forms.HiddenInput, max_length=200)
    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=LONGEST,
        help_text=gettext_lazy(
            "About the work, as “For the yearly report”. Nothing about a person."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DonorForm(forms.Form):
    """A project of one's own organisation, and whole months."""

    project = forms.ChoiceField(label=gettext_lazy("Project code"))
    begins = day(
        gettext_lazy("From"), required=True, help_text=gettext_lazy("The first day of a month.")
    )
    ends = day(
        pgettext_lazy("last day of a range", "Until"),
        required=True,
        latest_today=False,
        help_text=gettext_lazy("The last day of a month."),
    )

    def __init__(self, *args: Any, projects: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].choices = [(code, code) for code in projects]  # type: ignore[attr-defined]

    @staticmethod
    def first(projects: Sequence[str]) -> dict[str, Any]:
        """What is shown at first: the first project, this year until the end of this month."""
        today = timezone.localdate()
        return {
            "project": "".join(projects[:1]),
            "begins": today.replace(month=1, day=1),
            "ends": last_of_month(today),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins, ends = data.get("begins"), data.get("ends")
        if begins and begins.day != 1:
            self.add_error("begins", _("Enter the first day of a month."))
        if ends and ends != last_of_month(ends):
            self.add_error("ends", _("Enter the last day of a month."))
        if begins and ends and ends < begins:
            self.add_error("ends", _("This is before the first day."))
        return data


def _asked_of(table: str) -> dict[str, str]:
    """What stands in the fields of the builder for the id of a table."""
    shown, *others = table.split("~")
    asked = dict(zip(FIELDS, shown.split("."), strict=False))
    for part in others:
        name, _hyphen, code = part.partition("-")
        if name in ("level", "measure"):
            asked[name] = code
        else:
            asked["only"] = f"{name}{SEPARATOR}{code}"
    return asked


def _categories_to_filter_by(surface: Surface) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """By dimension, its categories of every level that have a shown figure."""
    groups = []
    for key, dimension in DIMENSIONS.items():
        if key not in surface.axes:
            continue
        codes = dict.fromkeys(_shown_codes(surface, key))
        options = [(f"{key}{SEPARATOR}{code}", dimension.label_of(code)) for code in codes]
        if options:
            groups.append((dimension.label, options))
    return groups


def _shown_codes(surface: Surface, key: Key) -> list[str]:
    # Broader groups first. What "all others" are depends on the level, so it is no filter.
    return [
        code
        for level in reversed(range(len(surface.axes[key])))
        for code in surface.shown_codes(key, level)
        if code != ANY_OTHER
    ]
