"""HTML input of handing over, conflicts of interest and breaking the glass: shape and wording."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.forms import text
from cases.keeping_forms import SEALED
from cases.models import GlassGround
from cases.reference import EXCLUSION_GROUNDS
from core.classes import choices_of


class ColleagueForm(forms.Form):
    """A form with the field `person`: a colleague out of those who are offered."""

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = self._offer("person", people)

    def _offer(self, field: str, people: Iterable[User]) -> dict[str, User]:
        """Let one of these be chosen; gives them by their keys."""
        found = {str(person.pk): person for person in people}
        choices = [("", _("Choose")), *((pk, str(one)) for pk, one in found.items())]
        self.fields[field].choices = choices  # type: ignore[attr-defined]
        return found

    def clean_person(self) -> User:
        return self._people[self.cleaned_data["person"]]


class HandOverForm(ColleagueForm):
    """Who is the officer of the case from now on, and why."""

    person = forms.ChoiceField(
        label=_("New officer"), error_messages={"required": _("Choose who takes the case over.")}
    )
    note = text(
        _("Why?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Say why. Whoever looks at the trail later needs to know.")},
    )


class HandOverAllForm(HandOverForm):
    """Whose cases somebody else is the officer of from now on."""

    officer = forms.ChoiceField(
        label=_("Former officer"),
        error_messages={"required": _("Choose whose cases are handed over.")},
    )

    field_order = ("officer", "person", "note")

    def __init__(self, *args: Any, officers: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._officers = self._offer("officer", officers)

    def clean_officer(self) -> User:
        return self._officers[self.cleaned_data["officer"]]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("officer") == self.cleaned_data.get("person", ""):
            self.add_error("person", _("Choose somebody else: this is the former officer."))
        return self.cleaned_data


class ExclusionForm(ColleagueForm):
    """Who must not see the case, and why."""

    person = forms.ChoiceField(
        label=_("Who must not see this case?"),
        error_messages={"required": _("Choose a person.")},
    )
    ground = forms.ChoiceField(
        label=_("What is the person to the case?"),
        choices=list(EXCLUSION_GROUNDS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    note = text(_("Note"), help_text=_("Sealed with the case, as the reason is."))


class GlassForm(forms.Form):
    """Why it cannot wait, and what of the case is needed."""

    ground = forms.ChoiceField(
        label=_("Why can it not wait?"),
        choices=GlassGround.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    note = text(
        _("What happened?"),
        long=True,
        required=True,
        help_text=_("In your own words. Sealed with the case's trail."),
        error_messages={"required": _("Write at least a sentence.")},
    )
    classes = forms.MultipleChoiceField(
        label=_("What do you need to read?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose as little as helps."),
        error_messages={"required": _("Choose at least one class.")},
    )

    def __init__(self, *args: Any, classes: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = choices_of(classes)
        self.fields["classes"].choices = choices  # type: ignore[attr-defined]
