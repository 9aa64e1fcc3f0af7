"""Records kept elsewhere: checked first, brought in, found in the browser."""

import re

from playwright.sync_api import expect

from tests.browser.steps import search

HEADER = (
    "prs_SecondName,prs_FirstName,prs_Gender,prs_MobilePhone,"
    "vic_TypeOfExploitation,cas_IncomingReferralDate"
)
IMPORTED = "Буслаеўская,Серафіма,Feminine,+375296143870,ForcedLabour,2025-04-17"
REFUSED = "Сцяпаненчык,Зінаіда,Woman,+375296143871,ForcedLabour,2025-13-40"


def test_a_file_is_checked_then_brought_in_and_the_person_is_found(visit, served, tmp_path):
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text(f"{HEADER}\n{IMPORTED}\n{REFUSED}\n", "utf-8")
    good.write_text(f"{HEADER}\n{IMPORTED}\n", "utf-8")

    refused = served.manage("import_cases", str(bad))
    assert refused.returncode == 1
    assert "Rows read: 2, acceptable: 1, refused: 1" in refused.stdout
    for column in ("prs_Gender", "cas_IncomingReferralDate"):
        assert re.search(rf"{column}: .+ \(1 row: 3\)", refused.stdout)
    assert "Сцяпаненчык" not in refused.stdout + refused.stderr and "Woman" not in refused.stdout

    page = visit("officer")
    search(page, "Буслаеўская Серафіма")
    expect(page.get_by_text("Nobody of this name")).to_be_visible()

    who = ("--office", "BY-MSQ", "--owner", "officer", "--as", "supervisor")
    done = served.manage("import_cases", str(good), "--commit", *who)
    assert done.returncode == 0, done.stderr
    assert "Cases opened: 1" in done.stdout

    search(page, "Buslaeuskaya Serafima")
    row = page.get_by_role("row").filter(has_text="Буслаеўская Серафіма")
    row.get_by_role("link").click()
    expect(page.locator("#main")).to_contain_text("Forced labour")
    expect(page.locator(".moj-identity-bar")).to_contain_text("17 Apr 2025")
