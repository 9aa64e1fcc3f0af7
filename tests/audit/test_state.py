"""The state of the trail in words, green only when all is in order."""

import base64
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from audit import guards, signing, trail, witnesses
from audit.models import Pending, Verification, WitnessState
from audit.state import Light, state_of_trail
from audit.verbs import Verb

pytestmark = pytest.mark.django_db


@pytest.fixture
def verified(case):
    """A log that was signed and verified a minute ago."""
    checkpoint = signing.checkpoint()
    return Verification.objects.create(
        size=checkpoint.size, root=b"r" * 32, is_full=True, holds=True, note="signed"
    )


def lights():
    return {check.title: check.light for check in state_of_trail().checks}


def todo(title):
    return next(check.todo for check in state_of_trail().checks if check.title.startswith(title))


def test_all_is_green_but_for_the_witnesses_and_a_worker(verified):
    found = lights()
    assert found.pop("Witnesses elsewhere") == Light.AMBER
    assert found.pop("Background work") == Light.AMBER  # tests have no worker
    assert set(found.values()) == {Light.GREEN}


def test_a_missing_guard_is_red(verified):
    name = "tutela_audit_event_before_update"
    assert name not in guards.missing()
    drop = f"DROP TRIGGER {name}" + (" ON audit_event" if connection.vendor != "sqlite" else "")
    with connection.cursor() as cursor:
        cursor.execute(drop)
    assert state_of_trail().light == Light.RED
    assert "restarts Tutela" in todo("Guards")


def test_a_log_that_is_not_signed_for_long_is_amber(verified, time_machine):
    trail.record(Verb.LOG_READ, by=None)
    assert lights()["Signature over the log"] == Light.GREEN  # the minute is not over
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert lights()["Signature over the log"] == Light.AMBER


def test_a_log_that_is_no_longer_signed_is_red(verified):
    trail.record(Verb.CHECKPOINT_REFUSED, by=None, outcome="error")
    state = state_of_trail()  # gives it its place
    assert state.light == Light.RED


def test_a_verification_that_failed_is_red_until_one_holds(verified):
    Verification.objects.create(size=1, root=b"", is_full=False, holds=False)
    assert lights()["Verification"] == Light.RED
    Verification.objects.create(size=1, root=b"", is_full=False, holds=True)
    assert lights()["Verification"] == Light.GREEN


def test_a_verification_too_long_ago_is_amber(verified, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=3))
    assert lights()["Verification"] == Light.AMBER
    Verification.objects.create(size=1, root=b"", is_full=False, holds=True, at=timezone.now())
    assert lights()["Verification"] == Light.GREEN
    time_machine.move_to(timezone.now() + timedelta(days=30))
    Verification.objects.create(size=1, root=b"", is_full=False, holds=True, at=timezone.now())
    assert lights()["Verification"] == Light.AMBER


def test_each_witness_has_a_light(verified, settings):
    key = "witness.example+" + _cosigner("witness.example")
    settings.WITNESSES = [f"https://witness.example {key}"]
    name = "Witnesses elsewhere: witness.example"
    assert lights()[name] == Light.GREEN
    state = WitnessState.objects.create(name="witness.example", trouble=witnesses.UNREACHABLE)
    assert lights()[name] == Light.AMBER
    state.trouble = witnesses.FORK
    state.save()
    assert lights()[name] == Light.RED


def _cosigner(name):
    """Key id and key of a verifier key of a cosigner (c2sp.org/tlog-cosignature)."""
    packed = b"\x04" + bytes(32)
    key_id = sha256(name.encode() + b"\n" + packed).hexdigest()[:8]
    return f"{key_id}+{base64.b64encode(packed).decode()}"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="events have their place at once")
def test_events_that_wait_for_their_place_for_long_are_amber(verified, monkeypatch, time_machine):
    monkeypatch.setattr("audit.sequencer._take_turns", lambda **kwargs: None)
    trail.record(Verb.LOG_READ, by=None)
    assert Pending.objects.count() == 1
    assert lights()["Events waiting for their place"] == Light.GREEN
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert lights()["Events waiting for their place"] == Light.AMBER


def test_figures_are_for_those_who_verify(verified, rita, viktar, pavel, alena, client_for):
    address = reverse("audit:state")
    assert "Events it covers" in client_for(rita).get(address).content.decode()
    for reader in (viktar, pavel):
        shown = client_for(reader).get(address).content.decode()
        assert "Is the log in order?" in shown and "Events it covers" not in shown
    assert client_for(alena).get(address).status_code == 403
