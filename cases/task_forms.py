"""HTML input of tasks: shape and wording."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.access_forms import ColleagueForm
from cases.forms import day, offer_parts, part_of_case, section_from, text
from cases.models import Repeats
from cases.sections import TaskContent


class TaskForm(ColleagueForm):
    """What is to be done, until when, and by whom."""

    task = text(
        _("What is to be done"),
        required=True,
        error_messages={"required": _("Say in a few words what is to be done.")},
    )
    cls = part_of_case(_("Only those with whom this part is shared can read the task."))
    due_on = day(_("Until"), required=True, latest_today=False)
    person = forms.ChoiceField(
        label=_("Assigned to"), error_messages={"required": _("Choose who is to do it.")}
    )
    repeats = forms.ChoiceField(
        label=_("How often"),
        choices=Repeats.choices,
        required=False,
        help_text=_("When it is done, the next one comes up by itself."),
    )

    def __init__(
        self, *args: Any, classes: set[str], people: Iterable[User], own: User, **kwargs: Any
    ) -> None:
        super().__init__(*args, people=people, **kwargs)
        offer_parts(self, classes)
        self.fields["person"].initial = str(own.pk)

    def clean_due_on(self) -> date:
        due: date = self.cleaned_data["due_on"]
        if due < timezone.localdate():
            raise forms.ValidationError(_("Enter a day from today on."))
        return due

    def content(self) -> TaskContent:
        return section_from(self, TaskContent)
