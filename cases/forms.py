"""HTML input of the case file: shape and wording. What it means is in the services."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team, User
from cases import papers, reference
from cases.countries import LANGUAGES, country_groups
from cases.files import types
from cases.models import BY_HAND
from cases.sections import (
    AskedSection,
    CaseSummary,
    ConsentTerms,
    Contact,
    Identity,
    VictimContext,
)
from core.classes import LONG_NAMES, choices_of
from core.days import end_of
from core.known_days import EARLIEST, OutOfRange, past_day, typed_day
from core.schema import Section

NAME = 200  # letters
TEXT = 10_000
DATE_FORMATS = ["%Y-%m-%d", "%d.%m.%Y"]

S = TypeVar("S", bound=Section)


def section_from(form: forms.Form, schema: type[S], base: Section | None = None) -> S:
    """The section of this schema with the form's values; fields the form lacks come from `base`."""
    values = base.as_dict() if base is not None else {}
    for name in schema.__struct_fields__:
        if name in form.cleaned_data:
            value = form.cleaned_data[name]
            values[name] = value if value != "" or name not in _NUMBERS else None
    if isinstance(form, AnswerForm) and issubclass(schema, AskedSection):
        values["unanswered"] = form.unanswered(schema)
    return msgspec.convert(values, schema)


_NUMBERS = {"age_when_trafficked", "number_of_children"}


def text(label: Any, *, long: bool = False, required: bool = False, **kwargs: Any) -> forms.Field:
    """A line of text, or a paragraph when `long`."""
    if long:
        kwargs["widget"] = forms.Textarea(attrs={"rows": 4})
    return forms.CharField(
        label=label, required=required, max_length=TEXT if long else NAME, **kwargs
    )


def day(label: Any, *, required: bool = False, latest_today: bool = True, **kwargs: Any) -> Any:
    """A date between 1900 and today, or ten years from now."""
    return forms.DateField(
        label=label,
        required=required,
        input_formats=DATE_FORMATS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[
            MinValueValidator(EARLIEST, _("Enter a year from 1900 on.")),
            _not_in_the_future if latest_today else _not_too_far,
        ],
        error_messages={"invalid": _("Enter a date, as 2026-03-27 or 27.03.2026.")},
        **kwargs,
    )


def _not_in_the_future(value: date) -> None:
    if value > timezone.localdate():
        raise forms.ValidationError(_("Enter a date that is not in the future."))


def _not_too_far(value: date) -> None:
    if value > timezone.localdate() + timedelta(days=3653):
        raise forms.ValidationError(_("Enter a date within the next ten years."))


class KnownDayField(forms.CharField):
    """A date as far as it is known, from 1900 until today, as core/known_days.py keeps it."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        hint = _("As far as it is known: 2024, 2024-05 or 2024-05-17.")
        super().__init__(label=label, required=False, max_length=10, help_text=hint, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return typed_day(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            return past_day(typed)
        except OutOfRange:
            raise forms.ValidationError(
                _("Enter a date from 1900 on that is not in the future.")
            ) from None
        except ValueError:
            raise forms.ValidationError(
                _("Enter a year, as 2024, a month, as 2024-05, or a day, as 2024-05-17.")
            ) from None


def degrees(label: Any, most: int) -> forms.CharField:
    """Degrees of latitude or longitude, between -most and most, as text."""

    def is_on_earth(value: str) -> None:
        try:
            on_earth = abs(Decimal(value)) <= most
        except InvalidOperation:
            on_earth = False
        if not on_earth:
            raise forms.ValidationError(_("Enter degrees, as 53.9045."))

    return forms.CharField(label=label, required=False, max_length=20, validators=[is_on_earth])


def one_of(label: Any, choices: Any, *, required: bool = False, **kwargs: Any) -> forms.ChoiceField:
    """One code out of a list, "not recorded" among them unless required."""
    empty = [("", _("Choose…") if required else _("Not recorded"))]
    options = (lambda: empty + choices()) if callable(choices) else [*empty, *choices]
    return forms.ChoiceField(label=label, choices=options, required=required, **kwargs)


def several_of(label: Any, choices: Any, **kwargs: Any) -> forms.MultipleChoiceField:
    """Any number of codes out of a list, as tick boxes."""
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        **kwargs,
    )


def part_of_case(help_text: Any) -> forms.ChoiceField:
    """A field for the class of what is written; the form fills in which there are."""
    return forms.ChoiceField(
        label=_("Part of the case"),
        widget=forms.RadioSelect,
        help_text=help_text,
        error_messages={"required": _("Choose the part of the case it belongs to.")},
    )


def offer_parts(form: forms.Form, classes: set[str]) -> None:
    """Let the writer choose among these classes in the field `cls`, the narrative first of all."""
    field, choices = form.fields["cls"], choices_of(classes)
    field.choices = choices  # type: ignore[attr-defined]
    field.initial = "narrative" if "narrative" in classes else choices[0][0]


class SearchForm(forms.Form):
    """A name in any script, a number, or a reference."""

    q = forms.CharField(label=_("Name, number or reference"), max_length=NAME)


class AnswerForm(forms.Form):
    """What the person is asked for. Beside each field stands a choice of why it has no answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        why = one_of(_("Why there is no answer"), reference.entry_choices("UNANSWERED"))
        for name, field in list(self.fields.items()):
            field.beside = f"why_{name}"  # the tag `field` shows it there
            self.fields[field.beside] = why

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """What a field begins with; a reason stands with the others in `unanswered`."""
        if field_name.startswith("why_") and field_name not in self.initial:
            given = self.initial.get("unanswered", {})
            return given.get(field_name.removeprefix("why_"), "")
        return super().get_initial_for_field(field, field_name)

    def unanswered(self, schema: type[Section]) -> dict[str, str]:
        """Field of the schema → why it has no answer; those that have one are dropped by it."""
        asked = ((name, self.cleaned_data.get(f"why_{name}")) for name in schema.__struct_fields__)
        return {name: code for name, code in asked if code}


