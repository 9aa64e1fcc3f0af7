"""HTML input of the directory of providers."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, User
from assistance.models import Provider
from assistance.referrals.table import SERVICES
from cases.countries import LANGUAGES
from cases.forms import day, one_of, several_of, text
from cases.reference import ORGANISATION_TYPE
from core.sorting import by_words

MOST_PLACES = 10_000
SERVICE_CHOICES = [(code, service.name) for code, service in SERVICES.items()]


class ProviderFilter(forms.Form):
    """Which providers to list: choices alone, for they stand in the address. Text is posted."""

    service = forms.ChoiceField(label=_("Service"), required=False)
    region = forms.ChoiceField(label=_("Region"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    standing = forms.ChoiceField(
        label=_("Which"),
        required=False,
        choices=[
            ("", _("In use")),
            ("due", _("Agreement ends soon or has ended")),
            ("retired", _("No longer used")),
        ],
    )

    def __init__(self, *args: Any, providers: Iterable[Provider], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        regions = {(one.region, one.region) for one in providers}
        languages = {(code, LANGUAGES[code]) for one in providers for code in one.languages}
        for name, choices in (
            ("service", SERVICE_CHOICES),
            ("region", sorted(regions, key=lambda one: by_words(one[1]))),
            ("language", sorted(languages, key=lambda one: by_words(one[1]))),
        ):
            self.fields[name].choices = [("", _("Any")), *choices]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, str]:
        """What the list is narrowed to; what is no choice of ours narrows nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class ProviderForm(forms.Form):
    """A provider. Data of the office: no name of anybody assisted belongs here."""

    AGREEMENT = (
        *("agreement", "agreement_covers"),
        *("agreement_begins_on", "agreement_ends_on"),
    )

    name = text(
        pgettext_lazy("of a thing", "Name"),
        required=True,
        error_messages={"required": _("Enter a name.")},
    )
    kind = one_of(_("Type"), ORGANISATION_TYPE.items(), required=True, initial="NGO")
    services = several_of(_("Services"), SERVICE_CHOICES)
    region = forms.CharField(label=_("Region"), max_length=100)
    address = text(_("Address"))
    telephone = forms.CharField(
        label=_("Telephone"),
        required=False,
        max_length=100,
        help_text=_("Of the office that answers, not of one person."),
    )
    opening = text(_("Opening hours"))
    languages = several_of(_("Languages"), lambda: list(LANGUAGES.items()))
    agency = forms.ModelChoiceField(
        label=_("Organisation in Tutela"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("None"),
        help_text=_(
            "If cases can be referred to its desk. Then the referral shows what stands here."
        ),
    )
    agreement = forms.CharField(label=_("Reference"), required=False, max_length=100)
    agreement_covers = text(_("What it covers"))
    agreement_begins_on = day(_("From"), latest_today=False)
    agreement_ends_on = day(_("Until"), latest_today=False)
    remarks = forms.CharField(
        label=_("Remarks"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("About the provider, never about a person. Everybody who looks here reads it."),
    )
    is_retired = forms.BooleanField(
        label=_("No longer used"),
        required=False,
        help_text=_("It stays in the directory, but is proposed to nobody."),
    )

    def __init__(
        self, *args: Any, by: User, others: Iterable[Provider] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._others = list(others)
        organisations = Organisation.objects.exclude(pk=by.organisation_id).order_by("name")
        self.fields["agency"].queryset = organisations  # type: ignore[attr-defined]
        regions = sorted({one.region for one in self._others}, key=by_words)
        self.regions = regions  # to choose from, while another can be typed
        self.fields["region"].widget.attrs["list"] = "regions"

    def clean_services(self) -> list[str]:
        services: list[str] = self.cleaned_data["services"]
        if not services:
            raise forms.ValidationError(_("Choose at least one service."))
        return services

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("name") in {one.name for one in self._others}:
            self.add_error("name", _("Another provider has this name."))
        agency = data.get("agency")
        if agency and agency.pk in {one.agency_id for one in self._others}:
            self.add_error("agency", _("Another provider is this organisation."))
        if not data.get("agreement") and any(data.get(name) for name in self.AGREEMENT):
            self.add_error("agreement", _("Enter the reference of the agreement."))
        begins, ends = data.get("agreement_begins_on"), data.get("agreement_ends_on")
        if begins and ends and ends < begins:
            self.add_error("agreement_ends_on", _("This is before the day it begins."))
        return data

    @classmethod
    def initial_of(cls, provider: Provider) -> dict[str, Any]:
        """What the form shows of a provider."""
        return {name: getattr(provider, name) for name in cls.base_fields}


class PlacesForm(forms.Form):
    """How many places are free today. The field is empty, so that what is typed is the number."""

    places_free = forms.IntegerField(
        label=_("Places free today"),
        min_value=0,
        max_value=MOST_PLACES,
        error_messages={"required": _("Enter a number, or say that it is not known any more.")},
        widget=forms.NumberInput(attrs={"autofocus": True, "inputmode": "numeric"}),
    )
