"""The page on which a supervisor says what the office gives."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assistance.offers.forms import OfferForm
from assistance.offers.offers import offer_of, set_offer
from core.access import require
from core.exceptions import Conflict, NotAllowed
from core.http import StaffRequest, revision_of
from core.rights import Right


@require_http_methods(["GET", "POST"])
@require(Right.OFFER_SET)
def offer(request: StaffRequest) -> HttpResponse:
    """Switch kinds and types off and on, and name subtypes, for one's own office."""
    office = request.user.office
    if office is None:
        raise NotAllowed(_("Only a supervisor of an office says which assistance it gives."))
    row, is_sent, conflict = offer_of(office), request.method == "POST", ""
    form = OfferForm(request.POST if is_sent else None, offer=row)
    revision = revision_of(request) if is_sent else row.revision
    if is_sent and form.is_valid():
        try:
            set_offer(office, **form.values(), revision=revision, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("offers:offer")
        except Conflict as error:
            revision, conflict = row.revision, str(error.message)
    status = 409 if conflict else 422 if is_sent else 200
    context = {"form": form, "office": office, "revision": revision, "conflict": conflict}
    return render(request, "assistance/offer.html", context, status=status)
