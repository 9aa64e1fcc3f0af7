"""HTML input of handing over, conflicts of interest and breaking the glass: shape and wording."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, User
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


class TransferForm(forms.Form):
    """Which office a case shall go to, what it is told, and whether the person agrees."""

    office = forms.ChoiceField(
        label=_("Office"), error_messages={"required": _("Choose the office that takes the case.")}
    )
    note = text(
        _("Hand-over note"),
        long=True,
        required=True,
        help_text=_(
            "All that the other office reads before it decides. Name nobody. Sealed with the case."
        ),
        error_messages={"required": _("Write what the other office needs to know.")},
    )
    person_agrees = forms.ChoiceField(
        label=_("Does the person agree?"),
        choices=[("yes", _("Yes")), ("no", _("No, or was not asked"))],
        widget=forms.RadioSelect,
        help_text=_(
            "To an office of another organisation the case goes only with a recorded consent to "
            "“Sharing with the organisations of a referral” that covers that one and every part."
        ),
        error_messages={"required": _("Say whether the person agrees.")},
    )

    def __init__(self, *args: Any, offices: Iterable[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offices = {str(office.pk): office for office in offices}
        told = ((pk, f"{one} ({one.organisation})") for pk, one in self._offices.items())
        self.fields["office"].choices = [("", _("Choose")), *told]  # type: ignore[attr-defined]

    def clean_office(self) -> Office:
        return self._offices[self.cleaned_data["office"]]

    def clean_person_agrees(self) -> bool:
        return bool(self.cleaned_data["person_agrees"] == "yes")


class AcceptForm(ColleagueForm):
    """Who keeps the case from now on."""

    person = forms.ChoiceField(
        label=_("Officer of the case"),
        error_messages={"required": _("Choose who keeps the case from now on.")},
    )


class DeclineForm(forms.Form):
    """Why the case is not taken over."""

    reason = text(
        _("Why not?"),
        required=True,
        help_text=_("The office of the case reads it. Sealed with the case."),
        error_messages={"required": _("Say why: the other office plans by it.")},
    )


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
        help_text=_("In your own words. Kept encrypted with the case's log."),
        error_messages={"required": _("Write at least a sentence.")},
    )
    classes = forms.MultipleChoiceField(
        label=_("What do you need to read?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose as little as helps."),
        error_messages={"required": _("Choose at least one part.")},
    )

    def __init__(self, *args: Any, classes: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = choices_of(classes)
        self.fields["classes"].choices = choices  # type: ignore[attr-defined]
