"""The case file: registering, reading, changing, consenting."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases import door
from cases.forms import ConsentForm, PersonForm, VictimForm
from cases.keeping import keeping_of
from cases.models import Person
from cases.panels import CASE_PANELS
from cases.presenters import told
from cases.sections import ConsentTerms
from cases.selectors import get_case_for, get_case_or_tombstone_for, is_gone, victim_of
from cases.services import casework, intake
from cases.services.new_case import NewCase
from cases.views.erasure import tombstone
from cases.views.frame import case_frame, revision_of
from core.access import require
from core.exceptions import Conflict
from core.http import StaffRequest
from core.rights import Right

# Section of the person, its heading, where it is changed, and the classes one must write there.
PARTS = (
    ("identity", gettext_lazy("Who the person is"), "cases:person", {"identity", "contact"}),
    ("contact", gettext_lazy("How to reach the person"), "cases:person", {"identity", "contact"}),
    ("victim", gettext_lazy("What happened"), "cases:victim", {"narrative"}),
)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_REGISTER)
def register(request: StaffRequest) -> HttpResponse:
    """Register a person with consent, on one page; a case with a reference comes out."""
    forms = {
        "person": PersonForm(request.POST or None),
        "victim": VictimForm(request.POST or None),
        "consent": ConsentForm(request.POST or None, prefix="consent"),
    }
    checked = [form.is_valid() for form in forms.values()]  # all of them, to show every error
    if request.method == "POST" and all(checked):
        case = intake.register_case(
            NewCase(
                identity=forms["person"].identity(),
                contact=forms["person"].contact(),
                victim=forms["victim"].victim(),
                consent=forms["consent"].terms(),
            ),
            by=request.user,
        )
        messages.success(request, _("Case %s is open.") % case.reference)
        return redirect("cases:detail", reference=case.reference)
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/register.html", {"forms": forms}, status=status)


@require_GET
@require(Right.CASE_READ)
def detail(request: StaffRequest, reference: str) -> HttpResponse:
    """The case page: every part the reader may open, in one event; or what is left of an erased case."""
    case, access = get_case_or_tombstone_for(request.user, reference)
    if is_gone(case):
        return tombstone(request, case, access)
    person, consents = victim_of(case), list(case.consents.all())
    panel_rows = [panel.rows(case) for panel in CASE_PANELS]
    rows = [case, person, *consents, *(row for rows in panel_rows for row in rows)]
    opened = list(zip(rows, door.open_rows(rows, by=request.user), strict=True))
    consent_rows = opened[2 : 2 + len(consents)]
    rest = iter(opened[2 + len(consents) :])
    panels = [
        panel.context(case, request.user, access, [next(rest) for _row in rows])
        | {"template": panel.template}
        for panel, rows in zip(CASE_PANELS, panel_rows, strict=True)
    ]
    sections = opened[1][1]
    context = case_frame(request, case, access) | {
        "name": getattr(sections.get("identity"), "full_name", ""),
        "parts": [
            (title, url if classes <= access.write else "", told(sections[section]))
            for section, title, url, classes in PARTS
            if section in sections
        ],
        "summary": told(opened[0][1]["summary"]) if "summary" in opened[0][1] else [],
        "consents": [
            (row, sections["terms"].consented, told(sections["terms"]))  # type: ignore[attr-defined]
            for row, sections in consent_rows
            if "terms" in sections
        ],
        "panels": panels,
        "keeping": keeping_of(case, access, request.user),
    }
    return render(request, "cases/detail.html", context)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def change_person(request: StaffRequest, reference: str) -> HttpResponse:
    """Change who the person is and how to reach them."""
    return _change(request, reference, PersonForm, ("identity", "contact"), "cases/person.html")


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def change_victim(request: StaffRequest, reference: str) -> HttpResponse:
    """Change what was done to the person."""
    return _change(request, reference, VictimForm, ("victim",), "cases/victim.html")


def _change(
    request: StaffRequest,
    reference: str,
    form_type: type[PersonForm] | type[VictimForm],
    names: tuple[str, ...],
    template: str,
) -> HttpResponse:
    """Open sections of the person, show them in a form, write what comes back."""
    case, access = get_case_for(request.user, reference)
    for name in names:
        casework.check_can_write(request.user, case, Person.SECTIONS[name][0])
    person = victim_of(case)
    [before] = door.open_rows([person], by=request.user)
    initial = {key: v for name in names for key, v in before[name].as_dict().items()}
    form = form_type(request.POST or None, initial=initial)
    # A form that was refused keeps the revision it was made from, or a change made meanwhile by
    # somebody else would go unnoticed when it is sent again.
    revision = revision_of(request) if request.method == "POST" else person.revision
    conflict = None
    if request.method == "POST" and form.is_valid():
        after = {name: getattr(form, name)(before[name]) for name in names}
        try:
            casework.change_person(
                person,
                before=before,
                after=after,
                revision=revision,
                by=request.user,
            )
            messages.success(request, _("Saved."))
            return redirect("cases:detail", reference=reference)
        except Conflict as error:
            conflict, revision = error.message, person.revision
    context = case_frame(request, case, access) | {
        "form": form,
        "revision": revision,
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if request.method == "POST" else 200
    return render(request, template, context, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def record_consent(request: StaffRequest, reference: str) -> HttpResponse:
    """Add a record of consent."""
    case, access = get_case_for(request.user, reference)
    casework.check_can_write(request.user, case, "narrative")
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        terms: ConsentTerms = form.terms()
        day = form.cleaned_data["recorded_on"]
        casework.record_consent(case, terms=terms, recorded_on=day, by=request.user)
        messages.success(request, _("Consent is recorded."))
        return redirect("cases:detail", reference=reference)
    status = 422 if request.method == "POST" else 200
    context = case_frame(request, case, access) | {"form": form}
    return render(request, "cases/consent.html", context, status=status)
