"""The statistics for programs, in the name of a person: what there is, and any table of it.

The figures are those of the page. docs/reference/statistics-api.md shows an answer of each kind.
"""

from django.http import HttpResponse, JsonResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.access import require
from core.exceptions import BadInput
from core.http import StaffRequest, for_programs
from core.rights import Right
from reporting import services
from reporting.exports import schema_of, to_json
from reporting.forms import FIELDS, FIRST_TABLE, TableForm
from reporting.surface import MAX_DIMENSIONS

NAMES = ("dims", "filter", "level", "measure")


@for_programs
@require(Right.STATISTICS_BUILD)
@require_safe
def schema(request: StaffRequest) -> HttpResponse:
    """The latest snapshot and what it can be asked for. It holds no figure."""
    snapshot = services.current_snapshot()
    told = schema_of(snapshot, services.surface_of(snapshot.pk))
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


@for_programs
@require(Right.STATISTICS_BUILD)
@require_safe
def table(request: StaffRequest) -> HttpResponse:
    """The table that the query names, or the first one of the page; recorded as on the page."""
    surface = services.surface_of(services.current_snapshot().pk)
    definition = TableForm.read(_asked(request.GET), surface)
    form = "token" if request.token else "api"
    found = services.view_table(definition, by=request.user, form=form, token=request.token)
    return HttpResponse(to_json(found), content_type="application/json")


def _asked(query: QueryDict) -> dict[str, str]:
    """What stands in the fields of the builder. A name nobody knows is an error: it may be misspelt."""
    if not query:
        return FIRST_TABLE
    if any(name not in NAMES or len(values) > 1 for name, values in query.lists()):
        raise BadInput(
            _("Name dims, filter, level and measure, each at most once, and nothing else.")
        )
    dims = query.get("dims", "").split(",")
    if not all(dims) or len(dims) > MAX_DIMENSIONS:
        raise BadInput(
            _("Name one to %(count)s dimensions in dims, with commas between them.")
            % {"count": MAX_DIMENSIONS}
        )
    shown = dict(zip(FIELDS, dims, strict=False))
    asked = {name: query.get(name, "") for name in ("level", "measure")}
    return shown | asked | {"only": query.get("filter", "")}
