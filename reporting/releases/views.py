"""Pages of releases: what was published, proposing, deciding, the folder as a file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.confirming import check_recent
from core.access import require
from core.downloads import file_answer, gives_file
from core.exceptions import BadInput, WrongState
from core.http import StaffRequest
from core.rights import Right
from reporting.releases import dp_tables, ledger, services
from reporting.releases.forms import ReleaseForm
from reporting.releases.kinds import KINDS
from reporting.releases.models import Release, ReleaseState


@require(Right.STATISTICS_SEE)
@require_safe
def releases(request: StaffRequest) -> HttpResponse:
    """What was published, and to whoever proposes or decides what waits."""
    context = {
        "releases": services.releases_for(request.user),
        "may_propose": request.user.has_right(Right.RELEASE_PROPOSE),
    }
    return render(request, "reporting/releases.html", context)


@require(Right.RELEASE_PROPOSE)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: StaffRequest) -> HttpResponse:
    """The kinds there are, or the form of one; POST proposes it."""
    kind = KINDS.get(request.POST.get("kind") or request.GET.get("kind", ""))
    if kind is None:
        return render(request, "reporting/kinds_of_releases.html", {"kinds": KINDS.values()})
    is_sent = request.method == "POST"
    form = ReleaseForm(kind, request.POST) if is_sent else ReleaseForm.first(kind)
    if form.is_valid():
        try:
            release = services.propose_release(kind.code, form.cleaned_data, by=request.user)
        except (BadInput, WrongState) as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Proposed. Somebody else has to approve it."))
            return redirect("reporting:release", release.pk)
    return render(request, "reporting/propose_release.html", {"form": form, "kind": kind})


@require(Right.STATISTICS_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def one_release(request: StaffRequest, release: UUID) -> HttpResponse:
    """One release in words; POST decides on it, which the service allows whom it may."""
    found = services.release_for(request.user, release)
    if services.may_decide(found, request.user):
        check_recent()
    match request.POST.get("act"):
        case "approve":
            job = services.approve_and_have_made(found, by=request.user)
            return redirect("jobs:job", job.pk)
        case "make":
            job = services.have_release_made(found, by=request.user)
            return redirect("jobs:job", job.pk)
        case "decline":
            services.decline_release(found, by=request.user)
            messages.success(request, _("Declined. Nothing is published."))
        case _act:
            return render(request, "reporting/release.html", _context(request, found))
    return redirect("reporting:release", release)


def _context(request: StaffRequest, found: Release) -> dict[str, object]:
    decides = request.user.has_right(Right.RELEASE_DECIDE)
    kind, is_own = KINDS[found.kind], found.asked_by_id == request.user.pk
    is_open, is_approved = found.state == ReleaseState.ASKED, found.state == ReleaseState.APPROVED
    job = services.job_of(found) if is_approved else None
    others = {entry.release for year in found.years for entry in ledger.entries(year)} - {found}
    others &= set(services.releases_for(request.user))
    return {
        "release": found,
        "kind": kind,
        "tables": [dp_tables.names_of(table) for table in found.definition.get("tables", ())],
        "cost": ledger.as_text(kind.charge(found.definition)),
        "left": [(year, ledger.as_text(ledger.left(year))) for year in found.years],
        "cap": ledger.as_text(ledger.cap()),
        "others": sorted(others, key=lambda each: each.asked_at),
        "notes": kind.notes(found.definition),
        "is_own": is_own and is_open,
        "may_decide": decides and is_open and not is_own,
        "may_make": decides and is_approved,
        "stand": services.stand_of(found) if is_approved else "",
        "made_until": services.made_until(found) if is_approved else None,
        "broken_off": services.BROKEN_OFF,
        "too_late": services.TOO_LATE,
        "job": job,
        "is_own_job": job is not None and job.asked_by_id == request.user.pk,
        "is_published": found.state == ReleaseState.PUBLISHED,
        "may_download": services.may_download(found, request.user),
    }


@gives_file
@require(Right.STATISTICS_SEE)
@require_safe
def release_file(request: StaffRequest, release: UUID) -> HttpResponse:
    """The published folder as a zip archive."""
    found = services.release_for(request.user, release)
    content = services.download_release(found, by=request.user)
    return file_answer(
        content, "application/zip", f"statistics-{found.year}-{str(release)[-6:]}.zip"
    )
