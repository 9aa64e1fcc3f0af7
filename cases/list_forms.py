"""The forms of the list of cases: what it shows, and the name it is saved under."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Office, User
from accounts.roles import ROLES
from cases.forms import day
from cases.lists import Sort, Wanted
from cases.models import CaseStatus, Stage
from cases.saved_lists import LONGEST
from core.rights import Right

# What a row can tell beside reference and name: columns that are open, so no list opens more.
COLUMNS = {
    "stage": _("Stage"),
    "status": _("Status"),
    "officer": _("Officer"),
    "office": _("Office"),
    "opened": _("Opened"),
    "changed": _("Changed"),
}
USUAL = ["status", "officer", "office", "opened", "changed"]


def offices_for(user: User) -> QuerySet[Office]:
    """Offices to choose from: those of the own organisation. A partner works in one case at a time."""
    if user.is_partner or user.organisation_id is None:
        return Office.objects.none()
    return Office.objects.filter(organisation=user.organisation_id).order_by("name")


def officers_for(user: User) -> QuerySet[User]:
    """Officers to choose from, for whoever heads an office: those of now and of before.

    Out of roles alone: that there is a case of somebody is told by the list.
    """
    if not user.has_right(Right.CASE_ASSIGN):
        return User.objects.none()
    roles = [code for code, role in ROLES.items() if Right.GRANT_GIVE in role.rights]
    of_office = User.objects.filter(office__supervisors__in=user.groups)
    return of_office.filter(role_holdings__role__in=roles).distinct().order_by("display_name")


class ListForm(forms.Form):
    """Filter, order and columns. It stands in the address: what is no choice of ours narrows nothing."""

    status = forms.ChoiceField(label=_("Status"), required=False)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=[("", _("Any")), *Stage.choices]
    )
    office = forms.ChoiceField(label=_("Office"), required=False)
    officer = forms.ChoiceField(label=_("Officer"), required=False)
    since = day(_("Opened from"))
    until = day(_("Opened until"), latest_today=False)
    mine = forms.BooleanField(label=_("Only those I am the officer of"), required=False)
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=Sort.choices)
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        required=False,
        choices=list(COLUMNS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    FILTERS = ("status", "stage", "office", "officer", "since", "until", "mine")

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        statuses = [
            choice
            for choice in CaseStatus.choices
            if choice[0] != CaseStatus.ERASED or user.has_right(Right.ERASURE_DECIDE)
        ]
        self.fields["status"].choices = [("", _("Any")), *statuses]  # type: ignore[attr-defined]
        self._offer("office", list(offices_for(user)), least=2)
        self._offer("officer", list(officers_for(user)), least=1)
        self.is_valid()
        if not self.cleaned_data.get("columns"):
            self.cleaned_data["columns"] = USUAL
        if "columns" not in data:  # the boxes show what the table shows
            boxes = data.copy()
            boxes.setlist("columns", USUAL)
            self.data = boxes
        if not self.cleaned_data.get("sort"):
            self.cleaned_data["sort"] = Sort.CHANGED.value

    def _offer(self, name: str, rows: list[Any], *, least: int) -> None:
        """Choose among these, where there is something to choose from."""
        if len(rows) < least:
            del self.fields[name]
            return
        choices = [("", _("Any")), *((str(row.pk), str(row)) for row in rows)]
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        """What the list is narrowed to."""
        chosen = self.cleaned_data
        return Wanted(
            status=chosen.get("status", ""),
            is_own=chosen.get("mine", False),
            stage=chosen.get("stage", ""),
            office=_key(chosen.get("office")),
            officer=_key(chosen.get("officer")),
            opened_from=chosen.get("since"),
            opened_until=chosen.get("until"),
        )

    @property
    def order(self) -> Sort:
        """Which case comes first."""
        return Sort(self.cleaned_data["sort"])

    @property
    def shown(self) -> list[str]:
        """The columns a row tells."""
        return list(self.cleaned_data["columns"])

    def pairs(self) -> list[tuple[str, str]]:
        """All of it as an address has it: names that are known, with valid values.

        The order is always there, so that an address without anything is none of these: it opens the
        person's first view.
        """
        pairs = [
            (name, _in_address(value))
            for name in self.FILTERS
            if (value := self.cleaned_data.get(name))
        ]
        pairs.append(("sort", self.order.value))
        if self.shown != USUAL:
            pairs += [("columns", column) for column in self.shown]
        return pairs


def _key(value: str | None) -> UUID | None:
    return UUID(value) if value else None


def _in_address(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return "1" if value is True else str(value)


class SaveListForm(forms.Form):
    """The name that a view of the list is saved under."""

    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=LONGEST,
        help_text=_("About the work, as “Closing this month”. Nothing about a person."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_first = forms.BooleanField(label=_("Open the list with it"), required=False)
