"""The forms of a registration, and the case that comes out of them."""

from collections.abc import Mapping
from typing import Any

from accounts.selectors import other_organisations
from cases.entry_forms import StatusDecisionForm
from cases.forms import ConsentForm, PersonForm, VictimForm
from cases.sections import CaseSummary
from cases.services.new_case import NewCase
from core.http import StaffRequest


def registration_forms(
    request: StaffRequest, initial: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Consent, person, what happened and identification; `initial` is what is known of them before."""
    known = dict(initial or {})
    return {
        "person": PersonForm(request.POST or None, initial=known),
        "victim": VictimForm(request.POST or None, initial=known),
        "consent": ConsentForm(
            request.POST or None,
            prefix="consent",
            organisations=other_organisations(request.user.organisation_id),
        ),
        "decision": StatusDecisionForm(
            request.POST or None,
            prefix="decision",
            classes=set(),
            empty_permitted=True,
            use_required_attribute=False,
        ),
    }


def new_case_of(forms: Mapping[str, Any]) -> NewCase:
    """The case, out of valid forms; with how it came to us where they ask for that."""
    return NewCase(
        identity=forms["person"].identity(),
        contact=forms["person"].contact(),
        victim=forms["victim"].victim(),
        summary=forms["summary"].content() if "summary" in forms else CaseSummary(),
        consent=forms["consent"].terms(),
        entries=[
            (name, forms[name].content()) for name in ("decision",) if forms[name].has_changed()
        ],
    )
