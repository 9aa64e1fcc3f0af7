"""What cannot be recorded is not done and not shown, and the page says so."""

from contextlib import contextmanager
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit import signing
from audit.models import Event, LogState, Pending
from audit.sequencer import sequence
from cases.models import Case, Person
from tests.conftest import PASSWORD, SENTINELS
from tests.guards import log

EVENTS = Event if connection.vendor == "sqlite" else Pending
SAID = "This could not be recorded"


@contextmanager
def refusing(table=EVENTS._meta.db_table):
    """While this lasts the database takes no row into this table."""
    if connection.vendor == "sqlite":
        make = [
            f"CREATE TRIGGER full BEFORE INSERT ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'no space left on device'); END"
        ]
        drop = ["DROP TRIGGER full"]
    else:
        make = [
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$",
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION full_disk()",
        ]
        drop = [f"DROP TRIGGER full_disk ON {table}", "DROP FUNCTION full_disk"]
    _run(make)
    try:
        yield
    finally:
        _run(drop)


def _run(statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


READS = {
    "home": [],
    "cases:list": [],
    "cases:detail": ["reference"],
    "cases:person": ["reference"],
    "cases:victim": ["reference"],
    "cases:trail": ["reference"],
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", READS)
def test_nothing_is_shown(name, case, alena, client_for):
    browser = client_for(alena)
    address = reverse(name, args=[getattr(case, field) for field in READS[name]])
    assert any(word in browser.get(address).content.decode() for word in SENTINELS.values())
    size = log.size()
    with refusing():
        answer = browser.get(address)
    shown = answer.content.decode() + str(answer.headers)
    assert answer.status_code == 503 and SAID in shown
    assert not [word for word in (*SENTINELS.values(), case.reference) if word in shown]
    assert log.size() == size
    assert browser.get(address).status_code == 200  # and goes on afterwards


NEW = {
    "second_name": "Новая",
    "consent-consented": "yes",
    "consent-recorded_on": date.today().isoformat(),
}
WRITES = {
    "cases:register": ([], NEW),
    "cases:person": (["reference"], {"second_name": "Новая", "revision": "1"}),
    "cases:hold": (["reference"], {"note": "Court", "act": "put"}),
    "cases:close": (
        ["reference"],
        {"status": "Closed", "closed_on": date.today(), "reason": "Other"}
        | {"details": "Over", "done_documents": "on"},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_changed(name, case, alena, client_for):
    browser = client_for(alena)
    fields, data = WRITES[name]
    address = reverse(name, args=[getattr(case, field) for field in fields])
    before, size = _stored(), log.size()
    with refusing():
        answer = browser.post(address, data)
    assert answer.status_code == 503 and SAID in answer.content.decode()
    assert "Nothing was changed" in answer.content.decode()
    assert _stored() == before and log.size() == size
    assert browser.post(address, data).status_code in (302, 422)


def _stored():
    rows = [(row.pk, row.revision) for model in (Case, Person) for row in model.objects.all()]
    return sorted(rows), Case.history.count(), Person.history.count()


@pytest.mark.django_db
def test_a_refusal_that_cannot_be_recorded_tells_nothing(case, ihar, client_for):
    address = reverse("cases:detail", args=[case.reference])
    browser = client_for(ihar)
    assert browser.get(address).status_code == 403  # restricted: ihar could break the glass
    with refusing():
        for url in (
            address,
            reverse("cases:detail", args=["BY-1999-000001"]),
            reverse("audit:log"),
        ):
            answer = browser.get(url)
            assert answer.status_code == 503 and SAID in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("password_alone")
def test_nobody_signs_in_unrecorded(alena):
    browser = Client()
    data = {"login": alena.username, "password": PASSWORD}
    with refusing():
        assert browser.post(reverse("account_login"), data).status_code == 503
    assert browser.get(reverse("home")).status_code == 302
    assert browser.post(reverse("account_login"), data).status_code == 302
    assert browser.get(reverse("home")).status_code == 200


@pytest.mark.django_db
def test_the_page_says_nothing_of_the_error(case, alena, client_for, caplog):
    browser = client_for(alena)
    with refusing():
        answer = browser.get(reverse("cases:detail", args=[case.reference]))
    assert "no space left" not in answer.content.decode()
    assert "an event could not be written or signed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_it_holds_with_real_commits(case, alena, client_for):
    test_nothing_is_shown("cases:detail", case, alena, client_for)
    test_nothing_is_changed("cases:hold", case, alena, client_for)


@pytest.mark.django_db(transaction=True)
def test_what_is_done_but_not_signed_is_not_said_to_be_undone(
    case, alena, ihar, client_for, monkeypatch
):
    """A weighty act waits for its signature after its commit: then it is done, signed or not."""

    def refuse(size=None):
        raise signing.LogRewritten("The log is not what it was when it was signed last.")

    monkeypatch.setattr(signing, "checkpoint", refuse)
    later = date.today().replace(year=date.today().year + 1, month=1, day=1)
    data = {"to": str(ihar.pk), "classes": ["legal"], "until": later, "reason": "review"}
    answer = client_for(alena).post(reverse("cases:sharing", args=[case.reference]), data)
    shown = answer.content.decode()
    assert answer.status_code == 503
    assert "recorded, but not completed" in shown and "is saved" in shown
    assert "Nothing was changed" not in shown and "signed last" in shown
    assert Person.objects.filter(case__in=Case.objects.all()).exists()
    assert User.objects.get(pk=ihar.pk).caseusergrant_set.count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="events have their place at once")
@pytest.mark.django_db(transaction=True)
def test_an_event_that_gets_no_place_yet_is_kept_and_gets_it_later(case, alena, client_for):
    """It is committed and pending: the reading is on record, so the page is shown."""
    browser, size = client_for(alena), log.size()
    with refusing(Event._meta.db_table):
        answer = browser.get(reverse("cases:detail", args=[case.reference]))
        assert answer.status_code == 200
        assert Pending.objects.exists() and LogState.objects.get().size == size
    sequence()
    assert log.size() > size and not Pending.objects.exists()
