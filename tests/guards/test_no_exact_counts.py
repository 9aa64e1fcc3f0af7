"""No page, file, header or error tells anybody how many victims there are exactly.

The noise is the same for every figure here, so that no protected figure is an exact one by chance, and
the clock stands, so that no time of day is. What the roles below can reach is asked for, the links on
it followed, and every number in an answer compared with what is true.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.urls import NoReverseMatch, reverse
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts.models import User
from cases.models import Case
from core.context import NAV, NavItem
from reporting import protection
from reporting.services import take_snapshot
from reporting.views import FILES
from tests.guards.matrix import addresses
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 5, 6, 7, tzinfo=UTC)
LOUD = 5  # added to every figure
# Chosen so that no figure with its noise, of whatever table, is a true number.
WOMEN, MEN, OTHERS = 19, 42, 6
LABOUR, SEXUAL = 54, 13
OURS, THEIRS = 35, 32  # by citizenship
TRUE = {WOMEN, MEN, LABOUR, SEXUAL, OURS, THEIRS, WOMEN + MEN + OTHERS}
# Own passwords and passkeys; what ends the session, and the days of a month that stand there instead.
NOT_ASKED = ("account_", "mfa_", "core:exit")
SAID_TO_PEOPLE = {"title", "aria-label", "alt", "value", "content", "datetime", "data-label", "max"}
QUERIES = (
    "?rows=gender&columns=exploitation",
    "?rows=citizenship&level=1",
    "?rows=gender&columns=citizenship&split=exploitation&level=0",
    "?rows=exploitation&only=gender:Feminine",
    "?rows=exploitation&only=gender:TransgenderOrNonConforming",
    "?rows=nothing",
    "?dims=gender,exploitation&level=0",
    "?dims=gender&filter=citizenship:UA",
    "?dims=gender,age,year,exploitation",
)
# Ids of the same tables: what files and addresses that are kept are asked for by.
TABLES = (
    "gender.citizenship.exploitation~level-0",
    "exploitation~gender-TransgenderOrNonConforming",
)
# Counts of something else: how often people of one's own office did what; declared categories
# none of whose figures is shown.
OF_ACTS = ("/audit/officers/",)
OF_CATEGORIES = re.compile(r"\d+\s+categories\s+with")
MOST = 150  # answers of one person


class Told(HTMLParser):
    """What a page says to people, not how it is drawn, and where it leads."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self.is_drawn = 0
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.is_drawn += tag in ("style", "script")
        for name, value in attrs:
            if name in SAID_TO_PEOPLE and tag != "meta" and value:
                self.words.append(value)
            if name == "href" and tag == "a" and value and value.startswith(("/", "?")):
                self.links.append(value)

    def handle_endtag(self, tag):
        self.is_drawn -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.is_drawn:
            self.words.append(data)


@pytest.fixture
def cases(alena, other_office, person, monkeypatch, time_machine) -> list[Case]:
    """67 victims of an office that none of those who look belongs to."""
    time_machine.move_to(NOW, tick=False)

    def loud(n: np.ndarray, *_others: object) -> np.ndarray:
        return np.where(n > 0, LOUD, 0)

    monkeypatch.setattr(protection, "noise", loud)
    officer = person("darya_of_brest", "case_officer", at=other_office)
    labour, sexual = ["ForcedLabour"], ["SexualExploitation"]
    for number, gender, kind, citizenship in (
        (12, "Feminine", labour, "BY"),
        (4, "Feminine", labour, "UA"),
        (3, "Feminine", sexual, "UA"),
        (23, "Masculine", labour, "BY"),
        (15, "Masculine", labour, "UA"),
        (4, "Masculine", sexual, "UA"),
        (6, "TransgenderOrNonConforming", sexual, "UA"),
    ):
        facts = {"gender": gender, "types_of_exploitation": kind, "citizenship": [citizenship]}
        register(officer, number, year=2026, **facts)
    return list(Case.objects.all())


@pytest.fixture
def lookers(cases, yury, pavel, person) -> dict[str, User]:
    take_snapshot(by=yury)
    director, donor = person("ada", "director"), person("doris", "donor")
    return {"analyst": yury, "supervisor": pavel, "director": director, "donor": donor}