def initial_of(sections: Iterable[Section]) -> dict[str, Any]:
    """What a form of several sections begins with."""
    initial: dict[str, Any] = {"unanswered": {}}
    for section in sections:
        values = section.as_dict()
        initial["unanswered"] |= values.pop("unanswered", {})
        initial |= values
    return initial


class PersonForm(AnswerForm):
    """Who the person is and how to reach them."""

    second_name = text(_("Family name"))
    first_name = text(_("Given name"))
    middle_name = text(_("Patronymic or middle name"))
    other_names = text(
        _("Other names"), help_text=_("Former names, nicknames, other spellings; commas between.")
    )
    birthdate = KnownDayField(_("Date of birth"))
    gender = one_of(_("Gender"), reference.entry_choices("GENDER"))
    citizenship = forms.MultipleChoiceField(
        label=_("Citizenship"),
        choices=country_groups,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("On a computer, hold Ctrl to choose more than one."),
    )
    identity_number = text(_("Identity number"))
    primary_language = one_of(_("Main language"), lambda: list(LANGUAGES.items()))
    secondary_language = one_of(_("Second language"), lambda: list(LANGUAGES.items()))
    salutation = text(_("Form of address"))
    marital_status = one_of(_("Marital status"), reference.entry_choices("MARITAL_STATUS"))
    number_of_children = forms.IntegerField(
        label=_("Number of children"),
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(99)],
    )
    highest_level_of_education = one_of(_("Education"), reference.entry_choices("EDUCATION"))
    title = text(_("Position"), help_text=_("What the person works as, and where."))
    deceased = forms.TypedChoiceField(
        label=_("Has the person died?"),
        choices=[("", _("Not recorded")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    unaccompanied = forms.TypedChoiceField(
        label=_("Is the child without a parent or guardian here?"),
        choices=[("", _("Not recorded")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    guardian_name = text(_("Name of the guardian"))
    guardian_relation = text(
        _("Relation to the child"), help_text=_("Mother, uncle, appointed by a court …")
    )
    guardian_contact = text(_("How to reach the guardian"))
    mobile_phone = text(_("Mobile phone"))
    home_phone = text(_("Home phone"))
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=NAME)
    safe_contact = text(
        _("Safe contact"),
        long=True,
        help_text=_("When and how a call or letter puts nobody at risk."),
    )
    mailing_street = text(_("Street"))
    mailing_city = text(_("Town"))
    mailing_state = text(_("Region"))
    mailing_postal_code = text(_("Postal code"))
    mailing_country = one_of(_("Country"), country_groups)
    mailing_latitude = degrees(_("Latitude"), 90)
    mailing_longitude = degrees(_("Longitude"), 180)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        names = ("second_name", "first_name", "other_names")
        if not any(data.get(name) or name in self.errors for name in names):
            self.add_error(
                "second_name", _("Enter at least one name, even one the person goes by.")
            )
        return data

    def identity(self, base: Section | None = None) -> Identity:
        return section_from(self, Identity, base)

    def contact(self, base: Section | None = None) -> Contact:
        return section_from(self, Contact, base)


class VictimForm(AnswerForm):
    """What was done to the person."""

    types_of_exploitation = several_of(
        _("Types of exploitation"), reference.entry_choices("TYPES_OF_EXPLOITATION")
    )
    forced_labour_industry = several_of(
        _("Industries of forced labour"), reference.entry_choices("FORCED_LABOUR_INDUSTRY")
    )
    types_of_sex_exploitation = several_of(
        _("Types of sexual exploitation"), reference.entry_choices("TYPES_OF_SEX_EXPLOITATION")
    )
    country_of_exploitation = one_of(_("Country of exploitation"), country_groups)
    location_of_exploitation = text(_("Place of exploitation"))
    methods_of_control = several_of(
        _("Methods of control"), reference.entry_choices("METHODS_OF_CONTROL")
    )
    method_of_recruitment = several_of(
        _("Method of recruitment"), reference.entry_choices("METHOD_OF_RECRUITMENT")
    )
    location_of_recruitment = text(_("Place of recruitment"))
    relationship_to_trafficker = several_of(
        _("Relationship to the trafficker"), reference.entry_choices("RELATIONSHIP_TO_TRAFFICKER")
    )
    recruitment_websites_and_apps = several_of(
        _("Websites and apps of recruitment"), reference.entry_choices("WEBSITES_AND_APPS")
    )
    exploitation_websites_and_apps = several_of(
        _("Websites and apps of exploitation"), reference.entry_choices("WEBSITES_AND_APPS")
    )
    age_when_trafficked = forms.IntegerField(
        label=_("Age when trafficked"),
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(120)],
    )
    account = text(_("What happened, in short"), long=True)

    def victim(self, base: Section | None = None) -> VictimContext:
        return section_from(self, VictimContext, base)


class MergeForm(forms.Form):
    """Which case is a duplicate of this one, and by what that is known."""

    other = text(
        _("Reference of the duplicate"),
        required=True,
        help_text=_("The case that is closed. Work goes on in the one whose page this is."),
        error_messages={"required": _("Enter a reference, as BY-2026-000123.")},
    )
    reason = text(
        _("By what do you know that it is the same person?"),
        required=True,
        help_text=_("It is written in both cases."),
        error_messages={"required": _("Say by what you know that it is the same person.")},
    )


class LinkForm(forms.Form):
    """What the case has to do with another."""

    other = text(
        _("Reference of the other case"),
        required=True,
        error_messages={"required": _("Enter a reference, as BY-2026-000123.")},
    )
    link = one_of(_("What they have in common"), reference.entry_choices("LINKS"), required=True)
    link_remarks = text(
        _("Remarks"),
        help_text=_(
            "As “sisters”. It is written in both cases, and stays in one when the other is erased."
        ),
    )


class SummaryForm(forms.Form):
    """How the case came to us."""

    summary = text(_("Summary of the case"), long=True)
    referring_organisation = text(_("Referring organisation"))
    referring_case_worker = text(_("Whom to ask there"))
    incoming_referral_date = day(_("Referred on"))
    reason_for_incoming_referral = one_of(
        _("Reason for the referral"), reference.entry_choices("REFERRAL_REASON")
    )
    incoming_referral_details = text(_("What was told and arranged"), long=True)

    def content(self, base: Section | None = None) -> CaseSummary:
        return section_from(self, CaseSummary, base)


class ConsentForm(forms.Form):
    """What the person agreed to."""

    PAPERS = papers.LANGUAGES.items()  # in which there is a form to be signed

    consented = forms.TypedChoiceField(
        label=_("Does the person agree that we keep and use this information?"),
        help_text=_(
            "Choose No also when the person withdraws consent: then other organisations no longer see "
            "the case."
        ),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether the person agrees.")},
    )
    recorded_on = day(_("Date of consent"), required=True)
    form = one_of(_("How it was given"), reference.entry_choices("CONSENT_FORMS"))
    purposes = several_of(_("Agreed purposes"), reference.entry_choices("CONSENT_PURPOSES"))
    recipients = several_of(
        _("To be shared only with"),
        [],
        help_text=_(
            "If the person agrees to some organisations only, choose them. With none chosen, any "
            "organisation of a referral may see what is referred."
        ),
    )
    classes = several_of(
        _("Parts that may be shared"),
        list(LONG_NAMES.items()),
        help_text=_(
            "If the person wants some parts kept back, choose what may be shared. With none chosen, "
            "no part is kept back."
        ),
    )
    points_explained = several_of(
        _("Explained and agreed"), reference.entry_choices("CONSENT_GUIDANCE")
    )
    language = one_of(_("Language used"), lambda: list(LANGUAGES.items()))
    interpreter = text(_("Interpreter, if any"))
    guardian = text(_("Guardian, for a child"))
    expires_on = day(
        _("Holds until"),
        latest_today=False,
        help_text=_("Leave it empty when it holds until the person withdraws it."),
    )
    remarks = text(_("Remarks"), long=True)

    def __init__(self, *args: Any, organisations: Iterable[Organisation], **kwargs: Any) -> None:
        """`organisations` are those that the person may choose from."""
        super().__init__(*args, **kwargs)
        others = [(str(one.pk), str(one)) for one in organisations]
        self.fields["recipients"].choices = others  # type: ignore[attr-defined]

    def terms(self) -> ConsentTerms:
        return section_from(self, ConsentTerms)


class GrantForm(forms.Form):
    """Who gets which classes of a case, from when, until when."""

    to = forms.ChoiceField(
        label=_("Share with"), error_messages={"required": _("Choose a person or a team.")}
    )
    classes = forms.MultipleChoiceField(
        label=_("What they may open"),
        choices=list(LONG_NAMES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one part.")},
    )
    may_write = forms.BooleanField(
        label=_("They may also write in these parts"), required=False, initial=True
    )
    since = day(_("From"), latest_today=False)
    until = day(_("Until"), required=True, latest_today=False)
    reason = forms.ChoiceField(
        label=_("Reason"), choices=[(reason.value, reason.label) for reason in BY_HAND]
    )
    note = text(_("Note"), help_text=_("Kept encrypted with the case's log."))

    def __init__(
        self,
        *args: Any,
        people: Iterable[User],
        teams: Mapping[Team, str],
        own_classes: set[str],
        **kwargs: Any,
    ) -> None:
        """`teams` with what each is called."""
        super().__init__(*args, **kwargs)
        self._receivers: dict[str, User | Team] = {str(one.pk): one for one in (*people, *teams)}
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (_("People"), [(str(person.pk), str(person)) for person in people]),
            (_("Teams"), [(str(team.pk), name) for team, name in teams.items()]),
        ]
        self.fields["classes"].choices = [  # type: ignore[attr-defined]
            choice
            for choice in self.fields["classes"].choices
            if choice[0] in own_classes  # type: ignore[attr-defined]
        ]

    def clean_to(self) -> User | Team:
        return self._receivers[self.cleaned_data["to"]]

    def starts(self) -> datetime | None:
        """The beginning of the chosen day, here; none is now."""
        first = self.cleaned_data["since"]
        return first and timezone.make_aware(datetime.combine(first, time.min))

    def ends(self) -> datetime:
        """The end of the chosen day, here."""
        return end_of(self.cleaned_data["until"])


class FileForm(forms.Form):
    """A file to be added to a case."""

    cls = part_of_case(
        _("Only those with whom this part is shared can see that the file is there.")
    )
    description = text(_("Description"), help_text=_("What it shows, and where it is from."))
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(
            # Told of image/jpeg, a telephone sends that instead of a format of its own.
            attrs={"accept": ",".join(["image/jpeg", *(f".{e}" for e in types.ENDINGS)])},
        ),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("This file is empty. Choose another."),
        },
    )

    def __init__(self, *args: Any, classes: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = choices_of(classes)
        self.fields["cls"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["cls"].initial = choices[0][0]
        self.fields["file"].help_text = _(
            "PDF, JPEG, PNG, WebP, TIFF, Word (DOCX), Excel (XLSX), OpenDocument (ODT, ODS), text (TXT, "
            "CSV), sound (MP3, M4A, OGG, WAV) or film (MP4), up to %(size)s MB."
        ) % {"size": settings.UPLOAD_MAX_MB}

    def clean_file(self) -> Any:
        """What the upload handler noticed while the file came in."""
        upload = self.cleaned_data["file"]
        if upload.is_too_large:
            raise forms.ValidationError(
                _(
                    "This file is larger than %(size)s MB, so it was not kept. Save it smaller, or "
                    "split it."
                )
                % {"size": settings.UPLOAD_MAX_MB}
            )
        if upload.has_failed:
            raise forms.ValidationError(
                _("There was no room for the file. Tell your administrator, and try again later.")
            )
        return upload


class RemovalForm(forms.Form):
    """Why a file is removed."""

    reason = text(
        _("Reason"),
        required=True,
        help_text=_("Kept encrypted with the case's log."),
        error_messages={"required": _("Say why the file is removed.")},
    )
