"""The case file: registering, reading, changing, consenting."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.selectors import other_organisations
from cases import door, papers
from cases.forms import ConsentForm, PersonForm, SummaryForm, VictimForm, initial_of
from cases.keeping import keeping_of
from cases.links import ToldLink, seen_of, told_links
from cases.merges import merge_of
from cases.models import CLOSED, Case, Person
from cases.panels import CASE_PANELS
from cases.presenters import told
from cases.sections import CaseLinks, CaseSummary, ConsentTerms
from cases.selectors import get_case_for, get_case_or_tombstone_for, is_gone, victim_of
from cases.services import casework, consents, intake
from cases.services.glass import restricted_case
from cases.services.merging import is_reversible
from cases.stages import STAGES, moves_of, stage_of
from cases.views.changing import change
from cases.views.erasure import tombstone
from cases.views.frame import case_frame
from cases.views.glass import restricted
from cases.views.papers import paper_answer
from cases.views.parts import rows_of, told_panel, told_parts
from cases.views.registering import new_case_of, registration_forms
from cases.views.showing import bar_of, closed_to, is_asked, open_for_page, waiting_of
from core.access import require
from core.downloads import gives_file
from core.exceptions import NotFound
from core.http import StaffRequest
from core.rights import Right
from core.schema import Section


@require_http_methods(["GET", "POST"])
@require(Right.CASE_REGISTER)
def register(request: StaffRequest) -> HttpResponse:
    """Register a person with consent, on one page; a case with a reference comes out."""
    forms = registration_forms(request)
    checked = [form.is_valid() for form in forms.values()]  # all of them, to show every error
    if request.method == "POST" and all(checked):
        case = intake.register_case(new_case_of(forms), by=request.user)
        messages.success(request, _("Case %s is open.") % case.reference)
        return redirect("cases:detail", reference=case.reference)
    status = 422 if request.method == "POST" else 200
    return render(request, "cases/register.html", {"forms": forms}, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.CASE_READ)
def detail(request: StaffRequest, reference: str) -> HttpResponse:
    """The case page: every part the reader may open, in one event; or what is left of an erased case.

    Who the person is stays closed; a POST shows the same page with it, in an event of its own.
    Who may break the glass is told that a case is there that they do not see.
    """
    try:
        case, access = get_case_or_tombstone_for(request.user, reference)
    except NotFound:
        if (hidden := restricted_case(request.user, reference)) is None:
            raise
        return restricted(request, hidden)
    if is_gone(case):
        return tombstone(request, case, access)
    user, shown = request.user, is_asked(request)
    closed = closed_to(access, shown=shown)
    person, consents = victim_of(case), list(case.consents.all())
    panel_rows = [rows_of(panel, case, closed) for panel in CASE_PANELS]
    rows = [case, person, *consents, *(row for rows in panel_rows for row in rows)]
    waiting = waiting_of(request, access)
    found = open_for_page(rows, by=user, access=access, shown=shown)
    opened = list(zip(rows, found, strict=True))
    consent_rows = opened[2 : 2 + len(consents)]
    rest = iter(opened[2 + len(consents) :])
    opened_for = {
        panel.name: [next(rest) for _row in rows]
        for panel, rows in zip(CASE_PANELS, panel_rows, strict=True)
    }
    record = {**opened[0][1], **opened[1][1]}  # of the case and of the person
    frame = case_frame(request, case, access)
    bar = bar_of(access, record.get("identity"), shown=shown)
    context = (
        frame
        | bar
        | waiting
        | {
            "in_place": True,
            "parts": told_parts(record, access),
            "links": _links(record.get("links"), user),
            "shows_links": "narrative" in access.read,
            "may_link": "narrative" in access.write,
            "merge": (merge := merge_of(case) if case.status in CLOSED else None),
            "may_undo_merge": merge is not None and frame["may_merge"] and is_reversible(merge),
            "consents": [
                (row, sections["terms"].consented, told(sections["terms"]))  # type: ignore[attr-defined]
                for row, sections in consent_rows
                if "terms" in sections
            ],
            "panels": [
                told_panel(
                    *(panel, case, user, access),
                    *(opened_for[panel.name], opened_for.get(panel.tells_of, []), closed),
                )
                for panel in CASE_PANELS
            ],
            "keeping": keeping_of(case, access, user),
            "step": STAGES[stage_of(case)],
            "moves": moves_of(case),
        }
    )
    return render(request, "cases/detail.html", context)


def _links(links: Section | None, user: User) -> list[ToldLink]:
    """The links of the case that this person may know of."""
    if not isinstance(links, CaseLinks):
        return []
    return told_links(links, seen_of([links], user))


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


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def change_summary(request: StaffRequest, reference: str) -> HttpResponse:
    """Change how the case came to us."""
    case, access = get_case_for(request.user, reference)
    casework.check_writes(access, Case.SECTIONS["summary"][0])
    [sections] = door.open_rows([case], by=request.user)
    before = sections["summary"]
    assert isinstance(before, CaseSummary)
    form = SummaryForm(request.POST or None, initial=before.as_dict())

    def write(revision: int) -> None:
        summary = form.content(before)
        casework.change_summary(case, summary, before=before, revision=revision, by=request.user)

    frame = case_frame(request, case, access)
    return change(request, case, form, write, template="cases/summary.html", context=frame)


def _change(
    request: StaffRequest,
    reference: str,
    form_type: type[PersonForm] | type[VictimForm],
    names: tuple[str, ...],
    template: str,
) -> HttpResponse:
    """Open sections of the person, show them in a form, write what comes back."""
    case, access = get_case_for(request.user, reference)
    casework.check_writes(access, *(Person.SECTIONS[name][0] for name in names))
    person = victim_of(case)
    [before] = door.open_rows([person], by=request.user)
    initial = initial_of(before[name] for name in names)
    form = form_type(request.POST or None, initial=initial)

    def write(revision: int) -> None:
        after = {name: getattr(form, name)(before[name]) for name in names}
        casework.change_person(
            person, before=before, after=after, revision=revision, by=request.user
        )

    frame = case_frame(request, case, access)
    return change(request, person, form, write, template=template, context=frame)


@gives_file
@require_GET
@require(Right.CASE_EDIT)
def consent_form(request: StaffRequest, language: str) -> HttpResponse:
    """The form of consent to be printed, in a language. There is nothing in it about anyone."""
    if language not in papers.LANGUAGES:
        raise NotFound(_("There is no form in this language."))
    with papers.in_language(language):
        paper = papers.consent_form(request.user.office)
    return paper_answer(paper, language, f"consent-{language}")


@require_http_methods(["GET", "POST"])
@require(Right.CASE_EDIT)
def record_consent(request: StaffRequest, reference: str) -> HttpResponse:
    """Add a record of consent."""
    case, access = get_case_for(request.user, reference)
    casework.check_can_write(request.user, case, "narrative")
    others = other_organisations(case.office.organisation_id)
    form = ConsentForm(request.POST or None, organisations=others)
    if request.method == "POST" and form.is_valid():
        terms: ConsentTerms = form.terms()
        day = form.cleaned_data["recorded_on"]
        row = consents.record_consent(case, terms=terms, recorded_on=day, by=request.user)
        messages.success(request, _("Consent is recorded."))
        if told_of_end := consents.what_ends(row, terms):
            messages.warning(request, told_of_end)
        return redirect("cases:detail", reference=reference)
    status = 422 if request.method == "POST" else 200
    context = case_frame(request, case, access) | {"form": form}
    return render(request, "cases/consent.html", context, status=status)
