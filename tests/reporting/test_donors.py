"""The report for a donor: to the cent what the ledger says, and no number of persons of its own."""

import io
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts.models import User
from accounts.services import give_role
from assistance.models import BudgetLine
from assistance.money.budgets import balances, book, set_line
from assistance.reference import KINDS
from audit.models import Event
from audit.verbs import Verb
from cases.sections import Identity
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from core.days import last_of_month
from core.exceptions import BadInput, NotAllowed
from reporting.donors.files import to_pdf, to_xlsx
from reporting.donors.report import HELPED, donor_report
from reporting.exports import lines_of
from reporting.services import take_snapshot, view_table

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LAST = TODAY.replace(day=1) - timedelta(days=1)  # of the month before this one
FIRST = (LAST.replace(day=1) - timedelta(days=1)).replace(day=1)
EARLIEST = (TODAY - timedelta(days=100)).replace(day=1)


def set_up(code: str, project: str, by) -> BudgetLine:
    running = {"begins_on": TODAY - timedelta(days=100), "ends_on": TODAY, "currency": "BYN"}
    given = {"donor": "Donor Z", "project": project, "above_cents": 0, "ceilings_cents": {}}
    return set_line(BudgetLine(code=code, amount_cents=90_000_000, **running, **given), by=by)


def book_at_random(lines, by, seed: int) -> list[tuple[str, date, str, Decimal]]:
    """Books payments and reversals on these lines; what was booked, as the test's own ledger."""
    chance, booked = Random(seed), []
    for _number in range(150):
        line, kind = chance.choice(lines), chance.choice(list(KINDS)[:5])
        amount, day = (
            Decimal(chance.randrange(1, 90_000)) / 100,
            TODAY - timedelta(chance.randrange(100)),
        )
        booked.append((line.code, day, kind, amount))
        book(line, kind=kind, amount=amount, on=day, by=by)
        if chance.random() < 0.2:
            back = min(TODAY, day + timedelta(chance.randrange(20)))
            booked.append((line.code, back, kind, -amount))
            book(line, kind=kind, amount=-amount, on=back, by=by)
    return booked


@pytest.fixture
def lines(pavel) -> list[BudgetLine]:
    return [set_up("EU-1", "P-7", pavel), set_up("EU-2", "P-7", pavel)]


def expected(booked, code: str) -> dict[str, tuple[Decimal, Decimal]]:
    found = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for line, day, kind, amount in booked:
        if line == code and FIRST <= day <= LAST:
            paid, back = found[str(KINDS[kind])]
            found[str(KINDS[kind])] = (paid + max(amount, 0), back - min(amount, 0))
    return dict(found)


def test_the_sums_are_those_of_the_ledger_to_the_cent(lines, pavel):
    other = set_up("UN-1", "P-8", pavel)
    booked = book_at_random([*lines, other], pavel, seed=7)
    report = donor_report("P-7", FIRST, LAST, by=pavel)
    assert sorted(one.line.code for one in report.statements) == ["EU-1", "EU-2"]
    for one in report.statements:
        told = {str(label): (paid, back) for label, paid, back, _rest in one.kinds}
        assert told == expected(booked, one.line.code)
        assert all(paid - back == rest for _label, paid, back, rest in one.kinds)
        until = [a for code, day, _k, a in booked if code == one.line.code and day <= LAST]
        assert one.left == one.line.amount - sum(until)
    whole = donor_report("P-7", EARLIEST, last_of_month(TODAY), by=pavel)
    by_line = {balance.line.code: balance.left for balance in balances(lines, by=pavel)}
    assert {one.line.code: one.left for one in whole.statements} == by_line


def test_no_report_tells_a_single_entry(lines, pavel, client_for):
    """As two that differ by one day would: what was paid then, and for which kind of help."""
    a_day = timedelta(days=1)
    asked = [(LAST, LAST), (FIRST, LAST - a_day), (FIRST + a_day, LAST), (FIRST, LAST + a_day)]
    for begins, ends in asked:
        with pytest.raises(BadInput):
            donor_report("P-7", begins, ends, by=pavel)
        address = f"{reverse('donors:report')}?project=P-7&begins={begins}&ends={ends}"
        assert "day of a month." in client_for(pavel).get(address).content.decode()
    assert not Event.objects.filter(verb=Verb.BUDGET_REPORTED).exists()


