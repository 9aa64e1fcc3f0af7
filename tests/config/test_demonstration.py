"""Choosing an account in a demonstration, which is the way in nowhere else; and beginning one anew."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Office, User
from accounts.services import change_account, make_user
from audit import trail
from audit.verbs import Verb
from config import effective
from config.demo import installation
from config.demo.staff import STAFF
from config.startup import refuse_unless_ready
from tests.conftest import PASSWORD
from tests.guards import log

pytestmark = pytest.mark.django_db

CHOOSE, SIGN_IN = "/account/demonstration/", "/account/sign-in/"
FEW = ("officer", "supervisor", "analyst", "administrator")


def make(username: str, name: str, role: str, at: Office | None) -> User:
    return make_user(
        username=username,
        display_name=name,
        password=PASSWORD,
        roles=[role],
        office=at,
        by=None,
    )


@pytest.fixture
def demo(settings, office) -> dict[str, User]:
    """A demonstration of few accounts and no cases."""
    settings.DEMO, settings.SECOND_FACTOR_REQUIRED = True, False
    trail.record(Verb.DEMO_LOADED, by=None, reason="0 cases")
    return {
        username: make(username, name, role, office if where else None)
        for username, name, role, where in STAFF
        if username in FEW
    }


def choose(username: str, browser: Client | None = None, **more: str):
    return (browser or Client()).post(CHOOSE, {"username": username, **more})


# --- The list -------------------------------------------------------------------------
def test_the_sign_in_page_tells_of_each_account_who_it_is_and_what_it_does(demo):
    page = Client().get(SIGN_IN).content.decode()
    for username in FEW:
        assert f'name="username" value="{username}"' in page
        assert demo[username].display_name in page
        for role in demo[username].roles:
            assert str(role.display_name) in page
    assert "Registers people, records assistance, shares and closes own cases." in page
    assert "Forgotten your password?" not in page


def test_choosing_an_account_signs_in_at_once_and_is_recorded(demo):
    start, browser = log.size(), Client()
    answer = choose("supervisor", browser, next="/cases/")
    assert (answer.status_code, answer.url) == (302, "/cases/")
    assert browser.get("/cases/").context["user"] == demo["supervisor"]
    [signed_in] = [event for event in log.since(start) if event.verb == Verb.SIGNED_IN]
    assert log.told(signed_in)["reason"] == "demonstration"


def test_who_is_signed_in_goes_on_as_somebody_else(demo):
    browser = Client()
    choose("officer", browser)
    choose("analyst", browser)
    assert browser.get("/").context["user"] == demo["analyst"]


def test_no_other_site_chooses_or_leads_away(demo):
    assert Client(enforce_csrf_checks=True).post(CHOOSE, {"username": "officer"}).status_code == 403
    assert choose("officer", next="https://elsewhere.example/").url == "/"


@pytest.mark.parametrize("username", ["", "nobody", "Officer"])
def test_nobody_else_is_chosen(demo, username):
    assert choose(username).status_code == 400


def test_an_account_that_was_closed_is_not_offered(demo):
    change_account(demo["officer"], is_active=False, by=None)
    assert 'value="officer"' not in Client().get(SIGN_IN).content.decode()
    assert choose("officer").status_code == 400


def test_it_takes_a_form(demo):
    assert Client().get(CHOOSE).status_code == 405


def test_a_second_factor_is_asked_for_as_after_a_password(demo, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    browser = Client()
    choose("officer", browser)
    assert browser.get("/").url == "/account/second-factor-needed/"


def test_a_button_confirms_that_it_is_still_the_same_person(demo, time_machine):
    now, browser = datetime.now(UTC).replace(microsecond=0), Client()
    time_machine.move_to(now, tick=False)
    choose("officer", browser)
    time_machine.move_to(now + timedelta(minutes=6), tick=False)
    asked = browser.get("/cases/workbooks/")
    page = browser.get(asked.url).content.decode()
    assert "I am still Alena Karol" in page
    start = log.size()
    answer = choose("officer", browser, next="/cases/workbooks/")
    assert answer.url == "/cases/workbooks/"
    assert browser.get(answer.url).status_code == 200
    [confirmed] = [event for event in log.since(start) if event.verb == Verb.CONFIRMED]
    assert log.told(confirmed)["reason"] == "demonstration"


# --- Nowhere else ---------------------------------------------------------------------
def is_closed() -> bool:
    """Is nobody let in by choosing, and nobody told of who could be chosen?"""
    page = Client().get(SIGN_IN).content.decode()
    answers = [Client().get(CHOOSE), *(choose(username) for username in FEW)]
    return CHOOSE not in page and {answer.status_code for answer in answers} == {404}


def test_without_the_setting_there_is_no_such_address(demo, settings):
    assert not is_closed()
    settings.DEMO = False
    assert is_closed()


def test_somebody_with_an_account_of_their_own_ends_the_choice(demo, office):
    make("vera", "Vera", "case_officer", office)
    assert is_closed()
    assert "Accounts were made here besides" in Client().get(SIGN_IN).content.decode()
    browser = Client()
    browser.post(SIGN_IN, {"login": "officer", "password": PASSWORD})
    assert browser.get("/").status_code == 200


def test_accounts_that_only_have_the_names_of_a_demonstration_are_not_chosen(person, settings):
    person("officer", "case_officer")
    settings.DEMO = True
    assert is_closed()
    with pytest.raises(ImproperlyConfigured, match="not made as a demonstration"):
        refuse_unless_ready(serve=False)


def test_the_setting_is_refused_beside_real_data(alena, settings):
    installation.refuse_real_data()
    settings.DEMO = True
    with pytest.raises(ImproperlyConfigured, match="not made as a demonstration"):
        refuse_unless_ready(serve=False)


def test_what_was_served_as_real_once_is_no_demonstration_any_more(demo, settings):
    effective.tell_of_start()
    installation.refuse_real_data()
    settings.DEMO = False
    effective.tell_of_start()
    settings.DEMO = True
    effective.tell_of_start()
    assert is_closed()
    with pytest.raises(ImproperlyConfigured, match="served as a real one since"):
        refuse_unless_ready(serve=False)


def test_a_new_installation_may_become_a_demonstration(settings):
    settings.DEMO = True
    refuse_unless_ready(serve=False)


def test_made_up_people_are_loaded_into_a_demonstration_alone():
    with pytest.raises(CommandError, match="TUTELA_DEMO=1"):
        call_command("load_demo")
    assert not User.objects.exists()


# --- Anew -----------------------------------------------------------------------------
@pytest.fixture
def data(settings, tmp_path, monkeypatch):
    """A data directory; the databases of the test are elsewhere and stay."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(installation, "_lies_here", lambda: True)
    monkeypatch.setattr(installation.connections, "close_all", lambda: None)
    for name in ("tutela.sqlite3", "tutela.sqlite3-wal", "keys.sqlite3", "erasures.txt"):
        (tmp_path / name).touch()
    for name in ("demo-accounts.txt", "secret_key", "mine.txt"):
        (tmp_path / name).touch()
    for name in ("attachments/one", "jobs", "uploads"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_demonstration_is_removed_and_nothing_else(demo, data):
    installation.remove(host="127.0.0.1", port=1)
    assert names(data) == {"secret_key", "mine.txt"}


def test_real_data_are_never_removed(alena, data, settings):
    before = names(data)
    for demo in (False, True):
        settings.DEMO = demo
        with pytest.raises(ImproperlyConfigured):
            installation.remove(host="127.0.0.1", port=1)
    assert names(data) == before


def test_what_somebody_else_works_with_may_be_real_and_stays(demo, data, alena):
    before = names(data)
    with pytest.raises(ImproperlyConfigured, match="nobody of the demonstration"):
        installation.remove(host="127.0.0.1", port=1)
    assert names(data) == before


def test_what_is_served_or_lies_elsewhere_is_not_removed(demo, data, monkeypatch):
    before = names(data)
    with monkeypatch.context() as patch, pytest.raises(ImproperlyConfigured, match="Stop it first"):
        patch.setattr(installation, "_answers", lambda host, port: True)
        installation.remove(host="127.0.0.1", port=8000)
    monkeypatch.undo()
    with pytest.raises(ImproperlyConfigured, match="elsewhere"):
        installation.remove(host="127.0.0.1", port=1)
    assert names(data) == before


def test_keys_without_a_database_that_tells_whose_they_are_stay(data, settings, monkeypatch):
    """Another database may be named, or the right one not be back yet, and the keys are everybody's."""
    settings.DEMO, before = True, names(data)
    with pytest.raises(ImproperlyConfigured, match="There are keys here"):
        installation.remove(host="127.0.0.1", port=1)
    monkeypatch.setattr(installation.connection.introspection, "table_names", list)
    with pytest.raises(ImproperlyConfigured, match="There are keys here"):
        installation.remove(host="127.0.0.1", port=1)
    assert names(data) == before


def test_other_databases_than_the_files_that_would_be_removed_lie_elsewhere(
    settings, tmp_path, monkeypatch
):
    settings.DATA_DIR = tmp_path
    with monkeypatch.context() as patch:
        patch.setitem(settings.STORAGES["attachments"]["OPTIONS"], "location", tmp_path)
        for alias, name in installation.DATABASES.items():
            patch.setitem(settings.DATABASES[alias], "NAME", tmp_path / name)
        assert installation._lies_here()
        for alias in installation.DATABASES:
            with monkeypatch.context() as other:
                other.setitem(settings.DATABASES[alias], "NAME", str(tmp_path / "demo.sqlite3"))
                assert not installation._lies_here()


def test_reset_is_for_a_demonstration(capsys):
    with pytest.raises(CommandError, match="give it with --demo"):
        call_command("start", "--reset")
