"""Every part of the page kit in every state, on one page. Only where TUTELA_DEBUG is on."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.templatetags.ui import TONES
from core.trends import Line, Trend

CHOICES = [("low", _("Planned")), ("medium", _("Under way")), ("high", _("Delivered"))]


class EveryField(forms.Form):
    """One field of each kind; shown empty, shown with mistakes, and shown disabled."""

    name = forms.CharField(label=_("Name"), help_text=_("As colleagues see it."))
    amount = forms.DecimalField(label=_("Amount"), required=False)
    day = forms.DateField(label=_("From"))
    kind = forms.ChoiceField(label=_("Status"), choices=CHOICES)
    state = forms.ChoiceField(label=_("State"), choices=CHOICES, widget=forms.RadioSelect)
    parts = forms.MultipleChoiceField(
        label=_("Measures"), choices=CHOICES, widget=forms.CheckboxSelectMultiple
    )
    agreed = forms.BooleanField(label=_("Agreed"))
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput)
    file = forms.FileField(label=_("Add a file"), required=False)
    notes = forms.CharField(label=_("Notes"), widget=forms.Textarea)


def _form(*, disabled: bool = False, **more: Any) -> EveryField:
    form = EveryField(**more)
    for field in form.fields.values():
        field.disabled = disabled
    return form


@require_safe
@login_not_required
def components(request: HttpRequest) -> HttpResponse:
    """The page; its words are some that other pages have, so that each language can be looked at."""
    days = [date(2026, month, 1) for month in range(1, 6)]
    trend = Trend(
        name="trend",
        title=_("Outcome"),
        days=days,
        lines=[
            Line(label, [(at * pace + pace) % 5 for at in range(5)])
            for pace, (_code, label) in enumerate(CHOICES, 1)
        ],
        steps=[(value, value) for value in range(5)],
        told=str,
    )
    shown = {
        "forms": [
            _form(prefix="empty"),
            _form(prefix="wrong", data={"wrong-day": "31.02.2026", "wrong-kind": "none"}),
            _form(prefix="disabled", disabled=True),
        ],
        "wrong": _form(prefix="wrong", data={}),
        "tones": TONES,
        "levels": ("info", "success", "warning", "error"),
        "panels": ("", "good", "stop"),
        "moments": ("", "quiet", "warn"),
        "pairs": [(_("Name"), "Ā Ä Ж Ў Ї Щ 0123456789"), (_("Office"), "")],
        "changes": [
            {"label": _("State"), "before": CHOICES[0][1], "after": CHOICES[2][1], "changed": True},
            {"label": _("Country"), "before": "BY", "after": "BY", "changed": False},
            {"label": _("Notes"), "before": "", "after": CHOICES[1][1], "changed": True},
        ],
        "headings": [_("Year"), *(label for _code, label in CHOICES)],
        "rows": [[year, year % 7, year % 11, year % 13] for year in range(2019, 2027)],
        "bars": [(number, number * 22, 60 + number * 30) for number in range(6)],
        "shades": range(1, 6),
        "trend": trend,
        "today": days[-1],
    }
    return render(request, "core/components.html", shown)
