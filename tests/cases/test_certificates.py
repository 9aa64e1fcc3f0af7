"""The certificate of an erasure: what it says, and whether it holds in the eyes of a stranger."""

import io
import re
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pypdf import PdfReader
from pypdf.errors import PdfReadError

from accounts.services import (
    join_team,
    leave_team,
    make_office,
    make_organisation,
    make_team,
)
from audit import signing, trail
from audit.verbs import Verb
from cases import ledger
from cases.certificates import as_pdf, as_text, certificate_of
from cases.models import Case
from cases.services import erasure
from core.exceptions import NotFound
from tests.cases.closed import close_case
from tests.conftest import SENTINELS
from tests.guards import log, source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path, None


@pytest.fixture
def erased(case, alena, pavel, share, volha) -> Case:
    """Alena's case, closed and erased, with a log that goes on afterwards."""
    share(volha, "psychological", "identity")
    closing = {"status": "Closed", "reason": "Over", "closed_on": timezone.localdate()}
    closed = close_case(case, **closing, by=alena)
    asked = erasure.ask_for_erasure(closed, reason="person_asked", note="Her wish", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    for number in range(5):
        trail.record(Verb.LOG_READ, by=None, reason=str(number))
    return Case.objects.get(pk=case.pk)


@pytest.fixture
def check(tmp_path: Path):
    """Run the program of docs/explanation/erasure.md, which knows nothing of Tutela."""
    page = (source.ROOT / "docs" / "explanation" / "erasure.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)

    def run(text: str, key: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "certificate.txt").write_text(text)
        command = [sys.executable, "-I", "-c", program, str(tmp_path / "certificate.txt"), key]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    return run


def test_a_stranger_can_check_it(erased, check):
    start = log.size()
    text = as_text(certificate_of(erased))
    done = check(text, signing.verifier_key())
    assert done.returncode == 0, done.stderr
    assert f"of {start} stands in the log tutela.local/log" in done.stdout
    assert '"verb":"case_erased"' in done.stdout and str(erased.pk) in done.stdout


def test_whoever_changes_it_is_found_out(erased, check):
    text, key = as_text(certificate_of(erased)), signing.verifier_key()
    entry = next(line for line in text.splitlines() if line.startswith('{"actor"'))
    proof = text.split("tlog-proof@v1\n")[1].split("\n\n")[0].splitlines()
    for changed in (
        text.replace('"verb":"case_erased"', '"verb":"case_erazed"'),
        text.replace(str(erased.pk), "0" * 8 + str(erased.pk)[8:]),
        text.replace(proof[0], f"index {int(proof[0].split()[1]) - 1}"),
        text.replace(proof[1], proof[2]),
        text.replace(entry, entry + " "),
    ):
        assert changed != text
        assert check(changed, key).returncode != 0
    other = key.replace(key[-12:-4], "AAAAAAAA")
    assert check(text, other).returncode != 0


def test_it_says_what_when_and_by_which_roles(erased):
    text = as_text(certificate_of(erased))
    flat = " ".join(text.split())
    keys = log.told(_events(erased)[-1])["keys"]
    today = timezone.localtime().strftime("%Y")
    for said in (
        erased.reference,
        "Our mission, office Minsk",
        "The person asked for it",
        f"a case officer, on {timezone.localdate().day} ",
        "another person, a supervisor, on",
        keys[0],
        today,
        "Backups of our keys. Each is kept for 7 days",
        "none of these is left",
    ):
        assert said in flat, said
    last = timezone.localdate() + timedelta(days=8)
    assert f"from {last.day} {last:%b %Y} on" in flat


def _events(case):
    return [event for event in log.since(0) if event.verb == Verb.CASE_ERASED]


def test_it_names_no_staff_and_nobody_else(erased, alena, pavel, volha):
    certificate = certificate_of(erased)
    for form in (as_text(certificate), _text_of(as_pdf(certificate))):
        for user in (alena, pavel, volha):
            assert user.display_name not in form and user.username not in form
        for word in (*SENTINELS.values(), "Her wish", "Agreed", "Over"):
            assert word not in form


def test_it_names_the_organisations_that_had_access(case, alena, pavel, person, share):
    shelter = make_organisation(name="Дом ля Ліпы", kind="NGO", by=None)
    house = make_office(code="BY-LIN", name="Linden", country="BY", organisation=shelter, by=None)
    share(person("hanna", "partner_officer", at=house), "legal")
    share(person("nobody", "partner_officer", at=None), "legal")
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="Her wish", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    flat = " ".join(as_text(certificate_of(Case.objects.get(pk=case.pk))).split())
    assert "a partner organisation that its account here does not name; Дом ля Ліпы." in flat
    assert "Our mission; " not in flat


def test_it_names_the_organisations_of_a_team_that_had_access(
    case, alena, pavel, person, share, outsider, time_machine
):
    nurses = make_team(name="Nurses", by=None)
    early, late = (
        person(name, "medical", at=_office_of(f"{name} house")) for name in ("early", "late")
    )
    join_team(user=early, team=nurses, by=None)
    leave_team(user=early, team=nurses, by=None)
    join_team(user=outsider, team=nurses, by=None)
    share(nurses, "medical", days=1, reason="referral")
    time_machine.move_to(timezone.now() + timedelta(days=2))
    join_team(user=late, team=nurses, by=None)
    asked = erasure.ask_for_erasure(case, reason="person_asked", note="Her wish", by=alena)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    flat = " ".join(as_text(certificate_of(Case.objects.get(pk=case.pk))).split())
    assert "notes of their own: Linden House. Ask them" in flat


def _office_of(name: str):
    own = make_organisation(name=name, kind="NGO", by=None)
    return make_office(code=name[:4], name=name, country="BY", organisation=own, by=None)


def test_nobody_else_is_named_when_nobody_else_had_access(erased):
    assert "People of these organisations" not in as_text(certificate_of(erased))


def test_lines_of_the_text_fit_a_letter(erased):
    text = as_text(certificate_of(erased))
    told, _evidence = text.split("----- ENTRY OF THE LOG -----")
    assert max(map(len, told.splitlines())) <= 78


# --- As a PDF -------------------------------------------------------------------------
def _text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_pdf_says_the_same(erased):
    certificate = certificate_of(erased)
    shown = "".join(_text_of(as_pdf(certificate)).split())
    for _name, value in certificate.facts:
        assert "".join(value.split()) in shown, value
    for title, paragraphs in certificate.sections:
        assert "".join(title.split()) in shown
        for paragraph in paragraphs:
            assert "".join(paragraph.split())[:60] in shown, paragraph
    for _title, text in certificate.evidence:
        assert "".join(text.split()) in shown.replace(_footer(certificate, shown), ""), text[:40]


def _footer(certificate, shown: str) -> str:
    """What stands at the foot of each page, in the middle of what goes on on the next."""
    name = "".join(f"{certificate.title} · {certificate.reference}".split())
    found = re.search(re.escape(name) + r"\d/\d", shown)
    return found[0] if found else "\0"


def test_the_pdf_can_be_read_out(erased):
    reader = PdfReader(io.BytesIO(as_pdf(certificate_of(erased))))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata.title == "Certificate of erasure"


def test_the_pdf_has_the_checkpoint_to_be_scanned(erased):
    certificate = certificate_of(erased)
    assert certificate.checkpoint.note in dict(certificate.evidence)["Proof"] + "\n"
    reader = PdfReader(io.BytesIO(as_pdf(certificate)))
    told = {str(one.get("/Alt")) for one in _objects(reader) if isinstance(one, dict)}
    assert "The checkpoint as a square code" in told


def _objects(reader: PdfReader):
    for number in range(1, int(reader.trailer["/Size"])):
        with suppress(PdfReadError):
            yield reader.get_object(number)


def test_letters_of_both_scripts_are_in_the_fonts_it_brings(erased):
    organisation = erased.office.organisation
    organisation.name = (
        "Міжнародная арганізацыя «Ўзаемадапамога» ў Гомелі, ёй ґ ї є – Łódź Šiauliai"
    )
    trail.save(organisation, verb=Verb.ORGANISATION_MADE, by=None)
    erased = Case.objects.get(pk=erased.pk)
    pdf = as_pdf(certificate_of(erased))
    assert "".join(organisation.name.split()) in "".join(_text_of(pdf).split())
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[1].split("-")[0]
        for page in PdfReader(io.BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts == {"NotoSans", "DejaVuSansMono"}, "no other font had to help out"


def test_the_pdf_leaves_nothing_on_the_disk(erased, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    before = set(tmp_path.rglob("*"))
    as_pdf(certificate_of(erased))
    assert set(tmp_path.rglob("*")) == before


def test_what_it_says_is_not_run(erased):
    organisation = erased.office.organisation
    organisation.name = '#read("/etc/passwd") *bold* $x$ #panic()'
    trail.save(organisation, verb=Verb.ORGANISATION_MADE, by=None)
    shown = _text_of(as_pdf(certificate_of(Case.objects.get(pk=erased.pk))))
    assert '#read("/etc/passwd") *bold* $x$' in " ".join(shown.split())


# --- Giving it out --------------------------------------------------------------------
@pytest.mark.parametrize(
    "address, kind, name",
    [("", "text/plain; charset=utf-8", "txt"), ("pdf/", "application/pdf", "pdf")],
)
def test_each_download_is_recorded(erased, alena, client_for, address, kind, name):
    start = log.size()
    answer = client_for(alena).get(f"/cases/{erased.reference}/certificate/{address}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="{erased.reference}-erasure.{name}"'
    [given] = [event for event in log.since(start) if event.verb == Verb.CERTIFICATE_GIVEN]
    assert given.actor == alena.pk and log.told(given)["cases"] == [str(erased.pk)]


def test_a_case_that_is_there_has_none(case, alena, client_for):
    with pytest.raises(NotFound):
        certificate_of(case)
    start = log.size()
    for address in ("", "pdf/"):
        answer = client_for(alena).get(f"/cases/{case.reference}/certificate/{address}")
        assert answer.status_code == 404
    assert Verb.CERTIFICATE_GIVEN not in log.verbs_since(start)


def test_after_a_restore_there_is_one_as_well(case, alena, check, tmp_path):
    """Erased again by the list: who had agreed is not in these data."""
    at = timezone.now() - timedelta(days=30)
    (tmp_path / "list.txt").write_bytes(ledger._line(ledger.Entry(case.pk, at)))
    erasure.replay(tmp_path / "list.txt")
    certificate = certificate_of(Case.objects.get(pk=case.pk))
    assert "Asked for by" not in dict(certificate.facts)
    assert check(as_text(certificate), signing.verifier_key()).returncode == 0
    assert as_pdf(certificate).startswith(b"%PDF")


def test_the_days_of_the_key_copies_are_those_of_the_settings(erased, settings):
    settings.BACKUP_KEYS_DAYS = 30
    flat = " ".join(as_text(certificate_of(erased)).split())
    assert "kept for 30 days" in flat
