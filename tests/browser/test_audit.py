"""Who saw and changed what, and whether the record holds when somebody changes the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from playwright.sync_api import Page, expect

from tests.browser.served import Served
from tests.browser.steps import open_case

VERIFIED_WITHIN = 60_000  # milliseconds, on a machine that is busy with other things


def test_a_supervisor_sees_who_read_and_what_changed_side_by_side(visit):
    officer = visit("officer")
    address = f"/cases/{open_case(officer, 3)}/"
    place = "Place of exploitation"
    change(officer, f"{address}what-happened/", place, "A mill near the border")
    change(officer, f"{address}what-happened/", place, "A mill by the lake")
    change(officer, f"{address}person/", "Mobile phone", "+375 00 000-00-01")

    supervisor = visit("supervisor")
    supervisor.goto(address)
    supervisor.get_by_role("link", name="Who saw and changed what").click()
    changes = supervisor.get_by_role("row").filter(has_text=place)
    expect(changes).to_have_count(2)
    expect(changes.nth(0).locator("del")).to_have_text("A mill near the border")
    expect(changes.nth(0).locator("ins")).to_have_text("A mill by the lake")
    expect(changes.nth(1).locator("ins")).to_have_text("A mill near the border")
    titles = supervisor.locator(".moj-timeline__title").all_inner_texts()
    assert sum(title.startswith("Alena Karol") for title in titles) >= 6  # reads and changes
    # Phones are outside a supervisor's classes: that one changed is told, what it says is not.
    hidden = supervisor.get_by_text("A part of this change is outside your rights.")
    expect(hidden.first).to_be_visible()
    assert "000-00-01" not in supervisor.content()

    assert visit("officer.brest").goto(f"{address}trail/").status == 404
    assert visit("analyst").goto(f"{address}trail/").status == 403


def test_a_supervisor_sees_the_work_of_their_officers_and_of_no_other_office(visit):
    reference = open_case(visit("officer"), 4)
    supervisor = visit("supervisor")
    supervisor.get_by_role("link", name="What each officer read and changed").click()
    expect(supervisor.get_by_role("link", name="Ihar Bondar")).to_have_count(0)
    supervisor.get_by_role("link", name="Alena Karol").click()
    expect(supervisor.get_by_role("row").filter(has_text=reference).first).to_be_visible()


def test_the_verifier_names_a_row_that_was_changed_behind_the_application(visit, served):
    auditor = visit("auditor")
    verify(auditor)
    expect(auditor.get_by_text("The record holds")).to_be_visible(timeout=VERIFIED_WITHIN)
    with changed_behind_the_application(served) as case:
        verify(auditor)
        told = auditor.get_by_text("The record does NOT hold")
        expect(told).to_be_visible(timeout=VERIFIED_WITHIN)
        with auditor.expect_download() as download:
            auditor.get_by_role("button", name="Download the result").click()
        found = download.value.path().read_text().splitlines()
        assert found == [f"cases.Case {case} was changed behind the application's back."]
        auditor.goto("/audit/state/")
        expect(auditor.get_by_text("the record does not hold")).to_be_visible()
    verify(auditor)
    expect(auditor.get_by_text("The record holds")).to_be_visible(timeout=VERIFIED_WITHIN)


def test_a_checkpoint_kept_elsewhere_is_still_contained(visit):
    auditor = visit("auditor")
    auditor.goto("/audit/verify/")
    kept = auditor.locator("pre.app-code").first.inner_text()
    open_case(visit("officer"))
    auditor.get_by_label("A checkpoint you kept").fill(kept)
    auditor.get_by_role("button", name="Verify now").click()
    told = auditor.get_by_text("that the checkpoint you kept covers")
    expect(told).to_be_visible(timeout=VERIFIED_WITHIN)
    auditor.goto("/audit/verify/")
    auditor.get_by_label("A checkpoint you kept").fill(kept.replace("1", "2", 1))
    auditor.get_by_role("button", name="Verify now").click()
    told = auditor.get_by_text("The record does NOT hold")
    expect(told).to_be_visible(timeout=VERIFIED_WITHIN)
    verify(auditor)  # later tests find the state of the trail as it was
    expect(auditor.get_by_text("The record holds")).to_be_visible(timeout=VERIFIED_WITHIN)


def test_an_auditor_reads_events_and_opens_no_case(visit):
    reference = open_case(visit("officer"))
    auditor = visit("auditor")
    auditor.get_by_role("link", name="The whole log").click()
    expect(auditor.get_by_role("row").filter(has_text=reference).first).to_be_visible()
    assert auditor.goto(f"/cases/{reference}/").status == 403


def change(page: Page, address: str, label: str, text: str) -> None:
    page.goto(address)
    page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def verify(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Verify the record").click()
    page.get_by_role("button", name="Verify now").click()


@contextmanager
def changed_behind_the_application(served: Served) -> Iterator[UUID]:
    """Backdate a case in the database file, as somebody with the disk would; then set it right."""
    with served.database() as database:
        case, opened_on = database.execute("SELECT id, opened_on FROM cases_case").fetchone()
        _write(database, case, "2001-01-01")
        try:
            yield UUID(case)
        finally:
            _write(database, case, opened_on)


def _write(database: sqlite3.Connection, case: str, opened_on: str) -> None:
    """Take the guards away, change the row, put the guards back as they were."""
    guards = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'cases_case'"
    ).fetchall()
    with database:
        for name, _sql in guards:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE cases_case SET opened_on = ? WHERE id = ?", (opened_on, case))
        for _name, sql in guards:
            database.execute(sql)
