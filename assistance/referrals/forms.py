"""HTML input of referrals: shape and wording."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from assistance.models import OverrideGround
from assistance.providers.directory import Told
from assistance.referrals.table import SERVICES
from assistance.sections import ReferralContent
from cases.consents import beyond, includes, kept_back
from cases.forms import day, one_of, section_from, text
from cases.keeping_forms import SEALED
from cases.reference import entry_choices
from cases.sections import ConsentTerms
from core.classes import LONG_NAMES, choices_of

ANSWERED_WITHIN = timedelta(days=3)  # unless the sender says otherwise
SEEN_FOR = timedelta(days=90)
NOT_AGREED = _("Not among those the person agreed to")
KEPT_BACK = _("The person keeps this back")
UNKNOWN = Told(_("Not in the directory of providers"))


class TellingOptions(forms.widgets.ChoiceWidget):
    """Options to choose from, some of them with what there is to know of them."""

    told: Mapping[str, Told] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if told := self.told.get(str(value)):
            option["told"] = told
            option["attrs"]["aria-describedby"] = f"{option['attrs'].get('id', name)}_told"
        return option


class ReceiverRadios(TellingOptions, forms.RadioSelect):
    """Organisations, each with what the directory of providers says of it, and the consent."""


class PartBoxes(TellingOptions, forms.CheckboxSelectMultiple):
    """Parts of the case, with what the consent says of them."""


class ReferralForm(forms.Form):
    """To whom, what they get of the case, and what is arranged."""

    FOLDED = ("reason_for_outgoing_referral", "referred_case_worker")

    to = forms.ChoiceField(
        label=_("Refer to"),
        widget=ReceiverRadios,
        error_messages={"required": _("Choose an organisation.")},
    )
    outgoing_referral_details = text(
        _("Message"),
        long=True,
        required=True,
        help_text=_("What the person needs and what you ask for. They read it with what you send."),
        error_messages={"required": _("Say what you ask for.")},
    )
    meeting_place = text(_("Where is the person handed over?"))
    meeting_time = text(_("When?"))
    accompanied_by = text(_("Who goes with them?"))
    classes = forms.MultipleChoiceField(
        label=_("What they may open"),
        choices=list(LONG_NAMES.items()),
        widget=PartBoxes,
        help_text=_("What this needs is ticked already. Send more only if they cannot do without."),
        error_messages={"required": _("Choose at least one part.")},
    )
    answer_due = day(_("Answer due"), required=True, latest_today=False)
    until = day(_("They see it until"), required=True, latest_today=False)
    reason_for_outgoing_referral = one_of(
        _("Reason for referring on"), entry_choices("REFERRAL_REASON")
    )
    referred_case_worker = text(_("Whom to ask at the other organisation"))
    # Asked for only where the person has not agreed to what is chosen.
    ground = forms.ChoiceField(
        label=_("Why can it not wait for their consent?"),
        choices=OverrideGround.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Without consent a danger to life is the only reason.")},
    )
    note = text(
        _("What is the danger?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={"required": _("Say it in your own words: somebody else decides by it.")},
    )

    def __init__(
        self,
        *args: Any,
        typed: QueryDict,
        service: str,
        organisations: Iterable[Organisation],
        told: Mapping[UUID, Told],
        own_classes: set[str],
        terms: ConsentTerms | None,
        **kwargs: Any,
    ) -> None:
        """`typed`: in this request or a draft; `terms`: of the last consent if it covers referrals."""
        super().__init__(*args, **kwargs)
        self.service = service
        to = [typed["to"]] if typed.get("to") else []
        self.beyond = beyond(terms, to=to, classes=typed.getlist("classes")) if terms else ""
        self.is_covered = terms is not None and not self.beyond
        if self.is_covered:
            del self.fields["ground"], self.fields["note"]
        self._organisations = {str(one.pk): one for one in organisations}
        fields: dict[str, Any] = self.fields
        fields["to"].choices = [(pk, str(one)) for pk, one in self._organisations.items()]
        agreed = {pk for pk in self._organisations if not terms or includes(terms, pk)}
        if len(self._organisations) == len(agreed) == 1:
            fields["to"].initial = next(iter(agreed))
        of_directory = {pk: told.get(one.pk, UNKNOWN) for pk, one in self._organisations.items()}
        fields["to"].widget.told = {
            pk: one if pk in agreed else replace(one, warnings=(NOT_AGREED, *one.warnings))
            for pk, one in of_directory.items()
        }
        kept = kept_back(terms, own_classes) if terms else []
        fields["classes"].choices = choices_of(own_classes)
        fields["classes"].widget.told = dict.fromkeys(kept, Told("", (KEPT_BACK,)))
        fields["classes"].initial = [cls for cls in SERVICES[service].needs if cls not in kept]
        today = timezone.localdate()
        fields["answer_due"].initial = today + ANSWERED_WITHIN
        fields["until"].initial = today + SEEN_FOR
        fields["reason_for_outgoing_referral"].initial = "AdditionalServicesRequired"

    def clean_to(self) -> Organisation:
        return self._organisations[self.cleaned_data["to"]]

    def content(self) -> ReferralContent:
        """What is sealed with the referral."""
        return msgspec.structs.replace(section_from(self, ReferralContent), service=self.service)


class DecideForm(forms.Form):
    """What whoever decides on a referral without consent has to say."""

    note = text(_("Your answer"), help_text=SEALED)


class SaidForm(forms.Form):
    """What somebody has to say with a step, or about how it goes."""

    said = text(_("In your words"), long=True)
