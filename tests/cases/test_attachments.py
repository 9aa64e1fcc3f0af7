"""Files of a case: from the form, sealed on their way, looked into, kept, and given back."""

import io
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from audit import trail, verifier
from audit.models import Event
from audit.verbs import Verb
from cases import door, storage, uploads
from cases.files import scanner
from cases.models import Attachment, AttachmentState
from cases.models.attachment import file_place
from cases.services import attachments
from cases.services.grants import revoke_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from core.exceptions import Conflict, NotAllowed, NotFound, WrongState
from tests.browser.sweep import find_words
from tests.cases import made_files as made
from tests.guards import log
from vault import sealing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
SECRET = "Запіс размовы з Ганнай Снежаньскай"
SPOKEN = SECRET.encode()
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def address(case, name, row=None) -> str:
    return reverse(f"cases:{name}", args=[case.reference, *([row.pk] if row else [])])


def send(browser: Client, case, name="a.txt", content=SPOKEN, **form):
    """Fill in the form as a browser does."""
    form = {"cls": "medical", "description": "As told"} | form
    return browser.post(
        address(case, "add_file"), form | {"file": SimpleUploadedFile(name, content)}
    )


@pytest.fixture
def officer(alena, client_for):
    return client_for(alena)


@pytest.fixture
def add(case, officer):
    """Add a file as Alena: add("a.txt", b"...", cls="legal"). Gives its row."""

    def make(name="a.txt", content=SPOKEN, **form):
        answer = send(officer, case, name, content, **form)
        assert answer.status_code == 302, answer.content.decode()
        return Attachment.objects.latest("id")

    return make


def body_of(answer) -> bytes:
    return b"".join(answer.streaming_content)


def content_of(row, by):
    return door.open_rows([row], by=by)[0]["content"]


def files_in(folder) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def events(verb) -> list[Event]:
    return list(Event.objects.filter(verb=verb).order_by("seq"))


# --- In and out -----------------------------------------------------------------------
@pytest.mark.parametrize("name", made.ORDINARY)
def test_an_ordinary_file_comes_back(name, case, alena, officer, add):
    sent = made.ORDINARY[name]()
    row = add(name, sent)
    content = content_of(row, alena)
    assert (content.name, content.cls, content.description) == (name, "medical", "As told")
    assert content.sha256 == sha256(sent).hexdigest()
    assert row.state == AttachmentState.ACCEPTED and row.added_by == alena
    given = body_of(officer.get(address(case, "download", row)))
    assert len(given) == content.size
    assert given == sent or content.was_rewritten
    assert bool(content.was_rewritten) == name.endswith(
        ("pdf", "jpg", "jpeg", "png", "webp", "tif")
    )


def test_what_is_kept_is_sealed_at_its_place_and_pinned_by_the_log(case, alena, add, own_files):
    row = add()
    [sealed] = files_in(own_files)
    assert sealing.unseal(file_place(row.pk, case.pk), sealed) == SPOKEN
    assert sha256(sealed).hexdigest() == row.file_digest
    assert row.file.startswith(f"attachments/{case.pk}/") and storage.check(row)
    assert verifier.verify().holds
    [event] = events(Verb.FILE_ADDED)
    assert log.told(event)["digest"] and log.told(event)["reason"] == "not_scanned"


def test_nothing_of_the_name_or_the_class_stands_in_the_open(case, add, own_files):
    row = add("Снежаньская диагноз.txt", description="Сведения врача")
    open_columns = [
        str(getattr(row, field)) for field in (*Attachment.Privacy.open, "added_by_id", "case_id")
    ]
    entries = [bytes(event.entry).decode() for event in Event.objects.all()]
    for word in ("Снежаньская", "диагноз", "врача", "medical"):
        assert not any(word in text for text in open_columns)
        assert not any(word in text for text in entries if '"file_' in text)
    names = [path.name for path in own_files.rglob("*")]
    assert not find_words(
        ["Снежаньская", "диагноз"], [p for p in own_files.rglob("*") if p.is_file()]
    )
    assert all(name.isascii() for name in names)


