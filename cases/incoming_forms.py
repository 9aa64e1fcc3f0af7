"""HTML input of referrals of people to us: shape and wording."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Office, Organisation
from cases.countries import LANGUAGES
from cases.forms import KnownDayField, day, one_of, section_from, several_of, text
from cases.incoming import ANSWERED_WITHIN
from cases.reference import NEEDS, TOLD_ANSWERS
from cases.sections import IncomingContact, IncomingPerson, IncomingTold
from cases.services.incoming import Referred


def _asked(label: Any, **kwargs: Any) -> forms.ChoiceField:
    """A question that whoever refers somebody answers, be it that they do not know."""
    return forms.ChoiceField(
        label=label,
        choices=list(TOLD_ANSWERS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say yes or no, or that it is not known.")},
        **kwargs,
    )


class IncomingForm(forms.Form):
    """What is told of somebody. What cannot wait is asked first."""

    mark_required = True  # most fields are not

    danger_now = _asked(_("Is the person in danger now?"))
    urgent_need = _asked(
        _("Is there an urgent need?"), help_text=_("A doctor, a bed for tonight, food.")
    )
    urgency = text(_("What danger, what need?"), long=True)
    second_name = text(_("Family name"))
    first_name = text(_("Given name"))
    middle_name = text(_("Patronymic or middle name"))
    birthdate = KnownDayField(_("Date of birth"))
    age_as_told = text(
        _("Age, where the date is not known"), help_text=_("As “about 16, a child”.")
    )
    primary_language = one_of(_("Main language"), lambda: list(LANGUAGES.items()))
    mobile_phone = text(_("Mobile phone"))
    safe_contact = text(
        _("Safe contact"),
        long=True,
        help_text=_("When and how a call or a letter puts nobody at risk."),
    )
    needs = several_of(_("What does the person need?"), list(NEEDS.items()))
    why_trafficked = text(
        _("Why is this thought to be trafficking?"),
        long=True,
        required=True,
        error_messages={"required": _("Say why this is thought to be trafficking.")},
    )
    agreed_to_be_referred = _asked(_("Has the person agreed to be referred?"))
    meeting = text(
        _("How is the meeting arranged?"),
        long=True,
        help_text=_("Where and when the person can be met, and who is with them."),
    )
    referring_case_worker = text(_("Whom to ask there"))
    referring_phone = text(_("Their telephone"))
    answer_due = day(_("Answer due"), required=True, latest_today=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer_due"].initial = timezone.localdate() + ANSWERED_WITHIN

    def clean_answer_due(self) -> Any:
        due = self.cleaned_data["answer_due"]
        if due < timezone.localdate():
            raise forms.ValidationError(_("An answer is due from today on."))
        return due

    def referred(self) -> Referred:
        return Referred(
            person=section_from(self, IncomingPerson),
            contact=section_from(self, IncomingContact),
            told=section_from(self, IncomingTold),
        )


class SendForm(IncomingForm):
    """The same for somebody of a partner organisation, who chooses the office."""

    office = forms.ChoiceField(
        label=_("To which office?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an office.")},
    )

    def __init__(self, *args: Any, offices: Iterable[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offices = {str(one.pk): one for one in offices}
        names = [(pk, f"{one}, {one.organisation}") for pk, one in self._offices.items()]
        self.fields["office"].choices = names  # type: ignore[attr-defined]
        if len(names) == 1:
            self.fields["office"].initial = names[0][0]
        self.order_fields(["danger_now", "urgent_need", "urgency", "office"])

    def clean_office(self) -> Office:
        return self._offices[self.cleaned_data["office"]]


class TakeDownForm(IncomingForm):
    """The same for an officer, to whom it was told by telephone or by letter."""

    organisation = forms.ChoiceField(label=_("From which organisation?"), required=False)
    referring_organisation = text(
        _("From whom, where it is not in the list"),
        help_text=_("The police, a hospital, a neighbour."),
    )
    received_on = day(_("Received on"), required=True)

    def __init__(self, *args: Any, organisations: Iterable[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organisations = {str(one.pk): one for one in organisations}
        names = [(pk, str(one)) for pk, one in self._organisations.items()]
        self.fields["organisation"].choices = [("", _("Not in the list")), *names]  # type: ignore[attr-defined]
        self.fields["received_on"].initial = timezone.localdate()
        last = ("referring_case_worker", "referring_phone", "received_on", "answer_due")
        others = (name for name in IncomingForm.base_fields if name not in last)
        self.order_fields([*others, "organisation", "referring_organisation", *last])

    def clean_organisation(self) -> Organisation | None:
        return self._organisations.get(self.cleaned_data["organisation"])


class ArrangedForm(forms.Form):
    """What is told to whoever referred the person, when it is accepted."""

    arranged = text(
        _("Answer to whoever referred the person"),
        long=True,
        help_text=_(
            "What happens next, and whom to call. They see nothing of the case, nor whether it is new."
        ),
    )


class AcceptForm(ArrangedForm):
    """For which case somebody is accepted who is here already: its button says so."""

    case = forms.CharField(label=_("Case"), max_length=20, widget=forms.HiddenInput)


class DeclineIncomingForm(forms.Form):
    """Why the person is not taken in, and what else may help."""

    declined_because = text(
        _("Why not?"),
        required=True,
        help_text=_("Whoever referred the person reads it. Write nothing of other cases."),
        error_messages={"required": _("Say why: whoever referred the person plans by it.")},
    )
    advised = text(
        pgettext_lazy("to whoever is declined", "Advice"),
        long=True,
        help_text=_("Where else help may be found."),
    )
