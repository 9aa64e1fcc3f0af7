"""The tour: to be seen again, and to be put away."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.services import end_tour
from accounts.tour import tour_for
from core.http import StaffRequest


@require_http_methods(["GET", "POST"])
def tour(request: StaffRequest) -> HttpResponse:
    """Show the tour of somebody's role, or remember that it was seen."""
    if request.method == "POST":
        end_tour(request.user)
        return redirect("home")
    return render(request, "account/tour.html", {"tour": tour_for(request.user)})