def test_files_and_folders_are_for_nobody_else_on_the_machine(add, own_files):
    add()
    for path in own_files.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_pictures_are_kept_as_they_were_written_anew(case, alena, officer, add):
    row = add("Фото.JPG", made.camera_picture())
    given = body_of(officer.get(address(case, "download", row)))
    assert made.PLACE not in given and Image.open(io.BytesIO(given)).size == (200, 300)
    content = content_of(row, alena)
    assert (content.width, content.height, content.was_rewritten) == (200, 300, True)


def test_what_was_sent_opens_at_no_row_when_it_was_written_anew(case, add, own_files, monkeypatch):
    """Whoever copied the sealed upload off the disk gains nothing by putting it in place of the file."""
    taken = []
    look_into = attachments.sandbox.look_into

    def copy(task, media_type, content, anew):
        taken.extend(files_in(own_files / "uploads"))
        return look_into(task, media_type, content, anew)

    monkeypatch.setattr(attachments.sandbox, "look_into", copy)
    row = add("a.jpg", made.camera_picture())
    [sent] = [blob for blob in taken if blob]
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(file_place(row.pk, case.pk), sent)


def test_the_case_page_lists_files_of_the_classes_one_may_read(
    case, alena, volha, share, add, client_for
):
    add("Рентген.txt", cls="medical")
    add("Гутарка.txt", cls="psychological")
    share(volha, "psychological")
    own = client_for(alena).get(address(case, "detail")).content.decode()
    assert "Рентген.txt" in own and "Гутарка.txt" in own
    hers = client_for(volha).get(address(case, "detail")).content.decode()
    assert "Гутарка.txt" in hers and "Рентген.txt" not in hers


def test_the_newest_files_stand_on_the_case_page_and_all_on_a_page_of_their_own(
    case, officer, alena
):
    for number in range(12):
        made.a_file(case, alena, f"n{number}.txt", b"text")
    page = officer.get(address(case, "detail")).content.decode()
    assert [n for n in range(12) if f"n{n}.txt" in page] == list(range(2, 12))
    page = officer.get(reverse("cases:panel", args=[case.reference, "files"])).content.decode()
    assert [n for n in range(12) if f"n{n}.txt" in page] == list(range(12))


def test_the_trail_tells_which_file_was_read_to_those_who_may_read_it(
    case, alena, pavel, officer, add, client_for
):
    row = add("Рентген.txt", cls="medical")
    body_of(officer.get(address(case, "download", row)))
    reads = address(case, "trail") + "?show=reads"
    assert "Рентген.txt" in client_for(alena).get(reads).content.decode()
    changes = client_for(alena).get(address(case, "trail") + "?show=changes").content.decode()
    assert "Fingerprint of what was sent" in changes and "Plain text" in changes
    supervisor = client_for(pavel).get(reads).content.decode()
    assert "downloaded a file" in supervisor and "Рентген.txt" not in supervisor


# --- What the handler takes -----------------------------------------------------------
def test_nothing_lies_in_clear_at_any_time(case, alena, officer, add, own_files, monkeypatch):
    """Everything that is written while a file comes in, looked at on every piece."""
    seen: list[bytes] = []
    take = uploads.SealedUpload.take

    def look(self, content):
        take(self, content)
        seen.extend(files_in(own_files))

    monkeypatch.setattr(uploads.SealedUpload, "take", look)
    text = (SECRET + "\n") * 5000
    row = add("a.txt", text.encode())
    assert len(seen) > 3 and any(len(blob) > 100_000 for blob in seen)
    assert not any(SPOKEN[:30] in blob for blob in seen)
    assert body_of(officer.get(address(case, "download", row))) == text.encode()


@pytest.fixture
def staged(monkeypatch):
    """How many uploads were begun to be taken."""
    begun = []
    start = uploads.SealedUpload.__init__

    def count(self, *args):
        begun.append(self)
        start(self, *args)

    monkeypatch.setattr(uploads.SealedUpload, "__init__", count)
    return begun


def test_a_file_sent_to_another_page_is_dropped(case, officer, staged):
    file = SimpleUploadedFile("a.txt", b"x" * 3_000_000)
    for name in ("person", "detail", "consent"):
        officer.post(address(case, name), {"file": file, "second_name": "Новая"})
        file.seek(0)
    officer.post("/cases/register/", {"file": file})
    Client().post("/account/sign-in/", {"file": file})
    assert staged == []


