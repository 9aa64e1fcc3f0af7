"""Template tags of the page kit: fields, error summaries, tags, dates. Nothing about cases here.

Built in (settings.TEMPLATES), so no page has to load them.
"""

import copy
import datetime
import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.forms.formsets import BaseFormSet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

TONES = ("neutral", "info", "good", "wait", "warn", "stop")

# Code of a status -> tone. Apps add their own codes in AppConfig.ready().
STATUS_TONES: dict[str, str] = {}

TICKS = {"checkbox": "checkboxes", "radio": "radios"}  # parts of the design system

_DAY_FIRST = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")


@register.filter
def as_json(value: object) -> str:
    """As JSON, for a data attribute that a script of ours reads."""
    return json.dumps(value)


# --- Forms ----------------------------------------------------------------------------
@register.simple_tag
def field(
    bound: BoundField,
    *,
    label: str | None = None,
    hint: str | None = None,
    width: str = "",
    legend: str = "s",
    inline: bool = False,
    about: str = "",
) -> SafeString:
    """A whole field: label, hint, error message and input, linked to each other.

    `label` and `hint` replace the form's own ("" leaves the hint out); `width` is one of
    2 3 4 5 10 20 30 (characters) or full, three-quarters, two-thirds, one-half, one-third,
    one-quarter; `legend` is s, m or l; `inline` sets short radios side by side; `about` is markup that
    stands beside the label.
    """
    shown = copy.copy(bound)  # the page may word a field its own way; the form stays as it was
    if label is not None:
        shown.label = label
    if hint is not None:
        shown.help_text = hint
    classes = [bound.field.widget.attrs.get("class", ""), _width_class(width)]
    context: dict[str, Any] = {
        "field": shown,
        "control": shown.as_widget(attrs={"class": " ".join(filter(None, classes))}),
        "beside": None,
        "legend_size": legend,
        "inline": inline,
        "about": about,
    }
    # Another field of the form that belongs to this one, behind a small disclosure.
    if beside := getattr(bound.field, "beside", ""):
        context["beside"] = bound.form[beside]
        told: dict[str, str | bool] = {"aria-describedby": f"{bound.form[beside].id_for_label}_of"}
        context["beside_control"] = bound.form[beside].as_widget(attrs=told)
    return shown.render(shown.template_name, context)


def _width_class(width: str | int) -> str:
    width = str(width)
    if not width:
        return ""
    if width.isdigit():
        return f"govuk-input--width-{width}"
    return f"govuk-!-width-{width}"


@register.filter
def field_mark(bound: BoundField) -> str:
    """The word after a label: "(optional)" by default, "(required)" where form.mark_required is set.

    A form without one required field (a filter, a search) gets neither.
    """
    form = bound.form
    if not any(item.required for item in form.fields.values()):
        return ""
    if getattr(form, "mark_required", False):
        return _("(required)") if bound.field.required else ""
    is_tick = getattr(bound.field.widget, "input_type", "") == "checkbox"
    return "" if bound.field.required or is_tick else _("(optional)")


@register.filter
def is_single_checkbox(bound: BoundField) -> bool:
    """Whether the field is one tick box, whose label stands behind it."""
    return getattr(bound.field.widget, "input_type", "") == "checkbox" and not bound.use_fieldset


@register.filter
def classes(widget: dict[str, Any], block: str) -> str:
    """The CSS classes of a widget's tag: of the block, refused values and long lists, and its own."""
    attrs = widget["attrs"]
    found = [
        block,
        f"{block}--error" if attrs.get("aria-invalid") == "true" else "",
        "app-select-many" if attrs.get("multiple") else "",
        attrs.get("class", ""),
    ]
    return " ".join(filter(None, found))


@register.filter
def attributes(widget: dict[str, Any]) -> SafeString:
    """What else stands in a widget's tag. No browser keeps what was typed unless the widget wants it."""
    attrs = widget["attrs"]
    kept = {name: value for name, value in attrs.items() if name != "placeholder"}
    if not attrs.get("autocomplete") and widget.get("type") not in ("hidden", "select"):
        kept["autocomplete"] = "off"
    return SafeString(_attributes(kept))


# A page offers two thousand countries, languages and codes. A template for each line takes a quarter of
# a second, and Django's escaping, which looks for texts that wait for their language, a part of that.
@register.filter
def option_tags(groups: list[tuple[Any, list[dict[str, Any]], int]]) -> SafeString:
    """The lines of a list, as a widget of Django's describes them: (group or None, options, index)."""
    return _in_groups(groups, _option, '<optgroup label="{}">', "</optgroup>")


@register.filter
def tick_tags(groups: list[tuple[Any, list[dict[str, Any]], int]]) -> SafeString:
    """Tick boxes or radio buttons with their words; an option's `told` is what stands below it."""
    return _in_groups(groups, _tick, '<p class="app-scroll-group__title">{}</p>')


def _in_groups(groups: Any, write: Any, begin: str, end: str = "") -> SafeString:
    lines: list[str] = []
    for group, options, _index in groups:
        told = [write(option) for option in options]
        lines += [begin.format(escape(str(group))), *told, end] if group else told
    return SafeString("\n".join(filter(None, lines)))


def _option(option: dict[str, Any]) -> str:
    value, label = escape(str(option["value"])), escape(str(option["label"]))
    return f'<option value="{value}"{_attributes(option["attrs"])}>{label}</option>'


