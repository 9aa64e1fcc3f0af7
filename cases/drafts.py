"""Nothing that was typed is lost when a session ends: unfinished forms wait, sealed, for their person.

The page sends what is typed while it is being typed (frontend/js/session.js). A form that is sent after
its session ran out is kept here, too. The next time its person opens the form, it is offered.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.models import Case, Draft, DraftContent
from cases.selectors import get_case_for
from core.exceptions import BadInput, DomainError, NotFound
from vault import sealing
from vault.keyring import keyring
from vault.models import SYSTEM_SCOPE

KEPT_FOR = timedelta(days=7)
LONGEST = 256 * 1024  # characters
PADDED_TO = 1024  # bytes
NOT_KEPT = {"csrfmiddlewaretoken", "draft_act", "draft_path", "draft_person"}
OPEN = "open"  # as in ?draft=open: go on with what was typed

# Forms that are kept, by the name of their address. Upper applications add theirs in apps.ready().
FORMS = {
    f"cases:{name}"
    for name in (
        *("register", "person", "victim", "summary", "consent", "sharing", "add_file"),
        *("add_entry", "entry", "link", "add_task", "add_incoming", "register_incoming"),
        *("close", "send_back", "reopen", "hold", "erase", "decide", "court", "transfer"),
    )
}
GetResponse = Callable[[HttpRequest], HttpResponse]


def keep(*, by: User, path: str, typed: Iterable[tuple[str, str]]) -> None:
    """Keep what is typed into the form at `path`, instead of what was kept of it before.

    Raises NotFound for an address without a form or a case that `by` does not see, Erased, and BadInput
    when it is too long. Only the first keeping is an event: typing goes on for a while.
    """
    case, classes = _case_of(path, by)
    fields = [(name, value) for name, value in typed if name not in NOT_KEPT]
    if sum(len(name) + len(value) for name, value in fields) > LONGEST:
        raise BadInput(_("This is too long to be kept."))
    draft = Draft(id=Draft.id_of(by.pk, path), user=by, case=case, path=path)
    content = msgspec.json.encode(DraftContent(classes=classes, fields=fields))
    if case is None:
        keyring.ensure(SYSTEM_SCOPE)
    else:
        keyring.load([case.pk])
    draft.content_sealed = sealing.seal(draft.place(), content, quantum=PADDED_TO)
    with transaction.atomic():
        columns = {"kept_at": draft.kept_at, "content_sealed": draft.content_sealed}
        _row, is_new = Draft.objects.update_or_create(
            id=draft.id, defaults=columns, create_defaults=columns | _whose(draft)
        )
        if is_new:
            trail.record(Verb.DRAFT_KEPT, by=by, cases=[case.pk] if case else [])


def _whose(draft: Draft) -> dict[str, Any]:
    return {"user": draft.user, "case": draft.case, "path": draft.path}


def drop(*, by: User, path: str) -> None:
    """Forget what was kept of the form at `path`, because its person wants it so."""
    draft = waiting(by, path)
    if draft is not None and Draft.objects.filter(pk=draft.pk).forget():
        trail.record(Verb.DRAFT_DROPPED, by=by, cases=_cases(draft))


def sweep() -> None:
    """Forget what nobody came back to for some days."""
    for draft in Draft.objects.filter(kept_at__lt=timezone.now() - KEPT_FOR):
        if Draft.objects.filter(pk=draft.pk).forget():
            trail.record(Verb.DRAFT_DROPPED, by=None, cases=_cases(draft), reason="too old")


def waiting(by: User, path: str) -> Draft | None:
    """The unfinished form of this person at this address."""
    return Draft.objects.filter(pk=Draft.id_of(by.pk, path)).first()


def resumed(request: HttpRequest) -> QueryDict | None:
    """What the person typed, when this request asks to go on with it; opened once for a request."""
    if request.method != "GET" or request.GET.get("draft") != OPEN:
        return None
    if not hasattr(request, "resumed_draft"):
        draft = waiting(request.user, request.path)  # type: ignore[arg-type]
        request.resumed_draft = draft and _typed(door.open_draft(draft, by=request.user))  # type: ignore
    return request.resumed_draft  # type: ignore[attr-defined]


def _typed(content: DraftContent) -> QueryDict:
    typed = QueryDict(mutable=True)
    for name, value in content.fields:
        typed.appendlist(name, value)
    return typed


def _case_of(path: str, by: User) -> tuple[Case | None, list[str]]:
    """The case a form belongs to, and what `by` may read of it."""
    match = _form_at(path)
    if match is None:
        raise NotFound(_("There is no such form."))
    if "reference" not in match.kwargs:
        return None, []
    case, access = get_case_for(by, match.kwargs["reference"])
    return case, sorted(access.read)


def _form_at(path: str) -> ResolverMatch | None:
    """What serves an address whose form is kept; None for every other address."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if match.view_name in FORMS else None


def _cases(draft: Draft) -> list[UUID]:
    return [draft.case_id] if draft.case_id else []


# --- With every request ---------------------------------------------------------------
def nothing_is_lost(get_response: GetResponse) -> GetResponse:
    """Keep a form that was sent too late or waits for a confirmation; forget one that was taken."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # After a confirmation allauth has made this request the one that waited for it.
        if request.method == "POST" and response.status_code == 302 and _form_at(request.path):
            _keep_or_forget(request)
        return response

    return middleware


def _keep_or_forget(request: HttpRequest) -> None:
    if request.user.is_authenticated and STATE_SESSION_KEY not in request.session:
        Draft.objects.filter(pk=Draft.id_of(request.user.pk, request.path)).forget()
        return
    whose = request.user.pk or request.session.was_of  # type: ignore[attr-defined]
    by = User.objects.filter(pk=whose, is_active=True).first()
    if by is not None:
        with suppress(DomainError):
            keep(by=by, path=request.path, typed=pairs(request.POST))


def pairs(data: QueryDict) -> list[tuple[str, str]]:
    """Every value of a posted form, with its name."""
    return [(name, value) for name, values in data.lists() for value in values]