def test_only_the_field_of_the_form_is_taken(case, officer, staged):
    answer = officer.post(
        address(case, "add_file"), {"cls": "legal", "other": SimpleUploadedFile("a.txt", b"x")}
    )
    assert answer.status_code == 422 and staged == []


def test_many_files_at_once_are_not_taken(case, officer, staged):
    many = [SimpleUploadedFile("a.txt", b"x") for _ in range(2)]
    answer = officer.post(address(case, "add_file"), {"cls": "legal", "file": many})
    assert answer.status_code == 400 and not Attachment.objects.exists()


def test_of_whom_a_file_is_not_taken(
    case, alena, ihar, pavel, rita, volha, person, share, client_for, staged, own_files
):
    """Strangers, readers, other roles, people whose grant was taken back, and nobody at all."""
    share(volha, "psychological", may_write=False)
    nurse = person("nurse", "medical")
    revoke_grant(share(nurse, "medical"), by=alena)
    expected = {ihar: 404, pavel: 403, rita: 403, volha: 403, nurse: 404}
    for user, status in expected.items():
        assert send(client_for(user), case).status_code == status, user
    assert send(Client(), case).status_code == 302
    assert staged == [] and files_in(own_files) == [] and not Attachment.objects.exists()


def test_the_handler_decides_before_any_page_does(
    case, alena, ihar, pavel, volha, person, share, staged, own_files
):
    """With the form's token to be checked, the body is read before the page is asked."""
    share(volha, "psychological", may_write=False)
    gone = person("gone", "psychological")
    share(gone, "psychological")
    gone.is_active = False
    gone.save()
    for user in (ihar, pavel, volha, gone, None, alena):
        browser = Client(enforce_csrf_checks=True)
        if user:
            browser.force_login(user, backend=BACKEND)
        page = browser.get("/", follow=True).content.decode()
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
        assert staged == [] and files_in(own_files) == []
        answer = send(browser, case, csrfmiddlewaretoken=token)
        expected = {ihar: 404, pavel: 403, volha: 403}.get(user, 302)
        assert answer.status_code == expected, user
    assert len(staged) == 1 == len(files_in(own_files))


def test_a_file_goes_into_no_other_case_than_the_one_of_the_address(
    case, alena, ihar, client_for, new_case, own_files
):
    other = register_case(NewCase(), by=ihar)
    browser = client_for(ihar)
    answer = browser.post(
        address(other, "add_file"),
        {
            "cls": "medical",
            "reference": case.reference,
            "case": str(case.pk),
            "file": SimpleUploadedFile("a.txt", b"x"),
        },
    )
    assert answer.status_code == 302
    assert Attachment.objects.get().case == other


def test_a_class_one_may_not_write_is_not_taken(case, volha, share, client_for, own_files):
    share(volha, "psychological")
    answer = send(client_for(volha), case, cls="medical")
    assert answer.status_code == 422 and files_in(own_files) == []
    assert send(client_for(volha), case, cls="psychological").status_code == 302


def test_a_specialist_with_one_class_finds_it_chosen(case, volha, share, client_for):
    share(volha, "psychological")
    page = client_for(volha).get(address(case, "add_file")).content.decode()
    assert page.count('type="radio"') == 1 and "checked" in page


def test_a_form_without_its_token_keeps_nothing(case, alena, own_files):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alena, backend=BACKEND)
    assert send(browser, case).status_code == 403
    assert files_in(own_files) == []


def test_a_file_that_is_too_large_is_refused_and_the_rest_is_kept(
    case, officer, own_files, settings
):
    settings.UPLOAD_MAX_MB = 1
    answer = send(officer, case, "a.txt", b"x" * (2**20 + 1), description="Прынесла сама")
    page = answer.content.decode()
    assert answer.status_code == 422 and "larger than 1 MB" in page and "Прынесла сама" in page
    assert files_in(own_files) == []
    assert send(officer, case, "a.txt", b"x" * 2**20).status_code == 302


def test_an_empty_file_is_refused(case, officer, own_files):
    answer = send(officer, case, "a.txt", b"")
    assert answer.status_code == 422 and "empty" in answer.content.decode()
    assert files_in(own_files) == []


