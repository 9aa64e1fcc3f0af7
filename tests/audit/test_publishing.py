"""Checkpoints that leave the machine: a directory, mail through a real server, a QR code that reads."""

import re
import socketserver
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from threading import Thread

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from audit import guards, notes, publishing, signing, trail
from audit.models import Event
from audit.selectors import events
from audit.verbs import Verb
from tests.audit.tampering import rebuild_state
from tests.audit.tools import write

pytestmark = pytest.mark.django_db


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as it takes to receive messages."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Delivery)


class _Delivery(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            word = line.strip().upper()[:4]
            if word == b"DATA":
                self._say("354 go on")
                parts = []
                while (part := self.rfile.readline()) != b".\r\n":
                    parts.append(part)
                self.server.messages.append(b"".join(parts))
            elif word == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:  # type: ignore[no-untyped-def]
    cache.clear()
    with Mailbox() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.CHECKPOINT_MAIL = ["ombudsman@example.org"]
        yield server
        server.shutdown()


def test_the_directory_holds_every_checkpoint_and_the_newest(tmp_path: Path, settings) -> None:  # type: ignore[no-untyped-def]
    settings.CHECKPOINT_DIR = tmp_path / "kept"
    for _minute in range(3):
        trail.record(Verb.LOG_VERIFIED, by=None)
        publishing.sign_and_publish()
    folder = tmp_path / "kept" / "tutela.local_log"
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2", "3", "checkpoint"]
    key = signing.verifier_key()
    for name, size in (("1", 1), ("3", 3), ("checkpoint", 3)):
        assert notes.verify((folder / name).read_text(), key)[0] == size


def test_one_checkpoint_a_day_is_mailed_and_reads_back(mailbox: Mailbox) -> None:
    for _minute in range(3):
        trail.record(Verb.LOG_VERIFIED, by=None)
        publishing.sign_and_publish()
    assert len(mailbox.messages) == 1
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=True):
        publishing.sign_and_publish()
    assert len(mailbox.messages) == 2
    message = message_from_bytes(mailbox.messages[0])
    assert message["To"] == "ombudsman@example.org" and "1 events" in message["Subject"]
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode().replace("\r\n", "\n")
    note = text[text.index("tutela.local/log") : text.rindex("\ntutela.local/log") + 1]
    assert notes.verify(note.rstrip() + "\n", signing.verifier_key())[0] == 1


def test_a_mail_server_that_is_away_is_tried_again(mailbox: Mailbox, settings) -> None:  # type: ignore[no-untyped-def]
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    with pytest.raises(OSError):
        publishing.sign_and_publish()
    settings.EMAIL_PORT = port
    publishing.sign_and_publish()
    assert len(mailbox.messages) == 1


def test_that_the_signer_refuses_is_recorded_once() -> None:
    for number in range(4):
        trail.record(Verb.LOG_VERIFIED, by=None, reason=str(number))
    publishing.sign_and_publish()
    guards.remove()
    write(Event, 2, entry=bytes(Event.objects.get(seq=2).entry).replace(b'"2"', b'"7"'))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_checkpoint")
    rebuild_state()
    guards.install()
    for _minute in range(3):
        with pytest.raises(signing.LogRewritten):
            publishing.sign_and_publish()
    refused = events().filter(verb=Verb.CHECKPOINT_REFUSED)
    assert [event.outcome for event in refused] == ["error"]


def test_the_printed_code_holds_the_checkpoint(tmp_path: Path) -> None:
    """Chromium's own eyes cannot read codes; the squares are compared with those of the text."""
    trail.record(Verb.LOG_VERIFIED, by=None)
    checkpoint = signing.checkpoint()
    drawn = publishing.qr_of(checkpoint)
    expected = QRCode(error_correction=ERROR_CORRECT_M, border=2)
    expected.add_data(checkpoint.note)
    bars = [map(int, bar) for bar in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path)]
    squares = {(x + n, y) for x, y, width in bars for n in range(width)}
    matrix = expected.get_matrix()
    assert drawn.size == len(matrix)
    assert squares == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert "style=" not in drawn.svg and drawn.path in drawn.svg
