"""Background work: a workbook and a release are made while a page tells it; an import is cancelled."""

import io
import re

from playwright.sync_api import expect
from pyrage import x25519

from vault import age

IDENTITY = x25519.Identity.generate()
HEADER = "prs_SecondName,prs_FirstName,prs_Gender,prs_MobilePhone,cas_IncomingReferralDate"
SENT = CANCELLED, REFUSED = "Адмененая", "Непрынятая"  # names in files that open no case
MADE_WITHIN = 60_000  # milliseconds, on a machine that is busy with other things


def test_a_workbook_is_made_and_downloaded(visit):
    officer = visit("officer", anew=True)
    officer.goto("/cases/workbooks/")
    officer.get_by_label("Our own organisation").check()
    officer.get_by_label("Recipient").fill(str(IDENTITY.to_public()))
    officer.get_by_label("Why?").fill("The office moves")
    officer.get_by_role("button", name="Ask for the workbook").click()
    expect(officer.get_by_text("Somebody else decides")).to_be_visible()
    asked = officer.url
    supervisor = visit("supervisor", anew=True)
    supervisor.goto(asked)
    supervisor.get_by_role("button", name="Approve").click()
    officer.goto(asked)
    officer.get_by_role("button", name="Have the workbook made").click()
    officer.wait_for_url("**/jobs/*/")
    # The page asks by itself, and no more once it is over.
    button = officer.get_by_role("button", name="Download the result")
    expect(button).to_be_visible(timeout=MADE_WITHIN)
    expect(officer.get_by_role("progressbar")).to_have_count(0)
    expect(officer.locator("#job-state[hx-get]")).to_have_count(0)
    with officer.expect_download() as download:
        button.click()
    assert re.fullmatch(r"demo-cases-.*\.xlsx\.age", download.value.suggested_filename)
    content = download.value.path().read_bytes()
    assert age.decrypt(content, [IDENTITY]).startswith(b"PK")
    supervisor.goto(officer.url)
    expect(supervisor.get_by_text("There is no such work")).to_be_visible()
    officer.goto("/jobs/")
    expect(officer.get_by_role("link", name="Taking cases out in a workbook")).to_be_visible()


def test_a_release_is_made_once_it_is_approved(visit, served):
    analyst = visit("analyst", anew=True)
    analyst.goto("/statistics/releases/propose/?kind=dp_tables")
    analyst.get_by_label("Title").fill("Persons by sex")
    analyst.get_by_label("Tables").fill("Sex")
    analyst.get_by_role("button", name="Propose").click()
    release = analyst.url
    director = visit("director", anew=True)
    with served.worker_held_still():
        director.goto(release)
        director.get_by_role("button", name="Approve and publish").click()
        director.wait_for_url("**/jobs/*/")
        job = director.url
        expect(director.get_by_role("progressbar")).to_be_visible()
        director.goto(release)
        director.get_by_role("link", name="See how far it is").click()
        assert director.url == job
        analyst.goto(release)
        expect(analyst.get_by_text("This release is being made.")).to_be_visible()
        expect(analyst.get_by_role("link", name="See how far it is")).to_have_count(0)
        director.get_by_role("button", name="Cancel").click()
        expect(director.get_by_text("Cancelled", exact=True)).to_be_visible()
    director.goto(release)
    director.get_by_role("button", name="Make it now").click()
    director.wait_for_url("**/jobs/*/")
    done = director.get_by_text("“Persons by sex” is published.")
    expect(done).to_be_visible(timeout=MADE_WITHIN)
    analyst.goto(release)
    with analyst.expect_download() as download:
        analyst.get_by_role("link", name="Download the folder").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_an_import_is_cancelled(visit, served, tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text(f"{HEADER}\n{CANCELLED},Ніна,Feminine,,2025-04-17\n", "utf-8")
    page = visit("supervisor", anew=True)
    with served.worker_held_still():
        _send(page, file)
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_text("Waits its turn")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    with served.database() as database:
        jobs = database.execute("SELECT state, started_at FROM jobs_job ORDER BY asked_at")
        assert jobs.fetchall()[-1] == ("cancelled", None)


def test_a_file_with_a_bad_row_is_told_without_a_script(visit, tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text(f"{HEADER}\n{REFUSED},Ніна,Woman,,2025-04-17\n", "utf-8")
    page = visit("supervisor", anew=True, java_script_enabled=False)
    _send(page, file)
    refresh = page.get_by_role("link", name="Refresh")
    for _time in range(60):
        if not refresh.count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    expect(page.get_by_text("nothing was written")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the result").click()
    told = io.StringIO(download.value.path().read_text("utf-8-sig")).read()
    assert "prs_Gender" in told and REFUSED not in told


def _send(page, file):
    page.goto("/cases/import/")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Officer of these cases").select_option(index=1)
    page.get_by_role("button", name="Bring the cases in").click()
    page.wait_for_url("**/jobs/*/")