def test_a_full_disk_is_told_and_nothing_is_kept(case, officer, own_files, settings):
    """/dev/full stands for it: there is room for nothing."""
    settings.UPLOAD_DIR.mkdir()

    class Full(storage.Staged):
        def __init__(self):
            super().__init__()
            full = os.open("/dev/full", os.O_RDWR)
            os.dup2(full, self.file.fileno())
            os.close(full)

    uploads.Staged, kept = Full, uploads.Staged
    try:
        answer = send(officer, case, "a.txt", b"x" * 300_000, description="Прынесла сама")
    finally:
        uploads.Staged = kept
    page = answer.content.decode()
    assert answer.status_code == 422 and "no room" in page and "Прынесла сама" in page
    assert files_in(own_files) == []


def test_a_storage_that_takes_nothing_is_told(case, officer, own_files, settings):
    (own_files / "attachments").touch()  # a file where a folder should be
    answer = send(officer, case)
    assert answer.status_code == 422 and "could not be stored" in answer.content.decode()
    assert log.told(events(Verb.FILE_REFUSED)[0])["reason"] == "storage"
    assert files_in(own_files) == [b""]


@pytest.mark.parametrize("end", [b"", b"\r\n--"])
def test_an_upload_that_breaks_off_leaves_nothing(end, case, officer, own_files):
    """The connection ends before the file does: a half of it is no file."""
    start = (
        b'--b\r\nContent-Disposition: form-data; name="cls"\r\n\r\nmedical\r\n--b\r\n'
        b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    )
    kind = "multipart/form-data; boundary=b"
    body = start + SPOKEN * 9000 + end
    answer = officer.generic("POST", address(case, "add_file"), body, content_type=kind)
    assert answer.status_code == 422 and "Choose a file" in answer.content.decode()
    assert files_in(own_files) == [] and not Attachment.objects.exists()


def test_an_event_that_cannot_be_written_leaves_no_file(
    case, alena, client_for, own_files, monkeypatch
):
    browser = client_for(alena)
    browser.raise_request_exception = False

    def full(*_entries):
        raise OSError("full")

    monkeypatch.setattr(trail, "_append", full)
    assert send(browser, case).status_code == 500
    assert files_in(own_files) == [] and not Attachment.objects.exists()