def test_who_may_not_build_statistics_gets_no_numbers_of_persons(lines, pavel, person, yury):
    take_snapshot(by=yury)
    cashier = person("kasia", "financial")
    assert donor_report("P-7", FIRST, LAST, by=pavel).helped is not None
    report = donor_report("P-7", FIRST, LAST, by=cashier)
    assert report.helped is None and len(report.statements) == 2


def test_the_workbook_and_the_pdf_say_the_same(lines, pavel):
    booked = book_at_random(lines, pavel, seed=8)
    report = donor_report("P-7", FIRST, LAST, by=pavel)
    book_read = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(report)))
    rows = book_read.get_sheet_by_name("Sums").to_python()
    told = {(row[0], row[3]): row[4:7] for row in rows if row[0] in ("EU-1", "EU-2")}
    for code in ("EU-1", "EU-2"):
        right = expected(booked, code)
        for kind, (paid, back) in right.items():
            assert [Decimal(str(cell)) for cell in told[code, kind]] == [paid, back, paid - back]
        total = sum(paid - back for paid, back in right.values())
        assert Decimal(str(told[code, "All"][2])) == total
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(to_pdf(report))).pages)
    for one in report.statements:
        assert f"{one.total:,.2f}" in text and f"{one.left:,.2f}" in text
        assert all(f"{paid:,.2f}" in text for _label, paid, _back, _rest in one.kinds)


def test_a_text_that_looks_like_a_formula_stays_a_text(pavel):
    set_up("=1+1", "P-9", pavel)
    report = donor_report("P-9", FIRST, LAST, by=pavel)
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(report))).sheet_names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(report))).get_sheet_by_name(sheet)
    assert any(row[0] == "'=1+1" for row in rows.to_python())


def test_persons_are_counted_as_the_table_builder_counts_them(lines, pavel, alena, yury):
    person = {"year": 2021, "gender": "Feminine", "types_of_exploitation": ["ForcedLabour"]}
    new = [NewCase(identity=Identity(second_name="Made-up"), facts=person) for _ in range(60)]
    register_many(new, office=alena.office, owner=alena, by=alena)
    assert donor_report("P-7", FIRST, LAST, by=pavel).helped is None
    take_snapshot(by=yury)
    report = donor_report("P-7", FIRST, LAST, by=pavel)
    table = view_table(HELPED, by=yury)
    right = [[str(cell) for cell in row] for row in lines_of(table, table.layers[0])]
    book_read = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(report)))
    rows = book_read.get_sheet_by_name("Persons").to_python()
    told = [[_plain(cell) for cell in row if cell != ""] for row in rows]
    assert all(row in told for row in right)
    assert any("whichever project paid" in row[0] for row in told if row)


def _plain(cell: object) -> str:
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell)


def test_a_report_is_of_ones_own_organisation_and_recorded(lines, pavel, alena, outsider):
    with pytest.raises(NotAllowed):
        donor_report("P-7", FIRST, LAST, by=alena)
    give_role(user=outsider, role="supervisor", by=None)
    with pytest.raises(BadInput):
        donor_report("P-7", FIRST, LAST, by=User.objects.get(pk=outsider.pk))
    with pytest.raises(BadInput):
        donor_report("P-7", LAST, FIRST, by=pavel)
    donor_report("P-7", FIRST, LAST, by=pavel)
    assert Event.objects.filter(verb=Verb.BUDGET_REPORTED).count() == 1


def test_a_file_is_taken_out_after_a_recent_sign_in(lines, pavel, client_for):
    browser = client_for(pavel)
    query = f"?project=P-7&begins={FIRST}&ends={LAST}"
    for name, start in (("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = browser.get(reverse(f"donors:{name}") + query)
        assert answer.status_code == 200
        assert answer.content.startswith(start)
        assert "attachment" in answer["Content-Disposition"]
    assert Event.objects.filter(verb=Verb.BUDGET_EXPORTED).count() == 2
    late = client_for(pavel, ago=600).get(reverse("donors:pdf") + query)
    assert late.status_code == 302  # to confirm who sits there


def test_the_page_shows_the_sums(lines, pavel, client_for):
    book(lines[0], kind="medical", amount=Decimal("1234.56"), on=LAST, by=pavel)
    browser = client_for(pavel)
    page = browser.get(f"{reverse('donors:report')}?project=P-7&begins={FIRST}&ends={LAST}")
    assert "1,234.56" in page.content.decode()
    wrong = browser.get(f"{reverse('donors:report')}?project=P-7&begins={LAST}&ends={FIRST}")
    assert "before the first day" in wrong.content.decode()
    assert "1,234.56" not in wrong.content.decode()
