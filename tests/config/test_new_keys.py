"""New keys are asked for on a page: after a fresh sign-in, by a name, gone on with, and never shown."""

import re

import pytest
from django.core.management import call_command
from django.db import connections
from django.urls import reverse

from audit import verifier
from audit.models import Event
from audit.verbs import Verb
from cases import door
from cases.selectors import victim_of
from cases.services import renewal
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from config import keys, rotating
from config.long_work import NEW_DEKS, NEW_KEK
from core.exceptions import NotAllowed, WrongState
from core.ids import uuid7
from jobs import running, services, tasks
from jobs.models import Job, JobState
from tests.conftest import SENTINELS
from vault import rotation
from vault.keyring import Keyring, keyring
from vault.models import DataKey, KeyEncryptionKey, KeyStore

pytestmark = pytest.mark.django_db
ADDRESS = "/keys/"


def name_of(case, user):
    [sections] = door.open_rows([victim_of(case)], by=user)
    return sections["identity"].second_name


def events(verb):
    return list(Event.objects.filter(verb=verb).values_list("actor", flat=True))


@pytest.fixture
def later(monkeypatch):
    """Work waits until the test says so, and looks at its row at every step."""
    monkeypatch.setattr("jobs.tasks.enqueue", lambda pk: None)
    monkeypatch.setattr(running, "EVERY", 0)

    def begin(job):
        tasks.run.enqueue(str(job.pk))
        job.refresh_from_db()
        return job

    return begin


@pytest.fixture
def post(viktar, client_for):
    def make(kind, ago=0):
        browser = client_for(viktar, ago=ago)
        return browser, browser.post(ADDRESS, {"kind": kind})

    return make


def test_a_new_kek_is_made_by_a_name_and_seen_by_other_processes(case, alena, viktar, post):
    sleeper, later_scope = Keyring(), uuid7()
    sleeper.unlock()
    version = rotation.standing().version
    browser, answer = post(NEW_KEK)
    assert answer.status_code == 302
    told = browser.get(answer.headers["Location"]).content.decode()
    assert f"Key-encryption key {version + 1} wraps every key now." in told
    assert Job.objects.get().rows_total > 0
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {version + 1}
    assert events(Verb.KEY_ROTATION_BEGUN) == events(Verb.KEY_ROTATED) == [viktar.pk]
    sleeper.create([later_scope])
    assert DataKey.objects.get(scope=later_scope).kek_version == version + 1
    assert sleeper.data_key(case.pk)
    keyring.forget()
    assert name_of(case, alena) == SENTINELS["identity"]
    assert verifier.verify().holds


def test_new_keys_of_all_cases_are_made_by_a_name(case, alena, viktar, post):
    sleeper = Keyring()
    sleeper.unlock()
    sleeper.load([case.pk])
    browser, answer = post(NEW_DEKS)
    told = browser.get(answer.headers["Location"]).content.decode()
    assert "Everything is sealed under new keys of the cases." in told
    assert "Download the result" not in told
    assert events(Verb.CASE_SEALED_ANEW) == [viktar.pk]
    sleeper.refresh()
    assert sleeper.data_key(case.pk)[0] == 2
    keyring.forget()
    assert name_of(case, alena) == SENTINELS["identity"]
    assert rotation.standing().renewal_began is None and rotation.standing().renewed_at
    assert verifier.verify().holds


def test_what_is_damaged_is_a_list(case, viktar, post, monkeypatch):
    monkeypatch.setattr(renewal, "renew_case", lambda case, *, by: ["cases.Person 1 revision 2"])
    browser, answer = post(NEW_DEKS)
    job = Job.objects.get()
    assert "1 record that is damaged" in browser.get(answer.headers["Location"]).content.decode()
    found = browser.get(reverse("jobs:result", args=[job.pk])).getvalue()
    assert found == b"cases.Person 1 revision 2\n"


def test_cancelled_between_two_batches_it_goes_on_when_asked_again(
    case, alena, viktar, later, monkeypatch
):
    monkeypatch.setattr(rotation, "BATCH", 3)
    keyring.create([uuid7() for _number in range(8)])
    job = keys.ask_for_new_keys(NEW_KEK, by=viktar)
    version, rewrap = rotation.next_version(), rotation.rewrap_some

    def cancelled_meanwhile():
        services.cancel(job, by=viktar)
        return rewrap()

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "rewrap_some", cancelled_meanwhile)
        assert later(job).state == JobState.CANCELLED
    assert job.rows_done == 3 and 0 < rotation.waiting() < job.rows_total
    keyring.forget()
    assert name_of(case, alena) == SENTINELS["identity"]

    again = keys.ask_for_new_keys(NEW_KEK, by=viktar)
    assert later(again).state == JobState.DONE
    assert rotation.waiting() == 0 and rotation.standing().version == version