@pytest.mark.parametrize("size", [2_000, 70_000])
def test_huge_names_and_headers_do_no_harm(size, case, officer, own_files):
    start = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{"x" * size}.txt"\r\n\r\n'
    )
    body = start.encode() + b"text\r\n--b--\r\n"
    answer = officer.generic(
        "POST", address(case, "add_file"), body, content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code in (400, 422)
    assert files_in(own_files) == []


# --- What is not taken ----------------------------------------------------------------
@pytest.mark.parametrize(
    "name, content, code",
    [
        ("a.exe", b"MZ" + bytes(500), "type"),
        ("a.pdf", made.picture(), "type"),
        ("a.jpg", made.picture("PNG"), "type"),
        ("a.png", made.flood(8000, 8000), "pixels"),
        ("a.pdf", made.pdf()[:200], "unreadable"),
        ("a.docx", made.bomb(), "archive"),
        ("a.docx", made.archive(made.office_parts(), before=b"GIF89a"), "type"),
        ("a.xlsx", made.office(), "type"),
        ("a.txt", "Привет".encode("cp1251"), "text"),
    ],
)
def test_what_is_not_taken_is_told_and_recorded(
    name, content, code, case, alena, officer, own_files
):
    answer = send(officer, case, name, content, description="Прынесла сама")
    page = answer.content.decode()
    assert answer.status_code == 422 and "Прынесла сама" in page
    assert str(attachments.SAID[code]).split("'")[0] in page
    [event] = events(Verb.FILE_REFUSED)
    told = log.told(event)
    assert (told["outcome"], told["reason"], told["cases"]) == ("denied", code, [str(case.pk)])
    assert event.actor == alena.pk and name not in bytes(event.entry).decode()
    assert files_in(own_files) == [] and not Attachment.objects.exists()


def test_a_case_holds_so_many_files_and_no_more(case, officer, add, monkeypatch):
    monkeypatch.setattr(attachments, "MOST_FILES", 2)
    add()
    row = add()
    assert "as many files as it can" in send(officer, case).content.decode()
    officer.post(address(case, "remove_file", row), {"reason": "Twice", "revision": 1})
    assert send(officer, case).status_code == 302


# --- The virus scanner ----------------------------------------------------------------
@contextmanager
def clamd(settings, answer=None, *, unix=None) -> Iterator[list[bytes]]:
    """A server that speaks INSTREAM; gives what it was sent. `answer` None: it looks for EICAR."""
    received: list[bytes] = []
    listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    listener.bind(unix or ("127.0.0.1", 0))
    listener.listen()

    def serve():
        with suppress(OSError):
            while True:
                connection, _peer = listener.accept()
                with connection, connection.makefile("rb") as stream:
                    assert stream.read(10) == b"zINSTREAM\0"
                    parts = []
                    while size := int.from_bytes(stream.read(4)):
                        parts.append(stream.read(size))
                    received.append(b"".join(parts))
                    is_bad = b"EICAR" in received[-1]
                    told = b"stream: Win.Test.EICAR_HDB-1 FOUND" if is_bad else b"stream: OK"
                    connection.sendall((told if answer is None else answer) + b"\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    settings.CLAMD = unix or f"127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield received
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture
def nobody_listens(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.CLAMD = f"127.0.0.1:{probe.getsockname()[1]}"


def test_a_clean_file_is_scanned_as_it_was_sent_and_kept(case, add, settings):
    sent = made.camera_picture()
    with clamd(settings) as received:
        row = add("a.jpg", sent)
    assert received == [sent] and row.state == AttachmentState.ACCEPTED
    assert log.told(events(Verb.FILE_ADDED)[0])["reason"] == "scanned_clean"


def test_a_scanner_may_listen_on_a_socket_of_the_machine(add, settings, tmp_path):
    with clamd(settings, unix=str(tmp_path / "clamd.ctl")) as received:
        add(content=b"x" * 400_000)
    assert received == [b"x" * 400_000]


def test_an_infected_file_is_refused_and_recorded(case, alena, officer, settings, own_files):
    with clamd(settings):
        answer = send(officer, case, "a.txt", b"X5O!P%@AP EICAR")
    assert answer.status_code == 422 and "virus scanner found" in answer.content.decode()
    [event] = events(Verb.FILE_REFUSED)
    assert log.told(event)["reason"] == "infected"
    assert door.open_details([event], by=alena, case=case) == [{"note": "Win.Test.EICAR_HDB-1"}]
    assert files_in(own_files) == []


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR", b"", b"nonsense"])
def test_a_scanner_that_does_not_say_ok_has_not_said_ok(answer, add, settings):
    with clamd(settings, answer):
        assert add().state == AttachmentState.QUARANTINED


def test_a_file_waits_for_a_scanner_that_cannot_be_reached(
    case, alena, officer, add, nobody_listens
):
    row = add()
    assert row.state == AttachmentState.QUARANTINED and storage.check(row)
    assert log.told(events(Verb.FILE_ADDED)[0])["reason"] == "scanner_unreachable"
    assert "Scan it now" in officer.get(address(case, "file", row)).content.decode()
    for name in ("download", "preview"):
        answer = officer.get(address(case, name, row))
        assert answer.status_code == 409 and SECRET not in answer.content.decode()
    assert not events(Verb.FILE_DOWNLOADED) and not events(Verb.FILE_PREVIEWED)
    assert officer.post(address(case, "scan_file", row)).status_code == 409
    row.refresh_from_db()
    assert row.state == AttachmentState.QUARANTINED


def test_a_waiting_file_is_released_when_the_scanner_answers(
    case, officer, add, nobody_listens, settings
):
    row = add()
    with clamd(settings) as received:
        answer = officer.post(address(case, "scan_file", row), follow=True)
    assert "found nothing" in answer.content.decode() and received == [SPOKEN]
    assert body_of(officer.get(address(case, "download", row))) == SPOKEN
    [event] = events(Verb.FILE_RELEASED)
    assert log.told(event)["reason"] == "scanned_clean"
    assert len(events(Verb.FILE_SCANNED)) == 1 and verifier.verify().holds


def test_a_waiting_file_that_is_infected_is_removed(
    case, officer, add, nobody_listens, settings, own_files
):
    row = add(content=b"EICAR")
    with clamd(settings):
        officer.post(address(case, "scan_file", row))
    row.refresh_from_db()
    assert row.state == AttachmentState.REMOVED and files_in(own_files) == []
    assert log.told(events(Verb.FILE_REMOVED)[0])["reason"] == "infected"


def test_a_scanner_that_says_nothing_is_not_waited_for_without_end(add, settings, monkeypatch):
    monkeypatch.setattr(scanner, "SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        settings.CLAMD = f"127.0.0.1:{listener.getsockname()[1]}"
        assert add().state == AttachmentState.QUARANTINED


# --- Downloads ------------------------------------------------------------------------
TEXT = ("".join(f"line {n}\n" for n in range(20_000))).encode()
SIZE = len(TEXT)


@pytest.fixture
def long_file(add):
    return add("Доўгі.txt", TEXT)


def test_a_download_carries_the_headers_of_something_that_is_saved(case, officer, add):
    row = add('Снежаньская; "x".txt')
    answer = officer.get(address(case, "download", row))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%A1")
    assert "\n" not in answer["Content-Disposition"] and '"' not in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Length"] == str(len(SPOKEN)) and answer.streaming
    body_of(answer)


@pytest.mark.parametrize(
    "asked, start, stop",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=16383-16384", 16_383, 16_385),
        ("bytes=100000-", 100_000, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
        (f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE),
    ],
)
def test_a_range_is_given_as_it_is_asked_for(asked, start, stop, case, officer, long_file):
    answer = officer.get(address(case, "download", long_file), headers={"range": asked})
    assert body_of(answer) == TEXT[start:stop]
    if stop - start < SIZE:
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(asked, case, officer, long_file):
    answer = officer.get(address(case, "download", long_file), headers={"range": asked})
    assert answer.status_code == 416 and answer["Content-Range"] == f"bytes */{SIZE}"
    assert answer.content == b""


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "lines=1-2", "bytes=9-3", "bytes=0-1,5-6", "bytes=a-b", "x" * 9999],
)
def test_a_range_that_is_not_understood_gives_everything(asked, case, officer, long_file):
    answer = officer.get(address(case, "download", long_file), headers={"range": asked})
    assert answer.status_code == 200 and body_of(answer) == TEXT


def test_a_download_that_is_gone_on_with_gets_the_rest_only_of_the_same_file(
    case, officer, long_file
):
    url = address(case, "download", long_file)
    tag = officer.get(url)["ETag"]
    rest = {"range": "bytes=1000-"}
    same = officer.get(url, headers=rest | {"if-range": tag})
    assert same.status_code == 206 and body_of(same) == TEXT[1000:]
    other = officer.get(url, headers=rest | {"if-range": '"other"'})
    assert other.status_code == 200 and body_of(other) == TEXT


def test_every_request_is_recorded_before_a_byte_is_given(case, alena, officer, long_file):
    start = log.size()
    for asked in ("bytes=0-9", "bytes=10-19"):
        officer.get(address(case, "download", long_file), headers={"range": asked})
    found = [event for event in log.since(start) if event.verb == Verb.FILE_DOWNLOADED]
    assert len(found) == 2 and {event.actor for event in found} == {alena.pk}
    details = door.open_details(found, by=alena, case=case)
    assert details == [{"file": str(long_file.pk)}] * 2


def test_a_read_that_cannot_be_recorded_gives_nothing(
    case, alena, client_for, long_file, monkeypatch
):
    browser = client_for(alena)
    browser.raise_request_exception = False

    def full(*_entries):
        raise OSError("full")

    monkeypatch.setattr(trail, "_append", full)
    for name in ("download", "preview", "file"):
        answer = browser.get(address(case, name, long_file))
        assert answer.status_code == 500 and b"line 1" not in answer.content


@pytest.mark.django_db(transaction=True)
def test_the_door_lets_no_file_out_inside_a_transaction(case, alena, add):
    row = add()
    with transaction.atomic(), pytest.raises(RuntimeError):
        door.open_file(row, by=alena, verb=Verb.FILE_DOWNLOADED)


def test_a_file_is_decided_on_anew_at_every_request(case, alena, volha, share, add, client_for):
    row = add(cls="psychological")
    grant = share(volha, "psychological")
    browser = client_for(volha)
    url = address(case, "download", row)
    assert body_of(browser.get(url)) == SPOKEN
    assert body_of(browser.get(url, headers={"range": "bytes=0-4"})) == SPOKEN[:5]
    revoke_grant(grant, by=alena)
    assert browser.get(url, headers={"range": "bytes=5-9"}).status_code == 404


def test_a_download_ends_when_access_is_taken_back_meanwhile(
    case, alena, volha, share, add, client_for, monkeypatch
):
    monkeypatch.setattr(door, "LOOK_AGAIN", -1)
    monkeypatch.setattr(door, "PIECE", 20_000)
    row, grant = add("a.txt", TEXT, cls="psychological"), share(volha, "psychological")
    pieces = client_for(volha).get(address(case, "download", row)).streaming_content
    assert next(pieces) == TEXT[:20_000]
    revoke_grant(grant, by=alena)
    with pytest.raises(NotFound):
        next(pieces)
    [event] = events(Verb.REFUSED)
    assert (event.actor, log.told(event)["reason"]) == (volha.pk, "no longer shared")


def test_a_file_of_a_class_one_does_not_hold_is_not_there(case, volha, share, add, client_for):
    row = add(cls="medical")
    share(volha, "psychological")
    browser = client_for(volha)
    for name in ("file", "download", "preview"):
        assert browser.get(address(case, name, row)).status_code == 404
    assert browser.post(address(case, "scan_file", row)).status_code == 404
    answer = browser.post(address(case, "remove_file", row), {"reason": "x", "revision": 1})
    assert answer.status_code in (403, 404)
    assert not events(Verb.FILE_DOWNLOADED) and not events(Verb.FILE_REMOVED)


def test_somebody_elses_address_opens_nothing(case, ihar, add, client_for):
    """The link of a download, and the same file under a case of one's own."""
    row = add()
    browser = client_for(ihar)
    own = register_case(NewCase(), by=ihar)
    for of in (case, own):
        for name in ("file", "download", "preview"):
            assert browser.get(address(of, name, row)).status_code == 404
        answer = browser.post(address(of, "remove_file", row), {"reason": "x", "revision": 1})
        assert answer.status_code == 404
    assert Client().get(address(case, "download", row)).status_code == 302


# --- Pictures on the page -------------------------------------------------------------
def test_a_picture_is_shown_small_and_recorded(case, alena, officer, add):
    row = add("a.jpg", made.picture(size=(3000, 2000)))
    assert "<img" in officer.get(address(case, "file", row)).content.decode()
    answer = officer.get(address(case, "preview", row))
    assert answer["Content-Type"] == "image/jpeg" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert max(Image.open(io.BytesIO(answer.content)).size) == 1600
    [event] = events(Verb.FILE_PREVIEWED)
    assert event.actor == alena.pk


@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.docx", "a.mp3", "a.mp4"])
def test_other_files_are_never_shown_on_a_page(name, case, officer, add):
    row = add(name, made.ORDINARY[name]())
    page = officer.get(address(case, "file", row)).content.decode()
    assert "<img" not in page and "<video" not in page and "<audio" not in page
    assert officer.get(address(case, "preview", row)).status_code == 409


# --- Changed behind our back ----------------------------------------------------------
def damage(own_files, row, change):
    path = own_files / row.file
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b[:-1],
        lambda b: b + b"\0",
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: bytes([b[0] ^ 1]) + b[1:],
        lambda b: b[:20] + bytes([b[20] ^ 1]) + b[21:],
        lambda b: TEXT,
    ],
    ids=["cut", "longer", "half", "empty", "head", "salt", "clear"],
)
def test_a_changed_file_is_not_given(change, case, officer, long_file, own_files):
    damage(own_files, long_file, change)
    assert not storage.check(long_file)
    answer = officer.get(address(case, "download", long_file))
    assert answer.status_code == 409 and b"line 1" not in answer.content
    assert log.told(events(Verb.REFUSED)[-1])["cases"] == [str(case.pk)]