def _tick(option: dict[str, Any]) -> str:
    css, kind, attrs = f"govuk-{TICKS[option['type']]}", option["type"], option["attrs"]
    told = _hint(css, attrs["id"], option["told"]) if option.get("told") else ""
    name, value = escape(option["name"]), escape(str(option["value"]))
    label, used_for = escape(str(option["label"])), escape(attrs["id"])
    return (
        f'<div class="{css}__item"><input class="{css}__input" type="{kind}" name="{name}"'
        f' value="{value}"{_attributes({"autocomplete": "off"} | attrs)}>'
        f'<label class="govuk-label {css}__label" for="{used_for}">{label}</label>{told}</div>'
    )


def _attributes(attrs: dict[str, Any]) -> str:
    """As Django's `flatatt`, without the class, which stands in the markup."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in attrs.items()
        if value is not None and value is not False and name != "class"
    )


def _hint(css: str, of: str, told: Any) -> SafeString:
    tags = format_html_join(
        "", "{} ", ((status_tag("warning", one, "warn"),) for one in told.warnings)
    )
    return format_html(
        '<div class="govuk-hint {}__hint" id="{}_told">{}{}</div>', css, of, tags, told.facts
    )


@register.filter
def iso_date(value: object) -> str:
    """A date the way `<input type="date">` wants it, from ISO or day.month.year; else unchanged."""
    text = "" if value is None else str(value).strip()
    if match := _DAY_FIRST.match(text):
        day, month, year = (int(part) for part in match.groups())
        try:
            return datetime.date(year, month, day).isoformat()
        except ValueError:
            return text
    return text


@register.filter
def is_iso_date(value: str) -> bool:
    """Whether a date input would show this value; it shows nothing at all for any other text."""
    if not value:
        return True
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == len("2026-01-31")


def _errors_of(form: BaseForm) -> Iterator[dict[str, object]]:
    for message in form.non_field_errors():
        yield {"message": message, "target": ""}
    for bound in form:
        if bound.is_hidden:
            continue
        # Groups of radios and checkboxes have no element of their own to focus: take the first.
        target = bound.id_for_label or (f"{bound.auto_id}_0" if bound.auto_id else "")
        for message in bound.errors:
            yield {"label": bound.label, "message": message, "target": target}


@register.inclusion_tag("_components/error_summary.html")
def error_summary(*forms: "BaseForm | BaseFormSet[BaseForm] | None") -> dict[str, object]:
    """What is wrong with these forms and formsets, each line a link to its field; "" when nothing."""
    errors: list[dict[str, object]] = []
    for form in forms:
        if isinstance(form, BaseFormSet):
            if form.is_bound:
                errors += [{"message": text, "target": ""} for text in form.non_form_errors()]
                for member in form.forms:
                    errors += _errors_of(member)
        elif form is not None and form.is_bound:
            errors += _errors_of(form)
    return {"errors": errors}


@register.simple_block_tag
def fieldset(content: str, legend: str, size: str = "m") -> SafeString:
    """Fields under one legend: {% fieldset _("Consent") %}…{% endfieldset %}."""
    return format_html(
        '<fieldset class="govuk-fieldset app-fieldset">'
        '<legend class="govuk-fieldset__legend govuk-fieldset__legend--{}">{}</legend>'
        "{}</fieldset>",
        size,
        legend,
        content,
    )


# --- Small things in text and tables --------------------------------------------------
@register.simple_tag
def status_tag(code: object, label: object = "", tone: str = "") -> SafeString:
    """A status in colour and, always, in words. The tone comes from STATUS_TONES unless given."""
    tone = tone or STATUS_TONES.get(str(code), "neutral")
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"status_tag: {tone!r} is none of {', '.join(TONES)}")
    return format_html(
        '<strong class="govuk-tag app-tag app-tag--{}">{}</strong>', tone, label or code
    )


@register.simple_tag
def pill(text: object, tone: str = "neutral") -> SafeString:
    """A small count or note beside a heading, a link or a name."""
    return format_html('<span class="app-pill app-pill--{}">{}</span>', tone, text)


@register.simple_tag
def date_of(value: datetime.date | None, time: bool = False) -> SafeString:
    """A day as "27 Mar 2026", with the hour when `time` is set and there is one; a dash for None."""
    if value is None or value == "":
        return format_html('<span class="app-none">{}</span>', "–")
    shown = value
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        shown = timezone.localtime(value)
    text = date_format(shown, "DATE_FORMAT")
    if time and isinstance(shown, datetime.datetime):
        text = f"{text}, {shown:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', shown.isoformat(), text)


@register.inclusion_tag("_components/empty_state.html")
def empty_state(
    title: str, text: str = "", action_url: str = "", action_label: str = ""
) -> dict[str, str]:
    """Why there is nothing here, and the one next step."""
    return {
        "title": title,
        "text": text,
        "action_url": action_url,
        "action_label": action_label,
    }


# --- The user guide -------------------------------------------------------------------
@register.inclusion_tag("_components/picture.html")
def picture(name: str, alt: str) -> dict[str, object]:
    """A picture of static/guide/, such as "ru/sign-in"; `alt` says what it shows."""
    path = f"guide/{name}.webp"
    width, height = _size(settings.BASE_DIR / "static" / path)
    return {"path": path, "width": width, "height": height, "alt": alt}


@cache
def _size(path: Path) -> tuple[int, int]:
    """Width and height of a lossless WebP picture, in pixels, from its head: Pillow stays in the process
    that checks files."""
    with path.open("rb") as file:
        sides = int.from_bytes(file.read(25)[21:], "little")  # each less one, in 14 bits
    return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
