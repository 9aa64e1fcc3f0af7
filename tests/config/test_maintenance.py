"""While Tutela is closed for maintenance there is one page, which asks nothing of the database."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import Event
from config import maintenance
from core.closed import maintenance_marker, restore_marker
from core.middleware import METHODS
from tests.config.test_sealed_start import paths
from tests.guards.test_headers import check_headers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_every_address_waits_whatever_the_method():
    maintenance.close(30)
    found = set(paths()) - {"/health/"}
    assert len(found) > 30
    for path in found | {"/nothing/of/the/kind"}:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            answer = Client().generic(method, path)
            assert answer.status_code == (503 if method in METHODS else 405), (method, path)
            check_headers(f"{method} {path}", answer)
            if method in METHODS:
                assert 1700 < int(answer.headers["Retry-After"]) <= 1800
    assert not Event.objects.exists()


def test_the_page_says_until_when_and_asks_nothing_of_the_database(
    alena, client_for, django_assert_num_queries
):
    browser = client_for(alena)
    maintenance.close(30)
    with django_assert_num_queries(0):
        page = browser.get("/cases/").content.decode()
    assert "Tutela is closed for maintenance" in page and "at about <strong>" in page
    assert "Alena" not in page and "<script" not in page
    maintenance.open_again()
    assert browser.get("/cases/").status_code == 200, "nobody was signed out"


def test_the_page_comes_in_the_language_of_the_browser():
    maintenance.close(30)
    page = Client(headers={"accept-language": "be"}).get("/").content.decode()
    assert '<html lang="be" dir="ltr">' in page and "maintenance" not in page


@pytest.mark.parametrize("said", ["", "soon", "2020-01-01T00:00:00+00:00", "2099-01-01T00:00:00"])
def test_it_stays_closed_whatever_stands_in_the_file(said):
    maintenance_marker().write_text(said)
    answer = Client().get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "open again soon" in answer.content.decode()


def test_an_unfinished_restore_closes_what_is_served():
    restore_marker().touch()
    assert Client().get("/account/sign-in/").status_code == 503


def test_the_health_address_tells():
    assert Client().get("/health/").content == b"idle"  # tests have no worker
    maintenance.close(5)
    answer = Client().get("/health/")
    assert (answer.status_code, answer.content) == (200, b"maintenance")


def test_the_command_closes_and_opens(capsys):
    call_command("maintenance", "on", minutes=45)
    assert maintenance.is_closed() and "maintenance off" in capsys.readouterr().out
    call_command("maintenance", "off")
    call_command("maintenance", "off")
    assert not maintenance.is_closed()
    for wrong in (0, -5, 100_000):
        with pytest.raises(CommandError, match="--minutes"):
            call_command("maintenance", "on", minutes=wrong)
    assert not maintenance.is_closed()
