"""HTML input of what a case file holds several of (cases/entries.py)."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.countries import country_groups
from cases.forms import (
    KnownDayField,
    day,
    degrees,
    offer_parts,
    one_of,
    part_of_case,
    section_from,
    several_of,
    text,
)
from cases.reference import (
    INDICATORS,
    STEPS_OF_ADULTS,
    STEPS_OF_CHILDREN,
    entry_choices,
)
from cases.sections import (
    CommentContent,
    ContactPointContent,
    DocumentContent,
    PerpetratorContent,
    ProtectionContent,
    RiskContent,
    ScreeningContent,
    StatusDecisionContent,
    TraffickingEventContent,
)
from core.schema import Section


class EntryForm(forms.Form):
    """What all have in common. `classes` are those one may write in the case."""

    SCHEMA: ClassVar[type[Section]]
    FOLDED: ClassVar[tuple[str, ...]] = ()  # fields that are seldom filled in
    BY_AGE: ClassVar[bool] = False  # takes `is_child`: what it offers depends on the age

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
        help_text=_("On a computer, hold Ctrl to choose more than one."),
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


class DocumentForm(EntryForm):
    """A paper that says who the person is."""

    SCHEMA = DocumentContent

    document_type = one_of(_("Document"), entry_choices("DOCUMENT_TYPES"), required=True)
    document_number = text(_("Number of the document"))
    issuing_country = one_of(_("Issuing country"), country_groups)
    valid_until = day(_("Valid until"), latest_today=False)
    document_held = one_of(_("Where it is now"), entry_choices("DOCUMENT_HELD"))
    document_remarks = text(_("Remarks on the document"), long=True)


class ContactPointForm(EntryForm):
    """A phone or an account."""

    SCHEMA = ContactPointContent

    channel = one_of(_("Way to reach the person"), entry_choices("CHANNELS"), required=True)
    reached_at = text(
        _("Number or account"),
        required=True,
        error_messages={"required": _("Enter the number, or the name of the account.")},
    )
    belongs_to = text(
        _("Whose it is"),
        help_text=_("The person's own, or a relative's, a friend's, an employer's."),
    )
    safe_to_call = one_of(_("Is it safe to use?"), entry_choices("ANSWERS"), required=True)
    channel_remarks = text(
        _("When and how"), long=True, help_text=_("What to say when somebody else answers.")
    )


class ScreeningForm(EntryForm):
    """Signs that were looked for. What nobody asked is not the same as no."""

    SCHEMA = ScreeningContent
    mark_required = True  # most fields are not

    screened_on = day(_("Screened on"), required=True)
    screened_by = one_of(_("Screened by"), entry_choices("DECISION_MAKING_ORG"))
    other_signs = text(_("Other signs"), long=True)
    screening_result = one_of(_("Result"), entry_choices("SCREENING_RESULTS"), required=True)

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, classes=classes, **kwargs)
        answered = self.initial.get("indicators", {})
        for code, label in INDICATORS.items():
            answers = entry_choices("INDICATOR_ANSWERS")
            self.fields[f"sign_{code}"] = one_of(label, answers, initial=answered.get(code, ""))
        dated, signs = ("screened_on", "screened_by"), (f"sign_{code}" for code in INDICATORS)
        self.order_fields([*dated, *signs])

    def content(self, base: Section | None = None) -> Section:
        screening = section_from(self, ScreeningContent, base)
        answers = {code: self.cleaned_data[f"sign_{code}"] for code in INDICATORS}
        screening.indicators = {code: answer for code, answer in answers.items() if answer}
        return screening


class ProtectionForm(EntryForm):
    """A step of protection: of those there are, what the person's age allows."""

    SCHEMA = ProtectionContent
    BY_AGE = True

    protection_step = one_of(_("Step"), entry_choices("PROTECTION_STEPS"), required=True)
    step_from = day(_("From, or decided on"), required=True, latest_today=False)
    step_until = day(_("To"), latest_today=False)
    determination = text(_("What was decided, and why"), long=True)
    took_part = text(_("Who took part in the decision"))
    childs_view = text(
        _("The child's own view"), long=True, help_text=_("Of a child: in their words, if you can.")
    )

    def __init__(
        self, *args: Any, classes: set[str], is_child: bool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, classes=classes, **kwargs)
        if is_child is None:
            return
        left_out = STEPS_OF_ADULTS if is_child else STEPS_OF_CHILDREN
        # What was recorded before the age was known stays what it was.
        left_out = left_out - {self.initial.get("protection_step")}
        step = self.fields["protection_step"]
        step.choices = [choice for choice in step.choices if choice[0] not in left_out]  # type: ignore[attr-defined]
        if is_child:
            step.help_text = _("The person is a child: a reflection period is for adults alone.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("step_from"), data.get("step_until")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("step_until", _("Enter a day that is not before the first one."))
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

    cls = part_of_case(_("Only those with whom this part is shared can read the comment."))
    comment = text(
        _("Comment"),
        long=True,
        required=True,
        help_text=_("It stays as it is written. You can add another one later."),
        error_messages={"required": _("Write the comment.")},
    )

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, classes=classes, **kwargs)
        offer_parts(self, classes)
