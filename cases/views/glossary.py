"""The page of the glossary."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.glossary import grouped_terms


@require_safe
@login_not_required
def glossary(request: HttpRequest) -> HttpResponse:
    """What each field is called here and in HTCDS, and what it may hold."""
    return render(request, "cases/glossary.html", {"groups": grouped_terms()})
