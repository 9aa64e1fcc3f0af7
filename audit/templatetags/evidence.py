"""The checkpoint in the footer of a report: paper that shows later whether the log was rewritten."""

from typing import Any

from django import template

from audit.models import Checkpoint
from audit.publishing import qr_of

register = template.Library()


@register.inclusion_tag("_components/checkpoint.html")
def checkpoint_footer() -> dict[str, Any]:
    """The newest checkpoint as text and QR code; nothing before the first is signed."""
    newest = Checkpoint.objects.order_by("size").last()
    return {"checkpoint": newest, "code": qr_of(newest) if newest else None}
