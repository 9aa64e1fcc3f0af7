"""Bringing cases in from a file."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.confirming import confirmed
from accounts.models import User
from audit.refusals import refused_choices
from cases.import_forms import ImportForm
from cases.services import grants
from cases.services.importing import ask_for_import
from core.access import require
from core.exceptions import BadInput
from core.http import StaffRequest
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.CASE_IMPORT)
@confirmed
def bring_in(request: StaffRequest) -> HttpResponse:
    """Send a file; a worker checks it and opens its cases."""
    of_office = User.objects.filter(office=request.user.office, is_active=True)
    people = [one for one in of_office.order_by("display_name") if grants.can_be_officer(one)]
    is_sent = request.method == "POST"
    data, files = (request.POST, request.FILES) if is_sent else (None, None)
    form = ImportForm(data, files, people=people)
    if is_sent and form.is_valid():
        sent = form.cleaned_data
        try:
            job = ask_for_import(
                sent["file"],
                owner=sent["person"],
                accept_good_rows=sent["accept_good_rows"],
                by=request.user,
            )
            return redirect("jobs:job", job.pk)
        except BadInput as error:
            form.add_error("file", str(error.message))
    refused_choices(request, form, "person")
    return render(request, "cases/import.html", {"form": form}, status=422 if is_sent else 200)
