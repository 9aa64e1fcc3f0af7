"""What the pages of accounts take: shape and wording. What it means is in the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.administered import offices_of
from accounts.models import Office, Organisation, User
from accounts.proposals import LONGEST, Kind
from accounts.tokens import DAYS, MOST_DAYS

NOWHERE = ("", _("None"))


def _line(label: Any, *, longest: int = 150, **kwargs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, max_length=longest, widget=widget, **kwargs)


class PeopleFilter(forms.Form):
    """Which accounts to list."""

    office = forms.ChoiceField(label=_("Office"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", pgettext_lazy("account", "Active")), ("suspended", _("Suspended"))],
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["office"].choices = [("", _("Any")), *_office_choices(by)]


class AccountForm(forms.Form):
    """What a person is called and where they work."""

    username = _line(
        _("Username"), help_text=_("Typed at every sign-in. It stays as it is for ever.")
    )
    display_name = _line(_("Name"), help_text=_("As colleagues see it."))
    office = forms.ChoiceField(label=_("Office"), required=False)

    def __init__(self, *args: Any, by: User, subject: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if subject is not None:
            del self.fields["username"]
            self.initial = {"display_name": subject.display_name, "office": subject.office_id}
        choices = _office_choices(by)
        self.fields["office"].choices = choices if by.partner else [NOWHERE, *choices]
        self.fields["office"].required = by.partner is not None
        self._offices = offices_of(by)

    def clean_office(self) -> Office | None:
        chosen = self.cleaned_data["office"]
        return self._offices.get(pk=chosen) if chosen else None


class TokenForm(forms.Form):
    """A token for a program: what it is called and for how long it works."""

    name = _line(
        pgettext_lazy("of a thing", "Name"),
        longest=60,
        help_text=_("Which program uses it, such as “Dashboard”."),
    )
    days = forms.IntegerField(
        label=_("Days until it ends"), min_value=1, max_value=MOST_DAYS, initial=DAYS
    )


class AskForm(forms.Form):
    """What is asked for about somebody, and why."""

    parameter = forms.ChoiceField(
        label=_("Which?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    note = forms.CharField(
        label=_("Why?"),
        help_text=_("For the person who decides. It is sealed."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write at least a sentence.")},
    )

    def __init__(self, *args: Any, kind: Kind, by: User, subject: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = kind.choices(by, subject)
        if kind.has_parameter:
            self.fields["parameter"].choices = self.choices
        else:
            del self.fields["parameter"]


class NameForm(forms.Form):
    """What a team, an office or an organisation is called."""

    name = _line(pgettext_lazy("of a thing", "Name"), longest=200)


class OrganisationForm(NameForm):
    """An agency."""

    kind = _line(_("Type"), longest=40, help_text=_("As in HTCDS, such as NGO or Government."))
    is_partner = forms.BooleanField(
        label=_("A partner: its people hold the roles of partners only. This cannot be changed."),
        required=False,
    )


class OfficeForm(NameForm):
    """A place where cases are worked on."""

    code = _line(
        _("Code"),
        longest=20,
        help_text=_("Short, such as BY-MSQ. It stands in references and stays for ever."),
    )
    country = _line(_("Country"), longest=2, help_text=_("Two letters, such as BY."))
    organisation = forms.ModelChoiceField(
        label=_("Organisation"), queryset=Organisation.objects.order_by("name")
    )
    field_order = ("organisation", "name", "code", "country")


def _office_choices(by: User) -> list[tuple[str, str]]:
    offices = offices_of(by).order_by("name", "code").values_list("pk", "name", "code")
    return [(str(pk), f"{name} ({code})") for pk, name, code in offices]
