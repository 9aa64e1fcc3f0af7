"""An officer looks who saw a case and why, takes a proof along, and the whole trail for a court."""

import subprocess
import sys
import zipfile
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.served import ROOT
from tests.browser.steps import confirm, open_case
from tests.browser.test_audit import change

VERIFIER = ROOT / "verify" / "tutela_verify.py"
BEFORE = (
    "They were kept in a sawmill near the border for three months, in a hut without a stove. The "
    "passports were taken away on the first day, and nobody was allowed to leave."
)


def test_an_officer_filters_the_trail_and_takes_what_proves_it(visit, served, tmp_path):
    officer = visit("officer")
    reference = open_case(officer, 6)
    address = f"/cases/{reference}/"
    change(officer, f"{address}what-happened/", "What happened, in short", BEFORE)
    after = BEFORE.replace("a sawmill", "a brickworks")
    change(officer, f"{address}what-happened/", "What happened, in short", after)
    supervisor = visit("supervisor")
    supervisor.goto(address)

    officer.goto(address)
    officer.get_by_role("link", name="Who saw and changed what").click()
    officer.get_by_label("Kind").select_option(label="Changes")
    officer.get_by_label("Part", exact=True).select_option(label="narrative")
    officer.get_by_role("button", name="Apply").click()
    sentence = officer.locator(".app-filter-sentence")
    expect(sentence).to_contain_text("Changes of the part “narrative”, newest first.")
    newest = officer.get_by_role("row").filter(has_text="What happened, in short").first
    expect(newest.locator("del")).to_have_text("sawmill")
    expect(newest.locator("ins")).to_have_text("brickworks")
    expect(
        officer.locator(".moj-timeline__title").filter(has_text="read the case file")
    ).to_have_count(0)

    archive = download(
        officer, lambda: officer.get_by_role("link", name="proof").first.click(), tmp_path
    )
    assert archive.name.startswith(f"demo-{reference}-event-")
    folder = unpacked(archive)
    assert checked(folder, "event.tlog-proof", "entry.json").returncode == 0
    entry = (folder / "entry.json").read_text()
    assert '"verb":"person_changed"' in entry and "brickworks" not in entry

    sentence.get_by_role("link", name="Clear the filter").click()
    officer.get_by_label("Person").select_option(label="Pavel Hrynko")
    officer.get_by_role("button", name="Apply").click()
    titles = officer.locator(".moj-timeline__title")
    expect(titles.first).to_contain_text("Pavel Hrynko")
    assert {text.split(" ")[0] for text in titles.all_inner_texts()} == {"Pavel"}

    titles.first.get_by_role("link", name="Pavel Hrynko").click()
    expect(officer.get_by_label("On", exact=True)).to_have_value(timezone.localdate().isoformat())
    told = officer.locator(".app-results")
    expect(told).to_contain_text(
        "Pavel Hrynko could read the parts “identity”, “narrative”, “financial”"
    )
    expect(told).to_contain_text("could not see the parts “contact”")


def test_the_trail_goes_to_a_court_with_its_proofs(visit, served, tmp_path):
    officer = visit("officer", anew=True)
    reference = open_case(officer, 7)
    officer.get_by_role("link", name="Who saw and changed what").click()
    officer.get_by_role("button", name="Export for a court").click()
    confirm(officer, served.password)
    export = officer.get_by_role("button", name="Export", exact=True)
    export.click()
    expect(officer.get_by_text("There is a problem")).to_be_visible()
    officer.get_by_label("A court or a prosecutor").check()
    officer.get_by_label("On what grounds?").fill("Order 2-17/26")
    folder = unpacked(download(officer, export.click, tmp_path)) / f"{reference}-trail"
    assert (folder / "trail.pdf").read_bytes().startswith(b"%PDF-1.7")
    proofs = sorted((folder / "events").glob("*.tlog-proof"))
    assert len(proofs) >= 5
    for proof in proofs[:2] + proofs[-2:]:
        done = checked(
            folder, str(proof), str(proof.with_suffix(".json")), folder / "tutela_verify.py"
        )
        assert done.returncode == 0, done.stdout + done.stderr

    officer.goto(f"/cases/{reference}/trail/")
    expect(officer.locator("#main")).to_contain_text("exported the case's trail for a court")
    expect(officer.locator("#main")).to_contain_text("Order 2-17/26")


def test_everybody_can_ask_why_they_see_a_case(visit):
    officer = visit("officer", phone=True)
    open_case(officer, 5)
    officer.get_by_role("link", name="Why can I see this?").click()
    told = officer.locator(".app-results")
    expect(told).to_contain_text("You can read and write the parts “identity”")
    expect(told).to_contain_text("The role Case officer admits it.")


def download(page: Page, act, folder: Path) -> Path:
    with page.expect_download() as begun:
        act()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def unpacked(archive: Path) -> Path:
    folder = archive.with_suffix("")
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder


def checked(folder: Path, proof: str, entry: str, program: Path = VERIFIER):
    """What the verifier says, which knows nothing of Tutela."""
    key = (folder / "log-key.txt").read_text().strip()
    command = [sys.executable, "-I", str(program), "--key", key, "--proof", proof, "--entry", entry]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
