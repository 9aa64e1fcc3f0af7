"""One exact table, for two people: asked for by one, approved by another, seen for half an hour."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import URLPattern, reverse
from django.utils import timezone

from accounts.services import give_role, suspend_account, take_role
from audit import review, trail
from audit.context import RequestContext, serving
from audit.models import Event, ReviewItem
from audit.verbs import EXPORTS, WEIGHTY, Verb
from cases import door
from core.exceptions import BadInput, NotAllowed, NotFound, WrongState
from reporting import frame
from reporting.dimensions import DIMENSIONS
from reporting.models import Snapshot, Verification
from reporting.services import take_snapshot
from reporting.surface import Surface
from reporting.tables import AUTOMATIC, Definition, make_table
from reporting.verification import services
from reporting.verification.exact import exact_table
from reporting.verification.urls import urlpatterns
from tests.guards import log, source
from tests.reporting.people import DAY, YEAR
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db

NOTE = "The donor's count is another"
TABLE = Definition("gender", "year")
WOMEN, MEN, FEW = 23, 17, 5  # the last are fewer than is ever shown
OTHERS = "TransgenderOrNonConforming"


@pytest.fixture
def frozen(alena, yury):
    register(alena, WOMEN)
    register(alena, MEN, gender="Masculine")
    register(alena, FEW, gender=OTHERS)
    return take_snapshot(by=yury)


def ask(by, definition=TABLE, *, session="elsewhere", note=NOTE) -> Verification:
    with serving(RequestContext("request", session)):
        return services.ask_to_verify(definition, note=note, by=by)


@pytest.fixture
def asked(frozen, yury):
    return ask(yury)


@pytest.fixture
def approved(asked, daria):
    return services.approve_verification(asked, note="Agreed", by=daria)


def page(asked: Verification) -> str:
    return reverse("verification:one", args=[asked.pk])


LOOK = {"act": "look"}


# --- What is shown --------------------------------------------------------------------
def test_whoever_asked_sees_the_exact_figures_beside_the_protected_ones(approved, yury):
    look = services.look_at_exact(approved, by=yury)
    numbers = {
        tuple(codes.get(key) for key in ("gender", "year")): cell.number
        for codes, cell in look.exact.figures
    }
    for gender, number in (("Feminine", WOMEN), ("Masculine", MEN), (OTHERS, FEW)):
        assert numbers[gender, "2021"] == numbers[gender, None] == number
    assert numbers["not-recorded", None] == 0
    assert numbers[None, None] == WOMEN + MEN + FEW
    shown = {
        tuple(codes.get(key) for key in ("gender", "year")): cell
        for codes, cell in look.protected.figures
    }
    assert shown.keys() == numbers.keys()
    assert shown[OTHERS, None].number is None


def test_it_counts_who_is_there_now_and_says_so(approved, alena, yury, client_for):
    register(alena, 5)
    look = services.look_at_exact(approved, by=yury)
    assert look.exact.layers[0].total.number == WOMEN + MEN + FEW + 5
    answer = client_for(yury).post(page(approved), LOOK).content.decode()
    assert "counted just now" in answer and "those of the snapshot of" in answer


@pytest.mark.parametrize(
    "definition",
    [
        Definition("age", "gender", level=1),
        Definition("citizenship", "exploitation", level=2),
        Definition("citizenship", "year", "assistance", level=2),
        Definition("control", filters={"citizenship": "BY"}, level=0),
    ],
    ids=lambda one: f"{one.rows}-{one.level}",
)
def test_exact_figures_are_those_of_a_count_by_hand(definition, surface: Surface, many):
    few = many[::10]
    protected = make_table(surface, definition, DAY)
    exact = exact_table(protected, surface, frame.build(few, YEAR))
    assert [c for c, _cell in exact.figures] == [c for c, _cell in protected.figures]
    keys = [*definition.shown_keys, *definition.filters]
    answers = [{key: codes_of(key, row, surface, definition.level) for key in keys} for row in few]
    for codes, cell in exact.figures:
        wanted = codes | dict(definition.filters)
        by_hand = sum(all(wanted[k] in one[k] for k in wanted) for one in answers)
        assert cell.number == by_hand, codes
    assert any(cell.number for _codes, cell in exact.figures)


def codes_of(key, row, surface, level) -> set[str]:
    """The categories of one person, written anew."""
    dimension = DIMENSIONS[key]
    answer = dimension.answer(row.facts, row.kinds)
    found = {answer} if isinstance(answer, str) else set(answer)
    found = {one for one in found if one} or {"not-recorded"}
    return {category_of(key, one, surface, level) for one in found}


def category_of(key, code, surface, level) -> str:
    """Where an answer stands at a level: with its group, or with what is put together there."""
    dimension, codes = DIMENSIONS[key], surface.codes(key, level)
    for up in range(1, min(level, dimension.top_level) + 1):
        code = dimension.group_of(up).get(code, code)
    for up in range(min(level, dimension.top_level) + 1, dimension.top_level + 1):
        if code in codes:
            break
        group = dimension.group_of(up).get(code, code)
        if f"elsewhere-in-{group}" in codes and group in surface.codes(key, up):
            return f"elsewhere-in-{group}"
        code = group
    return code if code in codes else "any-other"


def test_the_page_is_marked_is_kept_by_nobody_and_prints_nothing(approved, yury, client_for):
    browser = client_for(yury)
    before = browser.get(page(approved)).content.decode()
    assert f">{WOMEN}<" not in before
    answer = browser.post(page(approved), LOOK)
    shown = answer.content.decode()
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert "Content-Disposition" not in answer.headers
    assert shown.count("Exact: not to be passed on. Shown to Yury alone on") >= 4
    screen = shown[shown.index('<div class="app-screen-only">') :]
    assert f">{WOMEN}<" in screen and f">{WOMEN}<" not in shown.removesuffix(screen)
    style = (source.ROOT / "static/tutela/tutela.css").read_text()
    assert re.search(r"@media print\{[^@]*\.app-screen-only\{display:none !important", style)


def test_there_is_no_way_out_but_the_page():
    assert [pattern.name for pattern in urlpatterns] == ["list", "one"]
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    assert not any(getattr(one.callback, "is_download", False) for one in urlpatterns)
    assert not any(getattr(one.callback, "is_for_programs", False) for one in urlpatterns)
    assert not {Verb.STATISTICS_VERIFIED, Verb.VERIFICATION_SEEN} & EXPORTS


# --- Who, and how long ----------------------------------------------------------------
def test_nobody_sees_it_before_it_is_approved(asked, yury, client_for):
    with pytest.raises(WrongState, match="not approved"):
        services.look_at_exact(asked, by=yury)
    assert client_for(yury).post(page(asked), LOOK).status_code == 409


def test_after_half_an_hour_it_is_gone_and_says_so(approved, yury, client_for, time_machine):
    browser = client_for(yury)
    assert browser.post(page(approved), LOOK).status_code == 200
    time_machine.move_to(approved.decided_at + timedelta(minutes=30))
    browser = client_for(yury)
    with pytest.raises(WrongState, match="over"):
        services.look_at_exact(approved, by=yury)
    answer = browser.post(page(approved), LOOK)
    assert answer.status_code == 409
    assert f">{WOMEN}<" not in answer.content.decode()
    shown = browser.get(page(approved)).content.decode()
    assert "The time is over." in shown and "Show the exact table" not in shown


def test_looks_prolong_nothing(approved, yury, time_machine):
    start = approved.decided_at
    for minutes in (10, 20, 29):
        time_machine.move_to(start + timedelta(minutes=minutes))
        services.look_at_exact(approved, by=yury)
    time_machine.move_to(start + timedelta(minutes=31))
    with pytest.raises(WrongState):
        services.look_at_exact(approved, by=yury)


def test_the_address_opens_nothing_for_anybody_else(
    approved, daria, pavel, person, alena, rita, viktar, client_for
):
    other = person("olga_an", "analyst")
    for somebody in (daria, other):  # whoever approved, and somebody with the same right
        with pytest.raises(NotAllowed):
            services.look_at_exact(approved, by=somebody)
        for answer in (
            client_for(somebody).get(page(approved)),
            client_for(somebody).post(page(approved), LOOK),
        ):
            assert answer.status_code == 404
    director, donor = person("ada", "director"), person("doris", "donor")
    for somebody in (pavel, director, donor, alena, rita, viktar):
        for method, data in (("get", {}), ("post", LOOK)):
            answer = getattr(client_for(somebody), method)(page(approved), data)
            assert answer.status_code == 403
            assert f">{WOMEN}<" not in answer.content.decode()
        with pytest.raises(NotAllowed):
            ask(somebody)
        with pytest.raises(NotAllowed):
            services.look_at_exact(approved, by=somebody)
    assert not Event.objects.filter(verb=Verb.VERIFICATION_SEEN).exists()


def test_nobody_approves_their_own(frozen, yury, daria, client_for):
    asked = ask(yury)
    with pytest.raises(NotAllowed, match="yourself"):
        services.approve_verification(asked, note="", by=yury)
    assert client_for(yury).post(page(asked), {"act": "approve"}).status_code == 403
    with pytest.raises(IntegrityError), transaction.atomic():
        asked.state, asked.decided_by, asked.decided_at = "approved", yury, timezone.now()
        trail.save(asked, verb=Verb.VERIFICATION_APPROVED, by=yury)
    asked.refresh_from_db()
    with serving(RequestContext("request", "elsewhere")), pytest.raises(NotAllowed, match="anew"):
        services.approve_verification(asked, note="", by=daria)
    assert Verification.objects.get().state == "asked"


def test_supervisor_and_director_approve_nothing(asked, pavel, person, client_for):
    for somebody in (pavel, person("ada", "director"), person("doris", "donor")):
        with pytest.raises(NotAllowed):
            services.approve_verification(asked, note="", by=somebody)
        assert client_for(somebody).post(page(asked), {"act": "approve"}).status_code == 403
    assert Verification.objects.get().state == "asked"


def test_a_right_that_is_taken_away_meanwhile_ends_it(asked, yury, daria, viktar, client_for):
    browser = client_for(yury)
    take_role(user=yury, role="analyst", by=None)
    with pytest.raises(WrongState, match="may not"):
        services.approve_verification(asked, note="", by=daria)
    give_role(user=yury, role="analyst", by=None)
    services.approve_verification(asked, note="", by=daria)
    take_role(user=yury, role="analyst", by=None)
    with pytest.raises(NotAllowed):
        services.look_at_exact(asked, by=yury)  # `yury` was loaded while he held the role
    assert browser.post(page(asked), LOOK).status_code == 403
    give_role(user=yury, role="analyst", by=None)
    suspend_account(yury, by=viktar)
    with pytest.raises(NotAllowed):
        services.look_at_exact(asked, by=yury)


def test_nobody_decides_late_or_twice(asked, daria, person, time_machine):
    other = person("olga_an", "analyst")
    services.decline_verification(asked, note="No need", by=daria)
    with pytest.raises(WrongState, match="already"):
        services.approve_verification(asked, note="", by=other)
    second = ask(other)
    time_machine.move_to(timezone.now() + timedelta(hours=73))
    with pytest.raises(WrongState, match="in time"):
        services.approve_verification(second, note="", by=daria)
    with pytest.raises(NotFound):
        services.verification_for(daria, second.pk)


def test_what_is_approved_is_one_table_and_no_other(approved, yury, client_for):
    assert approved.definition.level != AUTOMATIC
    more = {"rows": "citizenship", "columns": "", "table": "{}", "level": "0"}
    shown = client_for(yury).post(page(approved), LOOK | more).content.decode()
    assert "by sex, by year of registration" in shown and "itizenship" not in shown
    assert Verification.objects.get().table == approved.table


def test_what_is_no_table_or_has_no_reason_is_not_asked_for(frozen, yury):
    for definition, note in (
        (Definition("case_owner"), NOTE),
        (Definition("gender", "age", "year", filters={"control": "Debt"}), NOTE),
        (Definition("gender", measure="cost"), NOTE),
        (TABLE, "  "),
        (TABLE, "x" * 2001),
    ):
        with pytest.raises(BadInput):
            ask(yury, definition, note=note)
    assert not Verification.objects.exists()


def test_looking_and_asking_need_a_fresh_sign_in(approved, yury, client_for):
    browser = client_for(yury, ago=600)
    for answer in (browser.get(page(approved)), browser.post(page(approved), LOOK)):
        assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert not Event.objects.filter(verb=Verb.VERIFICATION_SEEN).exists()


# --- What is left of it ---------------------------------------------------------------
def test_each_look_is_in_the_log_by_its_definition_and_no_figure_is_kept(approved, yury):
    start = log.size()
    for _again in range(2):
        services.look_at_exact(approved, by=yury)
    verbs = log.verbs_since(start)
    assert verbs[0] == Verb.VERIFICATION_SEEN and set(verbs) == {
        Verb.VERIFICATION_SEEN,
        Verb.STATISTICS_VERIFIED,
    }
    seen = [event for event in log.since(start) if event.verb == Verb.VERIFICATION_SEEN]
    assert [event.actor for event in seen] == [yury.pk] * 2
    assert {Verb.VERIFICATION_SEEN, Verb.VERIFICATION_APPROVED} <= WEIGHTY
    for event in seen:
        assert log.details(event) == {
            "snapshot": str(Snapshot.objects.get().pk),
            "table": approved.definition.id,
        }
    for event in log.since(start):
        entry = log.told(event)
        assert (entry["cases"], entry["reason"]) == ([], "")
    row = Verification.objects.get()
    assert row.definition == replace(TABLE, level=row.definition.level) and row.looks == 2
    assert NOTE.encode() not in bytes(row.note_sealed) and services.note_of(row) == NOTE


def test_no_look_without_its_event(approved, yury, monkeypatch):
    def full(*_arguments):
        raise RuntimeError("full")

    opened = []
    monkeypatch.setattr(services.source, "persons", lambda **_: opened.append(1))
    monkeypatch.setattr(trail, "_append", full)
    with pytest.raises(RuntimeError):
        services.look_at_exact(approved, by=yury)
    assert opened == []


def test_the_auditor_reviews_both_who_agreed_and_who_looked(approved, yury, daria, rita, pavel):
    for _again in range(3):
        services.look_at_exact(approved, by=yury)
    review.look_through_log()
    items = ReviewItem.objects.filter(rule="exact_table")
    assert {item.officer for item in items} == {yury.pk, daria.pk} and len(items) == 2
    for item in items:
        assert item in review.queue_of(rita)
        assert item not in review.queue_of(pavel) and item not in review.queue_of(daria)


def test_the_page_says_what_waits(asked, yury, daria, client_for):
    browser = client_for(daria)
    start = browser.get("/").content.decode()
    assert "Exact tables" in start
    assert services.how_many_wait(daria) == 1 and services.how_many_wait(yury) == 0
    shown = browser.get(page(asked)).content.decode()
    assert "The donor&#x27;s count is another" in shown and "Approve" in shown
    assert browser.post(page(asked), {"act": "approve", "note": "Yes"}).status_code == 302
    assert Verification.objects.get().state == "approved"


def test_a_table_is_asked_for_on_the_page(frozen, yury, client_for):
    address, browser = reverse("verification:list"), client_for(yury)
    assert browser.get(address).status_code == 200
    told = {"rows": "gender", "columns": "year", "note": NOTE}
    assert browser.post(address, told | {"note": ""}).status_code == 422
    assert browser.post(address, told | {"rows": "nothing"}).status_code == 422
    assert browser.post(address, told).status_code == 302
    assert Verification.objects.get().definition.rows == "gender"
    assert browser.get(address).status_code == 200


def test_it_opens_no_facts_for_a_verb_that_is_not_listed(frozen, pavel, yury):
    with pytest.raises(NotAllowed):
        list(door.stream_facts(by=pavel, verb=Verb.STATISTICS_VERIFIED))
    with pytest.raises(KeyError):
        list(door.stream_facts(by=yury, verb=Verb.STATISTICS_VIEWED))