def test_cases_that_are_done_stay_done_when_it_is_cancelled(
    case, alena, viktar, later, monkeypatch
):
    others = [register_case(NewCase(), by=alena) for _number in range(3)]
    job, renew = keys.ask_for_new_keys(NEW_DEKS, by=viktar), renewal.renew_case

    def cancelled_meanwhile(pk, *, by):
        services.cancel(job, by=viktar)
        return renew(pk, by=by)

    with monkeypatch.context() as patch:
        patch.setattr(renewal, "renew_case", cancelled_meanwhile)
        assert later(job).state == JobState.CANCELLED
    assert job.rows_done == 1 and KeyStore.objects.get().renewal_began == job.asked_at
    again = later(keys.ask_for_new_keys(NEW_DEKS, by=viktar))
    assert (again.state, again.rows_total) == (JobState.DONE, 3)
    assert {keyring.data_key(one.pk)[0] for one in [case, *others]} == {2}


def test_work_that_is_taken_up_after_its_end_makes_no_further_keys(case, viktar, later):
    for kind in keys.KINDS:
        job = later(keys.ask_for_new_keys(kind, by=viktar))
        found = list(KeyEncryptionKey.objects.values_list("version", flat=True))
        data_keys = DataKey.objects.count()
        if kind == NEW_KEK:
            rotating.rotate_kek(found[-1], by=viktar, begin=int, advance=int)
        else:
            rotating.renew_cases(job.asked_at, by=viktar, begin=int, advance=int)
        assert list(KeyEncryptionKey.objects.values_list("version", flat=True)) == found
        assert DataKey.objects.count() == data_keys


def test_the_command_does_the_same_and_names_nobody(case, alena):
    call_command("rotate_keys", kek=True)
    call_command("rotate_keys", dek=True)
    assert set(events(Verb.KEY_ROTATION_BEGUN) + events(Verb.KEY_ROTATED)) == {None}
    assert keyring.data_key(case.pk)[0] == 2
    assert name_of(case, alena) == SENTINELS["identity"]


# --- The page -------------------------------------------------------------------------
def test_a_sign_in_of_ten_minutes_ago_is_confirmed_first(post):
    for kind in keys.KINDS:
        _browser, answer = post(kind, ago=600)
        assert answer.status_code == 302 and "reauthenticate" in answer.headers["Location"]
    assert not Job.objects.exists()


def test_others_see_no_such_page(alena, rita, pavel, client_for):
    for user in (alena, rita, pavel):
        assert client_for(user).get(ADDRESS).status_code == 403
        assert client_for(user).post(ADDRESS, {"kind": NEW_KEK}).status_code == 403
        with pytest.raises(NotAllowed):
            keys.ask_for_new_keys(NEW_KEK, by=user)


def test_one_at_a_time_whoever_asks(viktar, later, client_for):
    job = keys.ask_for_new_keys(NEW_KEK, by=viktar)
    with pytest.raises(WrongState):
        keys.ask_for_new_keys(NEW_KEK, by=viktar)
    browser = client_for(viktar)
    assert browser.post(ADDRESS, {"kind": NEW_KEK}).status_code == 409
    page = browser.get(ADDRESS).content.decode()
    assert "under way already" in page and f"/jobs/{job.pk}/" in page
    assert browser.post(ADDRESS, {"kind": "root"}).status_code == 404


def test_it_tells_ages_and_days_and_shows_no_key(case, viktar, client_for, monkeypatch):
    browser = client_for(viktar)
    assert "never" in browser.get(ADDRESS).content.decode()
    rotation.begin_kek()
    keyring.renew(case.pk)
    page = browser.get(ADDRESS).content.decode()
    standing = rotation.standing()
    assert f">{standing.version}<" in page and "Former version" in page and "destroy-due" in page
    assert standing.waiting and f">{standing.waiting}<" in page
    assert "Go on with the new key-encryption key" in page and "--root" in page
    with connections["keys"].cursor() as cursor:
        cursor.execute("SELECT wrapped FROM vault_datakey")
        wrapped = [bytes(row[0]) for row in cursor.fetchall()]
    row = KeyEncryptionKey.objects.latest("version")
    assert row.root_id not in page and not re.search(
        r"[0-9a-f]{32}", re.sub("nonce-?[^ ]*", "", page)
    )
    assert wrapped and all(one.hex() not in page for one in wrapped)
