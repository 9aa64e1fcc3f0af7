"""What a request says of where it comes from is believed of proxies that are named, of nobody else."""

import subprocess
import sys

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from tests.browser.served import ROOT, environment

PROXY, CLIENT = "10.0.0.7", "203.0.113.9"


def seen(trusted: list[str], peer: str, **headers: str) -> tuple[str, bool, str]:
    """(client's address, over TLS?, host) as a page sees them."""
    found: list[WSGIRequest] = []
    application = wrap_wsgi_with_proxy_headers(
        lambda environ, _start: found.append(WSGIRequest(environ)), trusted
    )
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    application(
        RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_HOST="testserver", **named).environ, None
    )
    [request] = found
    return request.META["REMOTE_ADDR"], request.is_secure(), request.get_host()


FORGED = {
    "x_forwarded_for": "198.51.100.1",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "elsewhere.example",
    "forwarded": "for=198.51.100.1;proto=https;host=elsewhere.example",
    "x_real_ip": "198.51.100.1",
}


@pytest.mark.parametrize("trusted", [[], [PROXY], ["10.0.0.0/24"]])
def test_nobody_else_is_believed(trusted):
    assert seen(trusted, CLIENT, **FORGED) == (CLIENT, False, "testserver")


@pytest.mark.parametrize("trusted", [[PROXY], ["10.0.0.0/24"], ["::1", PROXY]])
def test_a_named_proxy_tells_of_whom_it_asks_for(trusted):
    told = {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}
    assert seen(trusted, PROXY, **told) == (CLIENT, True, "testserver")
    assert seen(trusted, PROXY) == (PROXY, False, "testserver")


def test_what_the_client_said_before_is_not_believed():
    """The proxy adds the address it sees at the end of what it was sent."""
    told = FORGED | {"x_forwarded_for": f"198.51.100.1, {PROXY}, {CLIENT}"}
    assert seen([PROXY], PROXY, **told)[0] == CLIENT
    assert seen([PROXY], PROXY, **told)[2] == "testserver", "the host is never taken from it"


def test_of_several_proxies_the_first_that_is_not_named_is_the_client():
    told = {"x_forwarded_for": f"198.51.100.1, {CLIENT}, 10.0.0.8"}
    assert seen(["10.0.0.0/24"], PROXY, **told)[0] == CLIENT
    assert seen([PROXY], PROXY, **told)[0] == "10.0.0.8"


def test_a_name_or_everybody_is_not_taken_for_a_proxy(tmp_path):
    for wrong in ("*", "proxy.example", "10.0.0.7/24"):
        done = _manage(tmp_path, "check", TUTELA_TRUSTED_PROXIES=wrong)
        assert done.returncode and "TUTELA_TRUSTED_PROXIES" in done.stderr


def test_an_installation_with_nothing_set_is_deployed_as_django_wants_it(tmp_path):
    done = _manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", TUTELA_DEMO="false")
    assert done.returncode == 0, done.stderr
    # guardian.W001, which asks for guardian's backend; ours is that with our rule.
    assert "no issues (1 silenced)" in done.stdout


def test_a_start_says_when_every_page_would_lead_to_itself(tmp_path):
    told = "no proxy is trusted"
    words = ["start", "--host", "192.0.2.1"]  # no address of this machine, so it ends
    assert told in _manage(tmp_path, *words, TUTELA_DEMO="false").stderr
    named = {"TUTELA_DEMO": "false", "TUTELA_TRUSTED_PROXIES": "127.0.0.1"}
    assert told not in _manage(tmp_path, *words, **named).stderr


def _manage(home, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=environment(home) | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