def test_a_file_changed_in_its_middle_ends_there_and_is_recorded(
    case, officer, long_file, own_files
):
    damage(own_files, long_file, lambda b: b[:100_000] + bytes([b[100_000] ^ 1]) + b[100_001:])
    assert not storage.check(long_file)
    url = address(case, "download", long_file)
    assert body_of(officer.get(url, headers={"range": "bytes=0-99"})) == TEXT[:100]
    with pytest.raises(door.Damaged):
        body_of(officer.get(url))
    assert log.told(events(Verb.REFUSED)[-1])["reason"] == "damaged"


def test_a_picture_changed_in_its_middle_is_not_shown(case, officer, add, own_files):
    row = add("a.png", made.noise())
    damage(own_files, row, lambda b: b[:40_000] + bytes([b[40_000] ^ 1]) + b[40_001:])
    assert officer.get(address(case, "preview", row)).status_code == 409
    assert "damaged" in {log.told(event)["reason"] for event in events(Verb.REFUSED)}


def test_a_waiting_file_that_was_changed_is_neither_released_nor_removed(
    case, officer, add, nobody_listens, settings, own_files
):
    row = add("a.txt", TEXT)
    damage(own_files, row, lambda b: b[:100_000] + bytes([b[100_000] ^ 1]) + b[100_001:])
    with clamd(settings):
        assert officer.post(address(case, "scan_file", row)).status_code == 409
    row.refresh_from_db()
    assert row.state == AttachmentState.QUARANTINED and len(files_in(own_files)) == 1


