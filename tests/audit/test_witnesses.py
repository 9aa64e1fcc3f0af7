"""Witnesses are asked, and what they refuse is told. They are the real program, each a process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from audit import guards, notes, proofs, publishing, signing, trail, witnesses
from audit.models import Cosignature, Event, LogState, WitnessState
from audit.selectors import events
from audit.sequencer import sequence
from audit.verbs import Verb
from tests.audit.tampering import rebuild_state
from tests.audit.tools import write
from verify import tutela_verify

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent


class Witness:
    """A witness's folder and its process, started as another organisation would."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = self.run("init", name).strip()
        self.process: subprocess.Popen[str] | None = None

    def run(self, *words: str) -> str:
        command = [sys.executable, "manage.py", "witness", "--dir", str(self.folder), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *, port: int = 0) -> None:
        program = ROOT / "verify" / "tutela_witness.py"
        command = [sys.executable, "-I", program, "--dir", self.folder]
        self.process = subprocess.Popen(
            [*command, "serve", "--port", str(port)], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr
        found = re.search(r"127\.0\.0\.1:(\d+)/", self.process.stderr.readline())
        assert found
        self.port = int(found[1])

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            self.process = None

    @property
    def setting(self) -> str:
        return f"http://127.0.0.1:{self.port}/ {self.key}"


@pytest.fixture
def witness(tmp_path: Path, settings) -> Iterator[Witness]:  # type: ignore[no-untyped-def]
    one = Witness(tmp_path / "witness", "witness.ombudsman.example")
    one.run("trust", signing.verifier_key())
    one.start()
    settings.WITNESSES = [one.setting]
    yield one
    one.stop()


def happen(times: int) -> None:
    for number in range(times):
        trail.record(Verb.LOG_VERIFIED, by=None, reason=str(number))


def told() -> list[tuple[str, str]]:
    """(outcome, reason) of what was recorded of witnesses."""
    found = events().filter(verb=Verb.WITNESS_REFUSED)
    contents = [tutela_verify.event_of(bytes(event.entry)) for event in found]
    assert not any(isinstance(content, str) for content in contents)
    return [
        (event.outcome, re.search(rb'"reason":"([^"]*)"', bytes(event.entry))[1].decode())  # type: ignore[index]
        for event in found
    ]


def test_a_growing_log_is_cosigned_each_time(witness: Witness) -> None:
    for size in (3, 10, 300):
        happen(size - (LogState.objects.get().size if size > 3 else 0))
        sequence()
        publishing.sign_and_publish()
    made = list(Cosignature.objects.order_by("size"))
    assert [one.size for one in made] == [3, 10, 300] and told() == []
    checkpoint = signing.checkpoint()
    key = tutela_verify.verifier_key(witness.key, tutela_verify.WITNESS_KEY)
    read = tutela_verify.checkpoint_of(checkpoint.cosigned.encode(), "it")
    at = tutela_verify.cosigned_at(read, key)
    assert at is not None and abs(at - time.time()) < 60
    assert [(s.size, s.behind, s.trouble) for s in witnesses.standing()] == [(300, 0, "")]
    happen(2)
    sequence()
    assert [s.behind for s in witnesses.standing()] == [2]
    assert "size 300" in witness.run("status")


@pytest.mark.drill
def test_a_witness_that_does_not_answer_is_told_of_once_and_asked_again(witness: Witness) -> None:
    port = witness.port
    happen(2)
    witness.stop()
    for _minute in range(3):
        publishing.sign_and_publish()
    assert told() == [("denied", "unreachable witness.ombudsman.example")]
    assert [s.trouble for s in witnesses.standing()] == [witnesses.UNREACHABLE]
    witness.start(port=port)
    publishing.sign_and_publish()
    assert [s.trouble for s in witnesses.standing()] == [""] and Cosignature.objects.exists()


@pytest.mark.drill
def test_a_witness_that_does_not_know_this_log_refuses(witness: Witness) -> None:
    (witness.folder / "trusted.txt").write_text("")
    happen(1)
    publishing.sign_and_publish()
    assert told() == [("denied", "refused witness.ombudsman.example")]


@pytest.mark.drill
def test_we_learn_from_the_witness_how_far_it_is(witness: Witness) -> None:
    """It cosigned, and the answer was lost: the next time it tells where it stands."""
    happen(5)
    publishing.sign_and_publish()
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_cosignature")
    guards.install()
    happen(5)
    publishing.sign_and_publish()
    assert [one.size for one in Cosignature.objects.all()] == [10] and told() == []


def test_a_log_written_anew_with_the_stolen_key_is_an_alarm(witness: Witness) -> None:
    """The attacker has the database, the key store and the key; not the witness."""
    happen(5)
    publishing.sign_and_publish()
    guards.remove()
    with connection.cursor() as cursor:
        for table in ("checkpoint", "tile", "cosignature"):
            cursor.execute(f"DELETE FROM audit_{table}")
    event = Event.objects.get(seq=2)
    write(Event, 2, entry=bytes(event.entry).replace(b'"2"', b'"7"'))
    rebuild_state()
    signing.SignedHead.objects.all().delete()
    guards.install()
    happen(5)
    publishing.sign_and_publish()
    assert told() == [("error", "fork witness.ombudsman.example")]
    assert [s.trouble for s in witnesses.standing()] == [witnesses.FORK]
    assert "ALARMS" in witness.run("status") or not Cosignature.objects.exists()


def test_a_witness_that_answers_something_else_is_not_believed(
    witness: Witness,
    tmp_path: Path,
    settings,  # type: ignore[no-untyped-def]
) -> None:
    stranger = Witness(tmp_path / "stranger", "stranger.example")
    settings.WITNESSES = [f"http://127.0.0.1:{witness.port} {stranger.key}"]
    happen(1)
    publishing.sign_and_publish()
    assert told() == [("denied", "refused stranger.example")]
    assert not Cosignature.objects.exists()


@pytest.mark.parametrize("text", ["http://x", "x y", "http://x log+12345678+AAAA"])
def test_a_setting_that_names_no_witness_is_refused(settings, text: str) -> None:  # type: ignore[no-untyped-def]
    settings.WITNESSES = [text]
    with pytest.raises(ImproperlyConfigured):
        witnesses.witnesses()


@pytest.mark.drill
def test_a_cosignature_is_of_this_note_and_this_witness_alone(witness: Witness) -> None:
    happen(1)
    publishing.sign_and_publish()
    [made] = Cosignature.objects.all()
    note = signing.checkpoint(1).note
    assert notes.verify_cosignature(note, made.line, witness.key) == made.at
    other = signing.checkpoint(0).note
    for text, line, key in [
        (other, made.line, witness.key),
        (note, made.line.replace("ombudsman", "ombudsmen"), witness.key),
        (note, "", witness.key),
        (note, made.line, signing.verifier_key()),
    ]:
        with pytest.raises(notes.BadNote):
            notes.verify_cosignature(text, line, key)


def test_the_state_of_witnesses_outlives_the_process(witness: Witness) -> None:
    witness.stop()
    happen(1)
    publishing.sign_and_publish()
    assert WitnessState.objects.get().trouble == witnesses.UNREACHABLE
    assert os.environ.get("TUTELA_WITNESSES") is None
    call_command("check")
    assert proofs.proof_of(events().last())  # type: ignore[arg-type]
