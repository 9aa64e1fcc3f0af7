"""The offer to go on with an unfinished form, at the top of the form."""

from typing import Any

from django import template
from django.forms import BaseForm, FileInput
from django.http import QueryDict

from cases import drafts

register = template.Library()


@register.inclusion_tag("cases/_draft.html", takes_context=True)
def draft(context: template.Context, *forms: BaseForm) -> dict[str, Any]:
    """Offer what was typed before, or fill it into these forms; nothing when a form came back.

    The form keeps the revision it was made from, so that a change made meanwhile is noticed.
    """
    request = context["request"]
    if any(form.is_bound for form in forms):
        return {}
    waiting = drafts.waiting(request.user, request.path)
    if waiting is None:
        return {}
    typed = drafts.resumed(request)
    if typed is not None:
        for form in forms:
            _fill(form, typed)
        if typed.get("revision"):
            context["revision"] = typed["revision"]
    return {
        "waiting": waiting,
        "is_open": typed is not None,
        "go_on": f"?draft={drafts.OPEN}",
        "place": context.get("place"),
        "csrf_token": context.get("csrf_token"),
    }


def _fill(form: BaseForm, typed: QueryDict) -> None:
    """Show what was typed as if the form had always held it, without judging it yet."""
    for name, field in form.fields.items():
        if not isinstance(field.widget, FileInput):
            html_name = form.add_prefix(name)
            form.initial[name] = field.widget.value_from_datadict(typed, {}, html_name)
