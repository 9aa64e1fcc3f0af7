"""Recording assistance: the class decides who writes and reads it, and the database tells nobody."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from django.db import IntegrityError, connection, transaction

from assistance.models import Assistance
from assistance.sections import SCHEMAS
from assistance.selectors import kinds_by_case
from assistance.services import change_assistance, record_assistance
from audit import trail
from audit.models import Event
from audit.verbs import Verb
from cases import door
from cases.services.intake import register_case
from core.classes import CARE
from core.exceptions import Conflict, NotAllowed
from tests.guards import log

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 1)
# Kind → a content with words that stand nowhere else.
CONTENTS = {
    "medical": {"diagnosis": "Fracture of the wrist", "treatment": "Plaster"},
    "psychological": {"method": "psychotherapy", "sessions": 3, "observations": "Sleeps badly"},
    "legal": {"matter": "Residence permit", "court": "Leninski", "stage": "trial"},
    "financial": {"amount": Decimal("120.50"), "currency": "BYN", "receipt": "R-77"},
    "reintegration": {"dimension": "social", "type": "housing"},
    "shelter": {"type": "safe_house", "capacity": "Upstairs"},
    "immediate": {"type": "clothing", "given": "A winter coat"},
    "safety": {"type": "relocation", "measures": "Another flat"},
    "return": {"phase": "travel", "type": "tickets", "country": "UA"},
    "interpretation": {"language": "ru", "type": "by_video", "interpreter": "M. Tlumach"},
}
CLASSES = {kind: kind if kind in CARE else "narrative" for kind in CONTENTS}


def _content(kind, **values):
    return SCHEMAS[kind](provider="Red Cross", **CONTENTS[kind] | values)


def _record(case, kind, by, status="delivered", **values):
    return record_assistance(
        case, content=_content(kind, **values), status=status, starts_on=DAY, by=by
    )


def _opened(row, by):
    return door.open_rows([Assistance.objects.get(pk=row.pk)], by=by)[0]


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_record_is_kept_and_opens_to_what_it_was(case, alena, kind):
    start = log.size()
    row = _record(case, kind, alena)
    [event] = log.since(start)
    assert (event.verb, event.actor, event.object) == (Verb.ASSISTANCE_RECORDED, alena.pk, row.pk)
    assert _opened(row, alena) == {"content": _content(kind)}
    assert (row.recorded_by, row.status, row.starts_on) == (alena, "delivered", DAY)


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("cls", ["medical", "psychological", "legal", "financial"])
def test_a_specialist_opens_and_writes_the_own_kind_alone(case, alena, person, share, kind, cls):
    specialist = person("specialist", cls)
    share(specialist, cls, "identity")
    row = _record(case, kind, alena)
    own = CLASSES[kind] == cls
    assert ("content" in _opened(row, specialist)) == own
    if own:
        assert _record(case, kind, specialist).recorded_by == specialist
        changed = _change(row, kind, specialist, notes="Seen again")
        assert _opened(changed, alena)["content"].notes == "Seen again"
    else:
        for attempt in (
            lambda: _record(case, kind, specialist),
            lambda: _change(row, kind, specialist),
        ):
            with pytest.raises(NotAllowed):
                attempt()
        assert Assistance.objects.count() == 1
        assert Assistance.objects.get().revision == 1


def _change(row, kind, by, revision=1, **values):
    return change_assistance(
        row,
        content=_content(kind, **values),
        status="delivered",
        starts_on=DAY,
        revision=revision,
        by=by,
    )


@pytest.mark.parametrize("who", ["ihar", "pavel", "iryna", "rita", "viktar", "zoya"])
def test_strangers_and_readers_record_nothing(case, alena, request, who):
    other = request.getfixturevalue(who)
    row = _record(case, "medical", alena)
    for attempt in (
        lambda: _record(case, "medical", other),
        lambda: _change(row, "medical", other),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert Assistance.objects.get().revision == 1


def test_a_grant_for_reading_does_not_let_write(case, alena, volha, share):
    share(volha, "psychological", may_write=False)
    row = _record(case, "psychological", alena)
    assert "content" in _opened(row, volha)
    with pytest.raises(NotAllowed):
        _record(case, "psychological", volha)


def test_a_record_does_not_turn_into_a_kind_one_may_write(case, alena, volha, share):
    """Giving content of the own class would otherwise overwrite what one never saw."""
    share(volha, "psychological")
    row = _record(case, "medical", alena)
    with pytest.raises(NotAllowed):
        _change(row, "psychological", volha)
    assert _opened(row, alena)["content"].diagnosis == "Fracture of the wrist"


def test_a_change_keeps_what_it_said_before(case, alena):
    row = _record(case, "legal", alena, status="under_way")
    _change(row, "legal", alena, outcome="Granted")
    versions = list(Assistance.history.filter(id=row.pk).order_by("revision"))
    assert [version.status for version in versions] == ["under_way", "delivered"]
    outcomes = [s["content"].outcome for s in door.open_rows(versions, by=alena)]
    assert outcomes == ["", "Granted"]


def test_the_planned_days_stay_beside_the_actual_ones(case, alena):
    row = _record(case, "legal", alena, status="planned")
    content = _opened(row, alena)["content"]
    assert (content.planned_from, content.planned_until) == (DAY, None)
    later = date(2026, 4, 2)
    days = {"starts_on": later, "ends_on": later, "revision": 1, "by": alena}
    row = change_assistance(row, content=content, status="delivered", **days)
    assert (row.starts_on, row.ends_on) == (later, later)
    assert _opened(row, alena)["content"].planned_from == DAY
    assert _opened(_record(case, "legal", alena), alena)["content"].planned_from is None


def test_a_plan_from_before_there_were_planned_days_keeps_them_when_it_begins(case, alena):
    """As rows that were written by an earlier version: planned, and no planned days under seal."""
    row = _record(case, "legal", alena, status="planned")
    with transaction.atomic():
        row.put("content", _content("legal"), "legal")
        trail.save(row, verb=Verb.ASSISTANCE_CHANGED, by=alena)
    assert _opened(row, alena)["content"].planned_from is None
    days = {"starts_on": date(2026, 4, 2), "revision": 2, "by": alena}
    row = change_assistance(row, content=_content("legal"), status="under_way", **days)
    assert _opened(row, alena)["content"].planned_from == DAY


def test_a_section_of_an_earlier_version_still_opens():
    """The bytes as they were sealed before there were places, goals and satisfaction."""
    stored = b'{"provider":"Fund","notes":"N","amount":"40.00","currency":"BYN","receipt":"R-1"}'
    content = msgspec.json.decode(stored, type=SCHEMAS["financial"])
    assert (content.amount, content.sum) == (Decimal("40.00"), "40.00 BYN")


def test_of_two_changes_the_later_is_refused(case, alena):
    row = _record(case, "legal", alena)
    _change(row, "legal", alena, outcome="First")
    with pytest.raises(Conflict):
        _change(row, "legal", alena, outcome="Second")
    assert _opened(row, alena)["content"].outcome == "First"


def test_the_database_refuses_an_end_before_the_start(case, alena):
    start = log.size()
    with pytest.raises(IntegrityError):
        record_assistance(
            case,
            content=_content("legal"),
            status="planned",
            starts_on=DAY,
            ends_on=date(2026, 2, 28),
            by=alena,
        )
    assert log.size() == start


def test_neither_rows_nor_events_tell_the_kind_in_clear(case, alena):
    """Names of columns, verbs and classes are the same for every kind."""
    rows = [_record(case, kind, alena) for kind in CONTENTS]
    for row in rows:
        for version in (Assistance.objects.get(pk=row.pk), Assistance.history.get(id=row.pk)):
            assert set(version.sealed_at) == {"facts", "content"}
    words = {"Red Cross", "social", "120.5", *CONTENTS}
    words |= {str(value) for values in CONTENTS.values() for value in values.values()}
    words -= {"3", "UA", "ru", "return", "safety"}  # too short or too common to be looked for
    tables = ("assistance_assistance", "assistance_historicalassistance", "audit_event")
    since = Event.objects.get(object=rows[0].pk).seq
    with connection.cursor() as cursor:
        for table in tables:
            where = f" WHERE seq >= {since}" if table == "audit_event" else ""
            cursor.execute(f"SELECT * FROM {table}{where}")
            stored = b" ".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in cursor.fetchall()
                for value in row
            )
            assert not [word for word in words if word.encode() in stored], table


def test_the_length_of_what_is_stored_does_not_tell_the_kind(case, alena):
    rows = [Assistance.objects.get(pk=_record(case, kind, alena).pk) for kind in CONTENTS]
    assert len({(len(row.facts_sealed), len(row.content_sealed)) for row in rows}) == 1


def test_statistics_hear_of_kinds_and_the_event_names_no_case(case, new_case, alena, yury):
    other = register_case(new_case, by=alena)
    for kind in ("medical", "legal", "legal"):
        _record(case, kind, alena)
    _record(other, "financial", alena)
    start = log.size()
    assert kinds_by_case(by=yury, verb=Verb.STATISTICS_FROZEN) == {
        case.pk: {"medical", "legal"},
        other.pk: {"financial"},
    }
    assert [log.told(event)["cases"] for event in log.since(start)] == [[]]
    with pytest.raises(NotAllowed):
        kinds_by_case(by=alena, verb=Verb.STATISTICS_FROZEN)