def test_two_files_that_changed_places_are_not_given(case, officer, add, own_files):
    one, other = add("a.txt", b"one" * 9), add("b.txt", b"two" * 9)
    first, second = (own_files / row.file for row in (one, other))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    for row in (one, other):
        assert officer.get(address(case, "download", row)).status_code == 409
        assert not storage.check(row)


def test_a_file_that_is_missing_is_told_as_damaged(case, officer, add, own_files):
    row = add()
    (own_files / row.file).unlink()
    assert not storage.check(row)
    assert officer.get(address(case, "download", row)).status_code == 409


# --- Removing -------------------------------------------------------------------------
def test_a_file_is_removed_with_a_reason_and_the_row_stays(case, alena, officer, add, own_files):
    row = add()
    answer = officer.post(
        address(case, "remove_file", row), {"reason": "Added twice", "revision": 1}, follow=True
    )
    assert "The file is removed." in answer.content.decode()
    assert files_in(own_files) == []
    row.refresh_from_db()
    assert (row.state, row.file, row.file_digest, row.revision) == ("removed", "", "", 2)
    assert storage.check(row) and verifier.verify().holds
    [event] = events(Verb.FILE_REMOVED)
    assert door.open_details([event], by=alena, case=case) == [{"note": "Added twice"}]
    assert b"twice" not in bytes(event.entry)
    for name in ("file", "download", "preview"):
        assert officer.get(address(case, name, row)).status_code == 404
    assert "a.txt" not in officer.get(address(case, "detail")).content.decode()
    assert "a.txt" in officer.get(address(case, "trail")).content.decode()


