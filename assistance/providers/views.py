"""Pages of the directory of providers. What a person needs is asked for by choices or in the body of a
request: nothing that is typed stands in an address."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from assistance.models import Provider
from assistance.providers import directory
from assistance.providers.forms import PlacesForm, ProviderFilter, ProviderForm
from core.access import require
from core.exceptions import Conflict
from core.http import StaffRequest, revision_of
from core.rights import Right

LONGEST = 100  # letters that are searched for


@require_http_methods(["GET", "POST"])
@require(Right.PROVIDER_SEE)
def providers(request: StaffRequest) -> HttpResponse:
    """The directory, narrowed to what was chosen; posted, to a text or from the form of a case."""
    rows = list(directory.providers_of(request.user))
    text = request.POST.get("text", "")[:LONGEST]
    form = ProviderFilter(request.POST or request.GET, providers=rows)
    chosen = form.chosen()
    context = {
        "form": form,
        "chosen": chosen,
        "query": urlencode(chosen),
        "text": text,
        "providers": directory.matching(rows, text=text, **chosen),
        "due": len(directory.matching(rows, standing="due")),
        "may_set": request.user.has_right(Right.PROVIDER_SET),
    }
    return render(request, "providers/list.html", context)


@require_GET
@require(Right.PROVIDER_SEE)
def provider(request: StaffRequest, provider: UUID) -> HttpResponse:
    """One provider. On paper it is what can be handed to a person: where it is and when it is open."""
    row = directory.provider_for(request.user, provider)
    may_set = request.user.has_right(Right.PROVIDER_SET)
    return render(request, "providers/provider.html", {"row": row, "may_set": may_set})


@require_http_methods(["GET", "POST"])
@require(Right.PROVIDER_SET)
def new(request: StaffRequest) -> HttpResponse:
    """Add a provider to the directory."""
    is_sent = request.method == "POST"
    others = directory.providers_of(request.user)
    form = ProviderForm(request.POST if is_sent else None, by=request.user, others=others)
    if is_sent and form.is_valid():
        added = directory.add_provider(Provider(**form.cleaned_data), by=request.user)
        messages.success(request, _("The provider is in the directory."))
        return redirect("providers:provider", provider=added.pk)
    context = {"form": form, "heading": _("New provider")}
    return render(request, "providers/form.html", context, status=422 if is_sent else 200)


@require_http_methods(["GET", "POST"])
@require(Right.PROVIDER_SET)
def change(request: StaffRequest, provider: UUID) -> HttpResponse:
    """Change what stands in the directory."""
    row = directory.provider_for(request.user, provider)
    is_sent = request.method == "POST"
    form = ProviderForm(
        request.POST if is_sent else None,
        by=request.user,
        others=directory.providers_of(request.user).exclude(pk=row.pk),
        initial=ProviderForm.initial_of(row),
    )
    revision, conflict = revision_of(request) if is_sent else row.revision, ""
    if is_sent and form.is_valid():
        try:
            directory.change_provider(row, form.cleaned_data, revision=revision, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("providers:provider", provider=row.pk)
        except Conflict as error:
            revision, conflict = row.revision, str(error.message)
    status = 409 if conflict else 422 if is_sent else 200
    context = {"form": form, "heading": _("Change a provider"), "row": row, "revision": revision}
    return render(request, "providers/form.html", context | {"conflict": conflict}, status=status)


@require_http_methods(["GET", "POST"])
@require(Right.PROVIDER_SEE)
def places(request: StaffRequest, provider: UUID) -> HttpResponse:
    """Note how many places are free today: one click from the directory to here, one to save."""
    row = directory.provider_for(request.user, provider)
    is_sent = request.method == "POST"
    is_unknown = "unknown" in request.POST
    form = PlacesForm(request.POST if is_sent else None)
    if is_sent and (is_unknown or form.is_valid()):
        free = None if is_unknown else form.cleaned_data["places_free"]
        directory.note_places(row, free, by=request.user)
        messages.success(request, _("Saved."))
        return redirect("providers:list")
    context = {"form": form, "row": row}
    return render(request, "providers/places.html", context, status=422 if is_sent else 200)
