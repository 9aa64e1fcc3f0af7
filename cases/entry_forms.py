"""HTML input of what a case file holds several of (cases/entries.py)."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.countries import country_groups
from cases.forms import KnownDayField, day, degrees, one_of, section_from, several_of, text
from cases.reference import entry_choices
from cases.sections import (
    CommentContent,
    PerpetratorContent,
    RiskContent,
    StatusDecisionContent,
    TraffickingEventContent,
)
from core.classes import LONG_NAMES
from core.schema import Section


class EntryForm(forms.Form):
    """What all have in common. `classes` are those one may write in the case."""

    SCHEMA: ClassVar[type[Section]]
    FOLDED: ClassVar[tuple[str, ...]] = ()  # fields that are seldom filled in

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def content(self, base: Section | None = None) -> Section:
        return section_from(self, self.SCHEMA, base)


class StatusDecisionForm(EntryForm):
    """Whether the person was trafficked, and who decided that."""

    SCHEMA = StatusDecisionContent

    trafficking_status = one_of(
        _("Trafficking status"), entry_choices("TRAFFICKING_STATUS"), required=True
    )
    trafficking_status_decided_by = one_of(
        _("Decided by"), entry_choices("DECISION_MAKING_ORG"), required=True
    )
    decided_on = day(_("Decided on"), required=True)
    grounds = text(
        _("Grounds"), long=True, help_text=_("The signs that speak for it, and against it.")
    )


class TraffickingEventForm(EntryForm):
    """Something that happened on the way."""

    SCHEMA = TraffickingEventContent
    FOLDED = ("state", "street", "postal_code", "latitude", "longitude")

    event_type = one_of(_("Phase"), entry_choices("HISTORIC_EVENT_TYPE"), required=True)
    event_date = KnownDayField(_("When"))
    country = one_of(_("Country"), country_groups)
    state = text(_("Region"))
    city = text(_("Town"))
    street = text(_("Street"))
    postal_code = text(_("Postal code"))
    latitude = degrees(_("Latitude"), 90)
    longitude = degrees(_("Longitude"), 180)
    event_description = text(_("What happened there"), long=True)


class PerpetratorForm(EntryForm):
    """Somebody who took part."""

    SCHEMA = PerpetratorContent
    FOLDED = ("middle_name", "gender", "citizenship")

    second_name = text(_("Family name"))
    first_name = text(_("Given name"))
    middle_name = text(_("Patronymic or middle name"))
    other_names = text(_("Called"), help_text=_("The names the person knew them by."))
    gender = one_of(_("Gender"), entry_choices("GENDER"))
    citizenship = forms.MultipleChoiceField(
        label=_("Citizenship"),
        choices=country_groups,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("Hold Ctrl to choose more than one."),
    )
    organisation = text(_("Organisation or group"))
    role_in_process = several_of(_("Part taken"), entry_choices("PERPETRATOR_ROLE"))
    role_details = text(_("What they did"), long=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        said = ("second_name", "first_name", "other_names", "organisation", "role_details")
        if not any(data.get(name) or name in self.errors for name in said):
            self.add_error("role_details", _("Enter a name, or what they did."))
        return data


class RiskForm(EntryForm):
    """What threatens the person: the two questions that cannot wait come first."""

    SCHEMA = RiskContent

    urgent_medical_need = one_of(
        _("Does the person need a doctor at once?"), entry_choices("ANSWERS"), required=True
    )
    threat = one_of(
        _("Does anybody threaten the person, or might they be trafficked again?"),
        entry_choices("ANSWERS"),
        required=True,
    )
    risk_level = one_of(_("Risk"), entry_choices("RISK_LEVELS"), required=True)
    risks_of_person = several_of(
        _("What about the person adds to it?"), entry_choices("RISKS_OF_PERSON")
    )
    risks_of_household = several_of(
        _("What about the household?"), entry_choices("RISKS_OF_HOUSEHOLD")
    )
    risks_of_community = several_of(
        _("What about the community?"), entry_choices("RISKS_OF_COMMUNITY")
    )
    risk_details = text(_("In words"), long=True)
    safety_plan = text(
        _("Safety plan"), long=True, help_text=_("What was agreed, and who does what at once.")
    )
    person_took_part = one_of(_("Did the person take part?"), entry_choices("ANSWERS"))
    review_due = day(
        _("Next review"),
        required=True,
        latest_today=False,
        help_text=_("At the next contact, or earlier when something happens."),
    )

    def clean_review_due(self) -> Any:
        due = self.cleaned_data["review_due"]
        if due < timezone.localdate():
            raise forms.ValidationError(_("Enter a day from today on."))
        return due


class CommentForm(EntryForm):
    """A note on the progress of the case."""

    SCHEMA = CommentContent

    cls = forms.ChoiceField(
        label=_("Part of the case"),
        widget=forms.RadioSelect,
        help_text=_("Only those with whom this part is shared can read the comment."),
        error_messages={"required": _("Choose the part of the case it belongs to.")},
    )
    comment = text(
        _("Comment"),
        long=True,
        required=True,
        help_text=_("It stays as it is written. You can add another one later."),
        error_messages={"required": _("Write the comment.")},
    )

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, classes=classes, **kwargs)
        choices = [choice for choice in LONG_NAMES.items() if choice[0] in classes]
        self.fields["cls"].choices = choices  # type: ignore[attr-defined]
        self.fields["cls"].initial = "narrative" if "narrative" in classes else choices[0][0]
