"""What of a trail leaves the house: a stranger can check it, and it tells of no other case."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pypdf import PdfReader

from assistance.sections import MedicalAssistance
from assistance.services import record_assistance
from audit import signing, trail
from audit.models import Event, EventCase
from audit.verbs import WEIGHTY, Verb
from cases import court, court_pdf, typesetting
from cases.court import export_for_court, prove
from cases.models import Case
from cases.sections import ConsentTerms
from cases.selectors import victim_of
from cases.services import erasure, exports
from cases.services.consents import record_consent
from cases.services.intake import register_case
from cases.trail_finding import TrailFilter
from core.exceptions import BadInput, NotAllowed, NotFound
from tests.cases.closed import close_case
from tests.cases.conftest import rename
from tests.conftest import PASSWORD, SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db

VERIFIER = settings.BASE_DIR / "verify" / "tutela_verify.py"


@pytest.fixture
def other_case(new_case, alena) -> Case:
    """A second case of Alena's."""
    return register_case(new_case, by=alena)


@pytest.fixture
def lived(case, alena, pavel, client_for):
    """Alena's case, changed and read, and seen in a list together with another."""
    rename(victim_of(case), alena, "Новая")
    client_for(pavel).get(f"/cases/{case.reference}/")
    return case


def _unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


def _check(folder: Path, proof: str, entry: str, program: Path = VERIFIER, key: str = ""):
    """Run the verifier as README says, with nothing of Tutela at hand."""
    words = ["--key", key or (folder / "log-key.txt").read_text().strip()]
    words += ["--proof", proof, "--entry", entry]
    command = [sys.executable, "-I", str(program), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def _export(case, by, note="Order 2-17/26", wanted=None, reason="court"):
    wanted = wanted or TrailFilter()
    return export_for_court(case, reason=reason, note=note, wanted=wanted, by=by)


def _sent(export, folder: Path) -> Path:
    return _unpacked(b"".join(export.pieces()), folder) / export.folder


def _text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def _events_of(case):
    links = EventCase.objects.filter(case=case.pk).values("seq")
    return list(Event.objects.filter(seq__in=links).order_by("seq"))


# --- One event ------------------------------------------------------------------------
def test_a_stranger_can_check_the_proof_of_an_event(lived, alena, tmp_path):
    for event in _events_of(lived):
        folder = _unpacked(prove(lived, event.seq, by=alena), tmp_path / str(event.seq))
        assert (folder / "entry.json").read_bytes() == bytes(event.entry)
        done = _check(folder, "event.tlog-proof", "entry.json")
        assert done.returncode == 0 and "The proof holds." in done.stdout, done.stdout + done.stderr
        assert f"event {event.seq}" in done.stdout
    assert len((folder / "README.txt").read_text().splitlines()) == 5


def test_whoever_changes_the_entry_is_found_out(lived, alena, tmp_path):
    event = _events_of(lived)[-1]
    folder = _unpacked(prove(lived, event.seq, by=alena), tmp_path)
    entry = (folder / "entry.json").read_bytes()
    (folder / "entry.json").write_bytes(entry.replace(b'"outcome":"ok"', b'"outcome":"no"'))
    assert _check(folder, "event.tlog-proof", "entry.json").returncode == 1


def test_a_proof_is_recorded_before_it_is_made(lived, alena, monkeypatch):
    event, start = _events_of(lived)[0], log.size()

    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr(court, "proof_of", fail)
    with pytest.raises(RuntimeError):
        prove(lived, event.seq, by=alena)
    [recorded] = log.since(start)
    assert recorded.verb == Verb.EVENT_PROVEN
    assert log.told(recorded)["cases"] == [str(lived.pk)]


def test_an_event_of_another_case_is_none_of_this_one(lived, other_case, alena, tmp_path):
    [*_rest, foreign] = _events_of(other_case)
    start = log.size()
    for number in (foreign.seq, 10**15):
        with pytest.raises(NotFound):
            prove(lived, number, by=alena)
    assert log.size() == start


def test_a_proof_that_would_tell_of_another_case_is_not_given(
    lived, other_case, alena, pavel, ihar, volha, share, client_for, new_case
):
    """A list names every case on it. Alena sees both, and a third is somebody else's."""
    client_for(alena).get("/cases/")
    listed = _events_of(lived)[-1]
    assert set(log.told(listed)["cases"]) == {str(lived.pk), str(other_case.pk)}
    assert prove(lived, listed.seq, by=alena)
    hidden = register_case(new_case, by=ihar)
    event = trail.record(Verb.CASE_LISTED, by=pavel, cases=[lived.pk, hidden.pk])
    number = trail.sequencer.sequenced(event).seq
    start = log.size()
    with pytest.raises(NotAllowed):
        prove(lived, number, by=alena)
    assert log.size() == start
    answer = client_for(alena).get(f"/cases/{lived.reference}/trail/{number}/proof/")
    assert answer.status_code == 403 and "names other cases, too" in answer.content.decode()
    assert (
        str(hidden.pk) not in answer.content.decode()
        and hidden.reference not in answer.content.decode()
    )
    page = client_for(alena).get(f"/cases/{lived.reference}/trail/").content.decode()
    assert f"/trail/{number}/proof/" not in page
    assert "no proof to download: it names cases that you do not see" in page
    assert f"/trail/{listed.seq}/proof/" in page


@pytest.mark.parametrize("who", ["volha", "ihar", "rita", "viktar"])
def test_who_may_not_look_at_the_trail_gets_no_proof_and_no_export(lived, who, share, request):
    person = request.getfixturevalue(who)
    if who == "volha":
        share(person, "psychological")
    start = log.size()
    with pytest.raises(NotAllowed):
        prove(lived, _events_of(lived)[0].seq, by=person)
    with pytest.raises(NotAllowed):
        _export(lived, person)
    assert log.size() == start


# --- The trail for a court ------------------------------------------------------------
def test_every_event_of_the_machine_part_holds(lived, alena, tmp_path):
    before = [event.seq for event in _events_of(lived)]
    folder = _sent(_export(lived, alena), tmp_path)
    proofs = sorted((folder / "events").glob("*.tlog-proof"))
    assert [int(proof.stem) for proof in proofs] == [*before, before[-1] + 1]
    program = folder / "tutela_verify.py"
    assert program.read_bytes() == VERIFIER.read_bytes()
    for proof in proofs:
        entry = proof.with_suffix(".json")
        stored = Event.objects.get(seq=int(proof.stem)).entry
        assert entry.read_bytes() == bytes(stored)
        done = _check(folder, f"events/{proof.name}", f"events/{entry.name}", program)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (folder / "checkpoint.txt").read_text().split("\n— ")[0] in proof.read_text()
    assert signing.verifier_key() == (folder / "log-key.txt").read_text().strip()


def test_the_command_in_the_readme_finds_what_was_changed(lived, alena, tmp_path):
    folder = _sent(_export(lived, alena), tmp_path)
    readme = (folder / "README.txt").read_text()
    loop = readme[readme.index("    for proof in") : readme.index("What this proves")]
    loop = loop.replace("python3 ", f"{sys.executable} -I ")

    def run():
        return subprocess.run(["sh", "-c", loop], capture_output=True, text=True, cwd=folder)

    done = run()
    assert (done.stdout, done.stderr) == ("", "")
    [first, *_rest] = sorted((folder / "events").glob("*.json"))
    first.write_bytes(first.read_bytes().replace(b'"v":1', b'"v":2'))
    assert run().stdout == f"NOT PROVEN: events/{first.stem}.tlog-proof\n"


def test_the_export_itself_is_its_last_event_and_weighs(lived, pavel, tmp_path):
    start = log.size()
    export = _export(lived, pavel)
    [recorded] = log.since(start)
    content = log.told(recorded)
    assert recorded.verb == Verb.CASE_EXPORTED and Verb.CASE_EXPORTED in WEIGHTY
    assert (content["cases"], content["reason"]) == ([str(lived.pk)], "court")
    assert content["classes"] == ["financial", "identity", "narrative"], "what Pavel may open"
    assert "Order 2-17/26" not in str(content)
    assert export.proven[-1] == recorded.seq
    assert export.checkpoint.size > recorded.seq


def test_every_page_says_who_exported_it_when_and_under_which_number(lived, pavel, tmp_path):
    folder = _sent(_export(lived, pavel), tmp_path)
    event = Event.objects.filter(verb=Verb.CASE_EXPORTED).last()
    for page in PdfReader(io.BytesIO((folder / "trail.pdf").read_bytes())).pages:
        words = " ".join(page.extract_text().split())
        assert f"Printed by {pavel} on" in words and f"No. {event.seq} in the log" in words


def test_an_export_that_cannot_be_recorded_opens_nothing(lived, alena, monkeypatch):
    def full(*_entries):
        raise OSError("disk full")

    monkeypatch.setattr(trail, "_append", full)
    monkeypatch.setattr(court, "documents_of", lambda extract: pytest.fail("it was opened"))
    with pytest.raises(OSError):
        _export(lived, alena)


def test_the_document_tells_who_did_what_and_what_changed(lived, alena, pavel, tmp_path):
    folder = _sent(_export(lived, alena), tmp_path)
    text = " ".join(_text((folder / "trail.pdf").read_bytes()).split())
    for said in (
        f"Trail of the case {lived.reference}",
        str(lived.pk),
        "A court or a prosecutor",
        "Order 2-17/26",
        "Alena, Case officer",
        "Alena registered the person",
        "Pavel read the case file",
        f"Pavel {pavel.pk}",
        SENTINELS["identity"],
        "Новая",
        "exported the case's trail for a court",
        signing.name(),
    ):
        assert said in text, said
    assert signing.verifier_key() in text.replace(" ", "")


def test_the_document_shows_changes_within_the_rights_of_whoever_exports(
    lived, alena, pavel, tmp_path
):
    day = {"status": "delivered", "starts_on": date(2026, 3, 1), "by": alena}
    record_assistance(lived, content=MedicalAssistance(diagnosis="Fracture"), **day)
    full = _text((_sent(_export(lived, alena), tmp_path / "a") / "trail.pdf").read_bytes())
    limited = _text((_sent(_export(lived, pavel), tmp_path / "p") / "trail.pdf").read_bytes())
    for word in ("Fracture", SENTINELS["contact"]):
        assert word in full and word not in limited
    assert "outside the rights of" in " ".join(limited.split())


def test_the_document_can_be_read_out_and_runs_nothing(lived, alena, tmp_path):
    terms = ConsentTerms(remarks='#read("/etc/passwd") *bold* $x$ #panic()')
    record_consent(lived, terms=terms, recorded_on=timezone.localdate(), by=alena)
    pdf = (_sent(_export(lived, alena), tmp_path) / "trail.pdf").read_bytes()
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()
    assert '#read("/etc/passwd") *bold* $x$' in " ".join(_text(pdf).split())


def test_events_that_name_other_cases_are_told_and_not_handed_over(
    lived, other_case, alena, client_for, tmp_path
):
    client_for(alena).get("/cases/")
    [listed] = [event for event in _events_of(lived) if event.verb == Verb.CASE_LISTED]
    export = _export(lived, alena)
    folder = _sent(export, tmp_path)
    assert not (folder / "events" / f"{listed.seq:09}.json").exists()
    text = " ".join(_text((folder / "trail.pdf").read_bytes()).split())
    said = f"Named together with other cases: position {listed.seq}, proof on request."
    assert said in text and "1 event that names other cases, too" in text
    for path in folder.rglob("*"):
        if path.is_file():
            assert str(other_case.pk).encode() not in path.read_bytes(), path.name
    assert other_case.reference not in text


def test_days_narrow_the_export(lived, alena, time_machine, tmp_path):
    time_machine.move_to(timezone.now() + timedelta(days=3))
    rename(victim_of(lived), alena, "Трэцяя")
    today = timezone.localdate()
    export = _export(lived, alena, wanted=TrailFilter(since=today))
    verbs = [Event.objects.get(seq=seq).verb for seq in export.proven]
    assert Verb.PERSON_CHANGED in verbs and Verb.CASE_REGISTERED not in verbs
    with pytest.raises(BadInput):
        _export(lived, alena, wanted=TrailFilter(since=today + timedelta(days=9)))


def test_too_much_at_once_is_refused_before_anything_is_opened(lived, alena, monkeypatch):
    monkeypatch.setattr(exports, "MOST", 3)
    start = log.size()
    with pytest.raises(BadInput, match="Choose fewer days"):
        _export(lived, alena)
    with pytest.raises(BadInput, match="from the list"):
        _export(lived, alena, reason="curiosity")
    assert log.size() == start


def test_a_long_trail_comes_in_parts(lived, alena, monkeypatch, tmp_path):
    monkeypatch.setattr(court_pdf, "PART", 4)
    monkeypatch.setattr(court, "BATCH", 3)
    export = _export(lived, alena)
    folder = _sent(export, tmp_path)
    parts = -(-len(export.proven) // 4)
    assert parts >= 2
    for number in range(1, parts + 1):
        pdf = (folder / f"trail-{number}-of-{parts}.pdf").read_bytes()
        assert f"part {number} of {parts}" in _text(pdf)
    assert len(list((folder / "events").glob("*.json"))) == len(export.proven)


def test_nothing_is_left_on_the_disk(lived, alena, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    b"".join(_export(lived, alena).pieces())
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_cannot_be_set_says_nothing_of_what_is_in_it(tmp_path):
    template = tmp_path / "bad.typ"
    template.write_text('#panic(sys.inputs.at("document"))')
    with pytest.raises(typesetting.TypesettingFailed) as failed:
        typesetting.as_pdf(template, {"name": SENTINELS["identity"]}, at=0)
    assert SENTINELS["identity"] not in repr(failed.value) + str(failed.value.__context__ and "")


def test_what_no_font_has_is_written_out(lived, alena, tmp_path):
    """And does not keep the trail from being exported ever after."""
    _export(lived, alena, note="Letter 中文 \U0001f600 \ufffe of Жанна").pieces()
    text = _text((_sent(_export(lived, alena), tmp_path) / "trail.pdf").read_bytes())
    flat = "".join(text.split())
    assert "Letter[U+4E2D][U+6587][U+1F600][U+FFFE]ofЖанна" in flat


def test_the_typesetter_writes_no_file(tmp_path):
    """Its process may put no byte into any file."""
    code = (
        "import sys; sys.argv = ['x', sys.argv[1], '0']; import cases.typesetting as t\n"
        "try: t.main()\nexcept BaseException: pass\n"
        "with open(sys.argv[1] + '.out', 'w') as file: file.write('x')"
    )
    template = tmp_path / "a.typ"
    template.write_text("= Title")
    command = [sys.executable, "-c", code, str(template)]
    done = subprocess.run(command, input=b"{}", capture_output=True, cwd=settings.BASE_DIR)
    assert done.returncode != 0
    assert not (tmp_path / "a.typ.out").exists() or (tmp_path / "a.typ.out").read_bytes() == b""


# --- An erased case -------------------------------------------------------------------
@pytest.fixture
def erased(lived, alena, pavel, settings, tmp_path):
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path / "data", None
    settings.DATA_DIR.mkdir()
    closing = {"status": "Closed", "reason": "Over", "closed_on": timezone.localdate()}
    closed = close_case(Case.objects.get(pk=lived.pk), **closing, by=alena)
    asked = erasure.ask_for_erasure(closed, reason="person_asked", note="Her wish", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    return Case.objects.get(pk=lived.pk)


def test_the_trail_of_an_erased_case_is_still_proven(erased, pavel, tmp_path):
    folder = _sent(_export(erased, pavel, note=""), tmp_path / "out")
    [first, *_rest] = sorted((folder / "events").glob("*.tlog-proof"))
    assert _check(folder, f"events/{first.name}", f"events/{first.stem}.json").returncode == 0
    text = " ".join(_text((folder / "trail.pdf").read_bytes()).split())
    assert "What was written was erased with the case." in text
    assert not [word for word in (*SENTINELS.values(), "Новая", "Her wish") if word in text]
    event = _events_of(erased)[0]
    proven = _unpacked(prove(erased, event.seq, by=pavel), tmp_path / "one")
    assert _check(proven, "event.tlog-proof", "entry.json").returncode == 0


# --- The page -------------------------------------------------------------------------
def test_the_page_asks_for_a_fresh_sign_in_and_for_a_reason(lived, alena, client_for, tmp_path):
    url = f"/cases/{lived.reference}/trail/export/"
    answer = client_for(alena, ago=301).post(url, {"reason": "court", "note": "Order"})
    assert answer.status_code == 302 and "reauthenticate" in answer.url
    browser = client_for(alena, ago=301)
    confirmed = {"password": PASSWORD, "next": url}
    assert browser.post("/account/reauthenticate/", confirmed).status_code == 302
    assert browser.get(url).status_code == 200
    start = log.size()
    for missing in ({"reason": "court"}, {"note": "Order"}, {"reason": "x", "note": "Order"}):
        answer = browser.post(url, missing)
        assert answer.status_code == 422 and "There is a problem" in answer.content.decode()
    assert log.size() == start
    answer = browser.post(url, {"reason": "court", "note": "Order 2-17/26"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    name = f'attachment; filename="{lived.reference}-trail.zip"'
    assert answer.headers["Content-Disposition"] == name
    folder = _unpacked(answer.getvalue(), tmp_path)
    assert (folder / f"{lived.reference}-trail" / "README.txt").exists()
    assert Verb.CASE_EXPORTED in log.verbs_since(start)


def test_a_proof_is_downloaded_from_the_trail(lived, pavel, client_for, tmp_path):
    browser = client_for(pavel)
    number = _events_of(lived)[0].seq
    url = f"/cases/{lived.reference}/trail/{number}/proof/"
    assert url in browser.get(f"/cases/{lived.reference}/trail/").content.decode()
    answer = browser.get(url)
    name = f'attachment; filename="{lived.reference}-event-{number}.zip"'
    assert answer.headers["Content-Disposition"] == name
    assert (
        _check(_unpacked(answer.content, tmp_path), "event.tlog-proof", "entry.json").returncode
        == 0
    )
    page = browser.get(f"/cases/{lived.reference}/trail/").content.decode()
    assert "downloaded the proof of an event" in page and f">No. {number}</p>" in page
    assert json.loads((tmp_path / "entry.json").read_bytes())["cases"] == [str(lived.pk)]
