"""Two people erase a case, each after a fresh sign-in; what is left is a tombstone and a certificate."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.steps import ZLATAMIRA, confirm, record_assistance, register, search

WISH = "Яна напісала нам у панядзелак"
CALLED = "Я патэлефанаваў ёй, гэта яе воля"


def test_two_people_erase_a_case_and_hand_out_the_certificate(visit, served, tmp_path):
    officer = visit("officer")
    reference = register(officer, ZLATAMIRA)
    record_assistance(officer, "Medical", diagnosis="Bruised ribs", treatment="Rest")

    officer.get_by_role("link", name="Ask for erasure").click()
    confirm(officer, served.password)
    officer.get_by_role("button", name="Ask for erasure").click()
    expect(officer.get_by_text("There is a problem")).to_be_visible()
    officer.get_by_label("The person asked for it").check()
    officer.get_by_label("Explain it to the person who decides").fill(WISH)
    officer.get_by_label("Reference of the case").fill(reference)
    officer.get_by_role("button", name="Ask for erasure").click()
    expect(officer.get_by_text("Somebody else has to decide.")).to_be_visible()
    expect(officer.get_by_role("link", name="Ask for erasure")).to_have_count(0)

    supervisor = visit("supervisor", phone=True)
    supervisor.get_by_role("link", name="Due for erasure").click()
    supervisor.get_by_role("link", name=f"Decide {reference}").click()
    confirm(supervisor, served.password)
    expect(supervisor.locator("#main")).to_contain_text(WISH)
    supervisor.get_by_label("Erase the case now.").check()
    supervisor.get_by_label("Why?").fill(CALLED)
    supervisor.get_by_label("Reference of the case").fill(reference)
    supervisor.get_by_role("button", name="Decide").click()
    expect(supervisor.get_by_text("The case is erased.")).to_be_visible()

    pdf = download(supervisor, "Certificate as PDF", tmp_path)
    assert pdf.name == f"demo-{reference}-erasure.pdf" and pdf.read_bytes().startswith(b"%PDF-1.7")
    text = download(supervisor, "Certificate as text", tmp_path).read_text()
    assert f"under the reference {reference}" in " ".join(text.split())
    assert '"verb":"case_erased"' in text and "c2sp.org/tlog-proof@v1" in text

    supervisor.get_by_role("link", name="Who saw and changed what").click()
    trail = supervisor.locator("#main")
    expect(trail).to_contain_text("Alena Karol asked for the erasure of the case")
    expect(trail).to_contain_text("What was written was erased with the case.")
    for page in (text, supervisor.content(), tombstone(officer, reference)):
        for word in (ZLATAMIRA.second_name, ZLATAMIRA.mobile_phone, WISH, CALLED, "Bruised"):
            assert word not in page

    search(officer, ZLATAMIRA.second_name)
    expect(officer.locator("#main")).not_to_contain_text(reference)
    officer.goto("/cases/")
    expect(officer.locator("#main")).not_to_contain_text(reference)
    assert officer.goto(f"/cases/{reference}/person/").status == 410
    officer.get_by_role("link", name="the certificate").click()
    expect(officer.get_by_role("heading", name="This case was erased")).to_be_visible()
    assert reference not in (served.data / "erasures.txt").read_text()


def download(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as begun:
        page.get_by_role("button", name=name).click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def tombstone(page: Page, reference: str) -> str:
    page.goto(f"/cases/{reference}/")
    expect(page.get_by_role("heading", name="This case was erased")).to_be_visible()
    return page.content()
