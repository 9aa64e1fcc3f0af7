"""HTML input of the trail: what is looked for, about whom one asks, and why a trail is exported."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.roles import ROLES
from audit.forms import number_field
from cases.explained import CLASSES
from cases.forms import day, text
from cases.keeping_forms import SEALED
from cases.models import Case, CaseUserGrant, CourtReason
from cases.trail_finding import NOBODY, EventKind, TrailFilter, recent_actors
from core.classes import SHORT_NAMES
from core.sorting import by_words


class PersonField(forms.ChoiceField):
    """A member of staff out of a list, or of the address that led here."""

    def __init__(self, *, empty: Any, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self._empty = empty
        self._people: dict[str, User] = {}

    def offer(self, people: set[UUID], asked: str, *others: tuple[str, Any]) -> None:
        """Offer these people by name, and the one who is asked about, whoever that is."""
        wanted = people | ({UUID(asked)} if _is_uuid(asked) else set())
        found = sorted(User.objects.filter(pk__in=wanted), key=by_words)
        self._people = {str(user.pk): user for user in found}
        self.choices = [
            ("", self._empty),
            *((pk, str(u)) for pk, u in self._people.items()),
            *others,
        ]

    def clean(self, value: Any) -> User | str | None:
        chosen = super().clean(value)
        return self._people.get(chosen, chosen or None)


class DaysForm(forms.Form):
    """A form with the fields `since` and `until`: days in their order, each of which may be left out."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", _("Choose a day that is not before the first."))
        return data


class TrailForm(DaysForm):
    """Which events of a case one wants to see."""

    person = PersonField(label=_("Person"), empty=_("Anybody"))
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Everything")), *EventKind.choices]
    )
    cls = forms.ChoiceField(
        label=_("Part"),
        required=False,
        choices=[("", _("Any")), *((cls, SHORT_NAMES[cls]) for cls in CLASSES)],
    )
    since = day(_("From"))
    until = day(pgettext_lazy("last day of a range", "Until"))
    number = number_field()

    def __init__(self, data: Any, *, case: Case) -> None:
        super().__init__(data)
        people = recent_actors(case) | _holders(case)
        nobody = (NOBODY, _("Tutela itself, or not signed in"))
        self.fields["person"].offer(people, data.get("person", ""), nobody)  # type: ignore[attr-defined]

    def wanted(self) -> TrailFilter:
        """What is asked for; the form must be valid."""
        return TrailFilter(**self.cleaned_data)


class WhoForm(forms.Form):
    """About whom one asks, and of what day."""

    person = PersonField(label=_("Person"), empty=_("Everybody who sees it"))
    on = day(_("On"), help_text=_("Leave it empty to ask about today."))

    def __init__(self, data: Any, *, case: Case, alone: User | None) -> None:
        """`alone` is who may ask about nobody else."""
        super().__init__(data)
        self._alone = alone
        if alone:
            del self.fields["person"]
            return
        readers = [code for code, role in ROLES.items() if role.classes]
        colleagues = User.objects.filter(
            is_active=True, role_holdings__role__in=readers, role_holdings__ended_at=None
        )
        people = set(colleagues.values_list("pk", flat=True)) | _holders(case)
        self.fields["person"].offer(people, data.get("person", ""))  # type: ignore[attr-defined]

    @property
    def about(self) -> User | None:
        """Who is asked about; None: everybody who sees the case. The form must be valid."""
        return self._alone or self.cleaned_data["person"]


class CourtForm(DaysForm):
    """Why the trail of a case goes out of the house."""

    reason = forms.ChoiceField(
        label=_("Who needs it?"),
        choices=CourtReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who needs it.")},
    )
    note = text(
        _("On what grounds?"),
        long=True,
        required=True,
        help_text=SEALED,
        error_messages={
            "required": _("Write at least a sentence, such as the number of the order.")
        },
    )
    since = day(_("Events from"), help_text=_("Leave both empty for the whole trail."))
    until = day(_("Events until"), help_text=_("Both days are part of it."))

    def __init__(self, *args: Any, keeps_note: bool, **kwargs: Any) -> None:
        """Of an erased case nothing typed can be kept, so nothing is asked for."""
        super().__init__(*args, **kwargs)
        if not keeps_note:
            del self.fields["note"]

    def wanted(self) -> TrailFilter:
        """Of which days; the form must be valid."""
        return TrailFilter(since=self.cleaned_data["since"], until=self.cleaned_data["until"])


def _holders(case: Case) -> set[UUID]:
    """Everybody who was given access to the case at some time."""
    return set(CaseUserGrant.objects.filter(content_object=case).values_list("user", flat=True))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