def starts() -> list[str]:
    """Every address that takes no argument; those of tables with queries, too."""
    found = []
    for name in sorted(addresses()):
        if name.startswith(NOT_ASKED):
            continue
        try:
            found.append(reverse(name))
        except NoReverseMatch:
            continue
    pages = [reverse(f"reporting:{name}") for name in ("table", "api_table")]
    return found + [page + query for page in pages for query in QUERIES] + of_tables()


def of_tables() -> list[str]:
    """A table's page and its files, of each."""
    return [reverse(f"reporting:{name}", args=[id]) for name in ("kept", *FILES) for id in TABLES]


def crawl(browser) -> dict[str, tuple[int, Counter]]:
    """Address → status, and how often each number is told there."""
    waiting, told = starts(), {}
    while waiting and len(told) < MOST:
        address = waiting.pop(0)
        if address in told:
            continue
        answer = browser.get(address)
        words, links = read(answer)
        told[address] = answer.status_code, Counter(numbers("\n".join(words)))
        path = urlsplit(address).path
        for link in links:
            link = path + link if link.startswith("?") else link.split("#")[0]
            if link not in told and not link.startswith(
                ("/account/", "/static/", reverse("core:exit"))
            ):
                waiting.append(link)
    return told


def read(answer) -> tuple[list[str], list[str]]:
    """What an answer says, headers included, and where it leads."""
    body, kind = answer.getvalue(), answer.headers.get("Content-Type", "")
    headers = [
        value
        for name, value in answer.headers.items()
        if name not in ("Content-Length", "Content-Security-Policy")
    ]
    if "spreadsheet" in kind:
        book = CalamineWorkbook.from_filelike(BytesIO(body))
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
        cells = [cell for sheet in sheets for row in sheet for cell in row]
        return headers + [f"{c:g}" if isinstance(c, float) else str(c) for c in cells], []
    if kind == "application/pdf":
        pages = PdfReader(BytesIO(body)).pages
        return headers + [page.extract_text() for page in pages], []
    text = body.decode(errors="replace")
    if not kind.startswith(("text/html", "image/svg+xml")):
        return [*headers, text], []
    page = Told(text)
    return headers + page.words, page.links


def numbers(text: str) -> list[int]:
    """Whole numbers, without those inside names, ids and codes."""
    text = OF_CATEGORIES.sub("", text)
    return [int(found) for found in re.findall(r"(?<![\w#-])(?<!\d[.,])\d{1,9}(?![\w]|-\w)", text)]


def leaks(told: dict[str, tuple[int, Counter]]) -> list[str]:
    return [
        f"{address} ({status}) tells {sorted(TRUE & counted.keys())}"
        for address, (status, counted) in told.items()
        if TRUE & counted.keys() and not address.startswith(OF_ACTS)
    ]


def test_the_figures_of_this_world_tell_true_and_protected_ones_apart():
    assert WOMEN + MEN + OTHERS == LABOUR + SEXUAL == OURS + THEIRS
    assert not TRUE & {number + LOUD for number in TRUE}


@pytest.mark.slow
def test_nobody_is_told_an_exact_count(cases, lookers, client_for):
    seen: dict[str, set[int]] = {}
    for role, user in lookers.items():
        told = crawl(client_for(user))
        assert leaks(told) == [], role
        assert sum(status == 200 for status, _counted in told.values()) > 3, role
        seen[role] = {n for _status, counted in told.values() for n in counted}
        if role in ("analyst", "supervisor"):
            failed = [address for address in of_tables() if told[address][0] != 200]
            assert failed == [reverse("reporting:svg", args=TABLES[1:])], "nothing to draw"
    protected = {number + LOUD for number in TRUE}
    for role in ("analyst", "supervisor"):
        assert seen[role] >= protected, "else this saw no table at all"


def test_it_would_be_noticed(cases, lookers, client_for, monkeypatch):
    """The number of all cases beside an entry of the navigation."""
    item = NavItem("Leaking", "home", None, lambda user: Case.objects.count())
    monkeypatch.setattr("core.context.NAV", [*NAV, item])
    page = reverse("reporting:dashboards")  # where a donor begins
    words, _links = read(client_for(lookers["donor"]).get(page))
    assert leaks({page: (200, Counter(numbers("\n".join(words))))})