def test_a_file_is_not_removed_without_a_reason(case, officer, add):
    row = add()
    answer = officer.post(address(case, "remove_file", row), {"reason": " ", "revision": 1})
    assert answer.status_code == 422 and "Say why" in answer.content.decode()
    assert storage.check(row) and not events(Verb.FILE_REMOVED)


def test_a_removal_from_an_old_page_is_a_conflict(case, alena, officer, add):
    row = add()
    answer = officer.post(address(case, "remove_file", row), {"reason": "x", "revision": 7})
    assert answer.status_code == 409
    with pytest.raises(Conflict):
        attachments.remove_file(row, reason="x", revision=7, by=alena)
    removed = attachments.remove_file(row, reason="x", revision=1, by=alena)
    with pytest.raises(WrongState):
        attachments.remove_file(removed, reason="x", revision=2, by=alena)


def test_who_may_only_read_removes_nothing(case, alena, volha, pavel, share, add, own_files):
    row = add(cls="psychological")
    share(volha, "psychological", may_write=False)
    for user, error in ((volha, NotAllowed), (pavel, NotFound)):
        with pytest.raises(error):
            attachments.remove_file(row, reason="x", revision=1, by=user)
    assert len(files_in(own_files)) == 1


def test_a_grant_that_ended_removes_nothing(case, volha, share, add):
    row = add(cls="psychological")
    share(volha, "psychological", days=1)
    with (
        time_machine.travel(timezone.now() + timedelta(days=2)),
        pytest.raises(NotFound),
    ):
        attachments.remove_file(row, reason="x", revision=1, by=volha)
