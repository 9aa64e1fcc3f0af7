"""What an officer may ask, asked again: by somebody else, with ids of another case, with more fields.

Of the other case nothing is shown, nothing changes, and the refusal stands in the log.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from django.apps import apps
from django.db import connections, router
from django.db.models import AutoField, Model
from django.urls import reverse
from django.utils.http import urlencode

from audit.models import EventCase
from audit.verbs import Verb
from cases.models.base import SealedModel, place_of
from core.classes import SHORT_NAMES
from tests.guards import log
from tests.guards.matrix import table
from tests.guards.world import (
    ELSEWHERE,
    HOUSE,
    Arguments,
    Around,
    Side,
    accounts_around,
    ask,
    sign_in,
    undone,
)
from tests.guards.world import sides as sides
from tests.shares import first_of
from vault.cipher import CannotOpen
from vault.sealing import unseal

pytestmark = pytest.mark.django_db

PARTS = 4  # which can run beside each other
# An officer may break the glass of every case of the house: these tell that there is such a case.
MAY_BREAK_GLASS = ("cases:break_glass", "cases:search")
# The answer is a list of one's own, whatever is asked for; as it is one's own draft that one discards.
OF_NO_CASE = ("cases:list", "cases:due", "cases:search", "cases:save_list")
OF_NO_CASE += ("reporting:save_table",)
SHORT = 9  # letters: positions in the log, which could be numbers of something else
# What has to be done before something can be asked, and by whom.
BEFORE = {
    "cases:reopen": ("supervisor", "cases:approve"),
    "cases:close": ("officer", "cases:send_back"),
    "cases:transfer": ("officer", "cases:withdraw_transfer"),
    "cases:erase": ("supervisor", "cases:decide"),
    "cases:victim": ("officer", "cases:person"),
    "cases:summary": ("officer", "cases:person"),
}
# There is nothing to do, or it is a file that is answered, or the session that changes.
CHANGES_NOTHING = {"cases:break_glass", "cases:scan_file", "cases:court", "cases:search"}
CHANGES_NOTHING |= {"cases:draft", "assistance:certificate", "assistance:letter"}
CHANGES_NOTHING |= {"assistance:plan_paper", "cases:paper_summary"}
CHANGES_NOTHING |= {"providers:list", "cases:detail"}
# What the page has, and what somebody might try besides.
MORE = {
    **dict.fromkeys(("is_superuser", "is_staff", "is_active", "is_partner", "is_decoy"), "true"),
    **dict.fromkeys(("id", "pk", "uuid", "case", "case_id", "content_object"), "{case}"),
    **dict.fromkeys(("owner", "owner_id", "user", "user_id", "by", "actor"), "{other}"),
    **dict.fromkeys(("approved_by", "asked_by", "decided_by", "granted_by", "added_by"), "{other}"),
    **dict.fromkeys(("office", "office_id", "organisation_id", "partner"), "{office}"),
    **dict.fromkeys(("roles", "role", "groups", "user_permissions"), "administrator"),
    **dict.fromkeys(("classes", "cls", "sensitivity"), "financial"),
    **dict.fromkeys(("state", "erased_on", "kept_until", "opened_on", "revoked_at"), "2020-01-01"),
    **dict.fromkeys(("starts", "ends", "ended_at", "on_hold", "approved_at"), "2020-01-01T00:00"),
    **dict.fromkeys(("verb", "revision_of", "last_event", "facts", "search", "_method"), "x"),
}
# Those of them that a form does know.
KNOWN = {
    "cases:entry": {"state"},
    "cases:consent": {"classes"},
    "cases:accept_incoming": {"case"},
    "people:new": {"office"},
    "people:change": {"office"},
    "people:new_organisation": {"is_partner"},
}
KEY_OF_LINK = re.compile(r"'key': '[0-9a-f-]{36}'")
# Different each time, whatever is done.
BY_CHANCE = {"file", "file_digest", "password", "asked_session", "decided_session"}
BY_CHANCE |= {"digest"}  # of what is approved, which the same act may seal anew
BY_CHANCE |= {"session", "task", "upload"}  # of jobs


class Asked(NamedTuple):
    """A request of somebody who may make it."""

    who: str  # officer, supervisor, breaker or administrator
    name: str
    method: str
    arguments: Arguments = ()
    data: dict[str, Any] = {}
    query: dict[str, str] = {}

    def __str__(self) -> str:
        return f"{self.who}: {self.name} {self.method} {self.query or ''}"


# --- What is asked --------------------------------------------------------------------
def requests_of(around: Around) -> Iterator[Asked]:
    """Whatever the officer of the case may ask for; and the supervisor, or who broke the glass."""
    rows, reference, ids = table(), around.case.reference, around.ids
    for name, (arguments, data) in around.places.items():
        for method in ("GET", "POST"):
            answers = rows[name, method].statuses
            may = {"officer": answers["alena"], "supervisor": answers["pavel"]}
            if name == "cases:end_glass":
                may["breaker"] = answers["breaker"]
            who = next((who for who, status in may.items() if status in (200, 302, 409)), None)
            if who:
                sent = data if method == "POST" else {}
                yield Asked(who, name, method, arguments, sent)
    at_case = (reference,)
    form = reverse("cases:person", args=at_case)
    typed = {"draft_person": str(around.officer.pk), "draft_path": form, "second_name": "Новая"}
    yield Asked("officer", "cases:draft", "POST", (), typed)
    erasing = {"decision": "approve", "note": "Agreed", "reference": reference}
    yield Asked("supervisor", "cases:decide", "POST", at_case, erasing)
    yield Asked("officer", "cases:person", "GET", at_case, query={"draft": "open"})
    yield Asked("officer", "cases:trail", "GET", at_case, query={"before": ids["event"]})
    somebody = {"person": str(around.officer.pk)}
    yield Asked("officer", "cases:trail", "GET", at_case, query=somebody | {"cls": "identity"})
    yield Asked("officer", "cases:who", "GET", at_case, query=somebody)
    yield Asked("officer", "cases:list", "GET", query={"before": str(around.case.last_event)})
    narrowed = {"officer": str(around.officer.pk), "office": str(around.case.office_id)}
    yield Asked("supervisor", "cases:list", "GET", query=narrowed | {"sort": "registered"})
    yield Asked("officer", "cases:due", "GET", query={"after": ids["case"]})


def send(side: Side, asked: Asked) -> Any:
    """What the person of this side is answered who is in the place of whoever may ask."""
    url, data = reverse(asked.name, args=asked.arguments), dict(asked.data)
    if asked.query:
        url += "?" + urlencode(asked.query)
    if "draft_person" in data:
        data["draft_person"] = str(side.people[asked.who].pk)
    return ask(side.browsers[asked.who], asked.method, url, data)


def swapped(asked: Asked, own: Around, other: Around) -> Iterator[Asked]:
    """The same request with one id of the other case instead of the own, and with all of them."""
    pairs = {own.ids[name]: other.ids[name] for name in own.ids}

    def change(value: Any) -> Any:
        if isinstance(value, str):
            for mine, theirs in pairs.items():
                if len(mine) > SHORT:
                    value = value.replace(mine, theirs)
            return value
        return type(value)(pairs[str(value)]) if str(value) in pairs else value

    arguments = tuple(map(change, asked.arguments))
    for number, value in enumerate(arguments):
        if value != asked.arguments[number]:
            yield asked._replace(
                arguments=(*asked.arguments[:number], value, *asked.arguments[number + 1 :])
            )
    data = {name: change(value) for name, value in asked.data.items()}
    query = {name: change(value) for name, value in asked.query.items()}
    if "before" in query:
        query["before"] = other.ids["event"] if asked.arguments else str(other.case.last_event)
    for changed in (asked._replace(data=data), asked._replace(query=query)):
        if changed != asked:
            yield changed
    everything = asked._replace(arguments=arguments, data=data, query=query)
    if everything != asked:
        yield everything


def who_are_in(asked: Asked) -> set[str]:
    """Who has to be signed in on the own side: whoever asks, and who does what comes before."""
    return {asked.who, BEFORE.get(asked.name, (asked.who,))[0]}


def prepare(side: Side, asked: Asked) -> None:
    """Do what has to be done before this can be asked for."""
    if asked.name in BEFORE:
        who, name = BEFORE[asked.name]
        first = Asked(who, name, "POST", *side.around.places[name])
        assert send(side, first).status_code == 302, f"{first} before {asked}"


# --- What is stored -------------------------------------------------------------------
Stored = dict[tuple[type[Model], Any], dict[str, Any]]
APPS = ("accounts", "assistance", "audit", "cases", "jobs", "reporting", "vault", "mfa")
# Sessions change with every request, the log is looked at as events, lists of cases follow.
NOT_COMPARED = {"Session", "Event", "EventCase", "Pending", "LogState", "Tile", "Checkpoint"}
NOT_COMPARED |= {"SignedHead", "Reviewed", "Reach"}


def stored() -> Stored:
    """Every row there is, but for sessions, the log, and what follows by itself, such as histories."""
    found: Stored = {}
    for model in apps.get_models():
        name = model.__name__
        if model._meta.app_label in APPS and name not in NOT_COMPARED and "Historical" not in name:
            for row in _rows_of(model):
                found[model, row[model._meta.pk.attname]] = row
    return found


_read: dict[type[Model], tuple[list[tuple], list[dict[str, Any]]]] = {}


def _rows_of(model: type[Model]) -> list[dict[str, Any]]:
    """Every row; Django makes them anew only where the database has others than when last asked."""
    connection = connections[router.db_for_read(model)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
        raw = [tuple(map(_plain, row)) for row in cursor.fetchall()]
    if model not in _read or _read[model][0] != raw:
        _read[model] = raw, list(model._base_manager.values())
    return _read[model][1]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def touches(before: Stored, after: Stored, around: Around) -> bool:
    """Is a row another, or gone, or new, that names the case or something of it?"""
    ids = {value for value in around.ids.values() if len(value) > SHORT}
    versions = ((key, before.get(key, {}), after.get(key, {})) for key in before | after)
    return any(
        old != new and ids.intersection(map(str, (key[1], *old.values(), *new.values())))
        for key, old, new in versions
    )


def effects(before: Stored, after: Stored) -> list[str]:
    """What became of the rows, in words that are the same whenever the same is done."""
    known = {str(pk) for _model, pk in before if isinstance(pk, UUID)}
    told = [f"{model.__name__} {pk} is gone" for model, pk in before.keys() - after.keys()]
    for (model, pk), row in after.items():
        old = before.get((model, pk), {})
        changed = {name: value for name, value in row.items() if old.get(name, ...) != value}
        if not changed:
            continue
        said = {
            name: _told(model, pk, name, value, known)
            for name, value in changed.items()
            if name not in BY_CHANCE and not isinstance(model._meta.get_field(name), AutoField)
        }
        whose = pk if old else "new"
        told.append(f"{model.__name__} {whose}: {sorted(said.items())}")
    return sorted(told)


def _told(model: type[Model], pk: Any, name: str, value: Any, known: set[str]) -> str:
    if isinstance(value, UUID) or (value and model._meta.get_field(name).is_relation):
        return str(value) if str(value) in known else "new"
    if isinstance(value, bytes | memoryview):
        if issubclass(model, SealedModel) and name.endswith("_sealed"):
            told = _opened(model.objects.get(pk=pk), name.removesuffix("_sealed"))
            return KEY_OF_LINK.sub("'key': 'any'", told)
        return "bytes" if value else "nothing"
    return str(value)


def _opened(row: SealedModel, section: str) -> str:
    """What a section says, of whatever class it is."""
    for cls in SHORT_NAMES:
        place = place_of(row, cls, row.sealed_at[section])
        try:
            said = msgspec.json.decode(unseal(place, bytes(getattr(row, f"{section}_sealed"))))
        except CannotOpen:
            continue
        said.pop("ledger", None)  # the id of a new row
        return str(said)
    raise AssertionError(f"{section} of {type(row).__name__} does not open")


# --- By somebody else, and with other ids ---------------------------------------------
@pytest.mark.parametrize("part", first_of(range(PARTS), 2))
def test_nobody_else_and_no_other_id_gets_anything(part, sides, own_files, client_for):
    wrong, counted = [], 0
    own, others = sides["own"], {kind: sides[kind] for kind in (HOUSE, ELSEWHERE)}
    for asked in list(requests_of(own.around))[part::PARTS]:
        with undone(own_files):
            sign_in(own, who_are_in(asked), client_for)
            for other in others.values():
                sign_in(other, [asked.who], client_for)
            prepare(own, asked)
            rows = stored()
            for kind, other in others.items():
                if kind == HOUSE and asked.name in MAY_BREAK_GLASS:
                    continue
                tries = [(other, own, asked, "asked by the other")]
                for changed in swapped(asked, own.around, other.around):
                    ids = changed.arguments, changed.query, changed.data
                    tries.append((own, other, changed, f"asked with {ids}"))
                for asking, kept, tried, how in tries:
                    before, rows, counted = rows, {}, counted + 1
                    start = log.size()
                    answer = send(asking, tried)
                    rows = stored()
                    found = _problems(asking, kept, tried, answer, start, before, rows)
                    wrong += [f"{asked} {how}, of {kind}: {problem}" for problem in found]
    assert wrong == [], "\n".join(wrong)
    assert counted > 250 // PARTS


def _problems(
    asking: Side, kept: Side, tried: Asked, answer, start: int, before: Stored, after: Stored
) -> Iterator[str]:
    """What is wrong with an answer to somebody who reaches out for the case that is to be kept."""
    events, user, status = log.since(start), asking.people[tried.who], answer.status_code
    shown = answer.getvalue().decode(errors="replace") + str(list(answer.headers.items()))
    if any(word in shown for word in kept.words.values()):
        yield "shows words of the case"
    is_refused = status in (403, 404)
    ids = kept.around.ids.values()
    if {str(one) for one in tried.arguments}.intersection(ids):
        if not is_refused:
            yield f"answers {status}"
    elif not (is_refused or status == 422 or tried.name in OF_NO_CASE or "draft_act" in tried.data):
        typed = [str(value) for value in (*tried.data.values(), *tried.query.values())]
        if any(one in value for value in typed for one in ids if len(one) > SHORT):
            yield f"answers {status}"
    refusals = [event for event in events if event.verb == Verb.REFUSED]
    if is_refused and [event.actor for event in refusals] != [user.pk]:
        yield f"refusals in the log: {refusals}"
    if status >= 400 and after != before:
        yield f"changes something: {effects(before, after)}"
    if touches(before, after, kept.around):
        yield f"changes the case: {effects(before, after)}"
    seqs = [event.seq for event in events if event not in refusals]
    if EventCase.objects.filter(case=kept.around.case.pk, seq__in=seqs).exists():
        yield f"leaves events of the case: {[event.verb for event in events]}"


# --- With more fields -----------------------------------------------------------------
def test_fields_that_no_form_knows_change_nothing(sides, own_files, person, case, client_for):
    own, other = sides["own"], sides[HOUSE]
    around = accounts_around(case, person)
    posted = [asked for asked in requests_of(own.around) if asked.method == "POST"]
    posted += [
        Asked("administrator", name, "POST", *around[name])
        for name in around
        if table()[name, "POST"].statuses["viktar"] == 302 and name.startswith(("people", "cases"))
    ]
    wrong, without = [], set()
    for asked in posted:
        plain, more = (
            _done(own, each, own_files, client_for) for each in (asked, _with_more(asked, other))
        )
        if plain != more:
            wrong.append(f"{asked}: {_difference(plain, more)}")
        if not plain[2]:
            without.add(asked.name)
    assert wrong == [], "\n".join(wrong)
    assert without <= CHANGES_NOTHING, "what is asked for is not done, so this proves nothing"
    assert len(posted) > 35


def _done(side: Side, asked: Asked, files, client_for) -> tuple[int, list, list[str]]:
    """Status, events and what became of the rows."""
    with undone(files):
        sign_in(side, who_are_in(asked), client_for)
        prepare(side, asked)
        before, start = stored(), log.size()
        answer = send(side, asked)
        events = [(event.verb, event.outcome, event.object_type) for event in log.since(start)]
        return answer.status_code, events, effects(before, stored())


def _with_more(asked: Asked, other: Side) -> Asked:
    """The same with fields that it does not have, in body and query; they name what is another's."""
    officer, case = other.around.officer, other.around.case
    values = {"other": officer.pk, "case": case.pk, "office": case.office_id}
    known = KNOWN.get(asked.name, ())
    more = {name: text.format(**values) for name, text in MORE.items() if name not in known}
    return asked._replace(data=more | asked.data, query=more | asked.query)


def _difference(plain: tuple, more: tuple) -> str:
    told = [
        f"{one} and with more {another}"
        for one, another in zip(plain[:2], more[:2], strict=True)
        if one != another
    ]
    told += [f"only plain: {one}" for one in plain[2] if one not in more[2]]
    told += [f"only with more: {one}" for one in more[2] if one not in plain[2]]
    return "\n    ".join(told)
