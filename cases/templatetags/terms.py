"""Words of HTCDS, explained where they stand."""

from django import template
from django.template.loader import render_to_string

from cases.glossary import explained_term

register = template.Library()


@register.simple_tag(takes_context=True)
def term(context: template.Context, field: str) -> str:
    """What the glossary says of this field, behind a small "?"; nothing where its words are plain.

    Once a page. It goes beside a heading, or into a field: `{% term item.name as about %}` and then
    `{% field item about=about %}`.
    """
    shown = context.render_context.setdefault("terms", set())
    explained = explained_term(field)
    if explained is None or field in shown:
        return ""
    shown.add(field)
    return render_to_string("cases/_term.html", {"term": explained})
