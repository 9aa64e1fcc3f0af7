"""What anybody can put behind an address or into a form: another format, an order, a place in a list.

None of it opens more than the page does, and none makes it fail.
"""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from django.utils.http import urlencode

from audit.verbs import Verb
from tests.conftest import SENTINELS
from tests.guards import log
from tests.guards.matrix import table
from tests.guards.test_replay import Asked, prepare, requests_of, who_are_in
from tests.guards.world import (
    HOUSE,
    WORDS,
    ask,
    browser_of,
    sign_in,
    undone,
)
from tests.guards.world import places as places
from tests.guards.world import sides as sides
from tests.guards.world import world as world

pytestmark = pytest.mark.django_db

# Ways to ask for a page as something else than a page.
FORMATS: tuple[tuple[str, dict[str, str]], ...] = (
    ("?format=json&_format=csv&fields=*&include=all&expand=person&debug=1&admin=1", {}),
    (
        "",
        {
            "accept": "application/json, text/csv",
            "x-requested-with": "XMLHttpRequest",
            "x-http-method-override": "DELETE",
            "x-original-url": "/audit/",
            "x-rewrite-url": "/audit/",
        },
    ),
    ("", {"hx-request": "true", "hx-target": "cases", "hx-boosted": "true"}),
)
# Where a list goes on, what it is narrowed to: page → who sees it, and what its address may name.
LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "home": ("officer", ("draft",)),
    "cases:list": (
        "supervisor",
        (
            *("before", "status", "mine", "stage", "office", "officer"),
            *("since", "until", "sort", "columns"),
        ),
    ),
    "cases:due": ("officer", ("after",)),
    "cases:search": ("officer", ("q", "draft")),
    "cases:detail": ("officer", ("draft",)),
    "cases:person": ("officer", ("draft", "in", "from", "shown")),
    "cases:part": ("officer", ("in", "from", "shown")),
    "cases:timeline": ("officer", ("kind", "before")),
    "cases:trail": ("officer", ("before", "person", "kind", "cls", "since", "until", "number")),
    "cases:who": ("officer", ("person", "on")),
    "cases:broken_glass": ("data_protection", ("before",)),
    "audit:log": ("auditor", ("before",)),
    "audit:officer": ("supervisor", ("before", "kind", "first", "last", "number")),
    "audit:review": ("supervisor", ("show", "before")),
    "providers:list": ("officer", ("service", "region", "language", "standing")),
    "people:list": ("administrator", ("office", "state", "after")),
    "reporting:table": ("analyst", ("rows", "columns", "split", "only", "level", "chart")),
    "reporting:kept": ("analyst", ("chart",)),
    "reporting:csv": ("analyst", ()),
    "reporting:svg": ("analyst", ("chart",)),
    "reporting:pdf": ("analyst", ("chart",)),
    "reporting:api_schema": ("analyst", ()),
    "reporting:api_table": ("analyst", ("dims", "filter", "level")),
    "reporting:dashboards": ("analyst", ()),
    "reporting:release_propose": ("analyst", ("kind",)),
    "reporting:dashboards_pdf": ("analyst", ()),
    "donors:report": ("supervisor", ("project", "begins", "ends")),
}
# What a program asks for is named, all of it: without a table there is no answer.
OF_A_TABLE = {"reporting:api_table"}
# Names that other programs know; each page leaves them alone.
OF_OTHERS = ("order", "ordering", "sort", "order_by", "page", "limit", "offset", "per_page", "all")
OF_OTHERS += ("fields", "owner", "case__owner", "id__in", "user", "is_superuser", "next")
TEXTS = ("a\x00b", "\ud7ff\ufffe", "x" * 3000, "'; DROP TABLE x; --", "-owner__password")
NUMBERS = ("-1", "9" * 18, "9" * 40, "NaN", "\u0660\u0661", "²", "00000000-0000")
DAYS = ("0001-01-01", "9999-12-31", "2026-02-30", "10000-01-01")
IN_FORMS = ("a\x00b", "\ud7ff\ufffe", "9" * 40, "0001-01-01", "9999-12-31")


# --- Formats --------------------------------------------------------------------------
@pytest.mark.drill
def test_no_format_and_no_header_opens_more(world, places, own_files, client_for):
    asked = [name for name, method in table() if method == "GET" and name != "core:exit"]
    wrong = []
    for who in ("alena", "ihar"):
        with undone(own_files):
            browser = browser_of(who, world[who], client_for)
            for name in asked:
                url = reverse(name, args=places.get(name, ((), {}))[0])
                plain = browser.get(url)
                for query, headers in FORMATS:
                    start = log.size()
                    answer = browser.get(url + query, headers=headers)
                    for problem in _differs(plain, answer, start):
                        wrong.append(f"{who}: {name} {query}{headers} {problem}")
    assert wrong == [], "\n".join(wrong)


def _differs(plain, answer, start: int) -> Iterator[str]:
    shown = answer.getvalue().decode(errors="replace")
    if plain.status_code in (403, 404) and any(word in shown for word in SENTINELS.values()):
        yield "discloses what it denies"
    if plain.resolver_match.view_name.startswith(("account_", "mfa_")):
        return  # the sign-in library tells its own script in JSON where to go
    if (led := answer.headers.get("HX-Redirect")) and led == plain.headers.get("Location"):
        return  # htmx would put the page that a redirect leads to into a part of this one
    if plain.resolver_match.view_name == "jobs:state" and plain.status_code == 302:
        return  # a part of a page: who asks for it otherwise is led to the page
    one, another = (
        (each.status_code, each.headers.get("Content-Type")) for each in (plain, answer)
    )
    if one != another:
        yield f"answers {another} instead of {one}"
    if plain.status_code in (403, 404) and Verb.REFUSED not in log.verbs_since(start):
        yield "left no refusal"


@pytest.mark.parametrize("ending", [".json", ".xml", ".csv", "json/", "?.json/../", "/", ";x=1"])
def test_no_ending_of_an_address_is_another_page(case, alena, client_for, ending):
    browser = client_for(alena)
    for url in ("/cases", f"/cases/{case.reference}", f"/cases/{case.reference}/person"):
        answer = browser.get(url + ending, follow=True)
        assert answer.status_code in (200, 404), url + ending
        assert answer.headers["Content-Type"].startswith("text/html"), url + ending


# --- Lists ----------------------------------------------------------------------------
def test_no_value_behind_an_address_makes_it_fail_or_show_others_cases(
    sides, own_files, client_for, rita, yury, daria
):
    own, other = sides["own"], sides[HOUSE].around
    own.people |= {"auditor": rita, "analyst": yury, "data_protection": daria}
    theirs = (other.ids["case"], other.ids["event"], str(other.officer.pk))
    theirs += (other.case.reference, str(other.case.last_event))
    wrong = []
    for name, (who, known) in LISTS.items():
        url = reverse(name, args=own.around.places.get(name, ((), {}))[0])
        with undone(own_files):
            sign_in(own, [who], client_for)
            browser = own.browsers[who]
            browser.raise_request_exception = False
            tries = [{one: value} for one in known for value in (*TEXTS, *NUMBERS, *DAYS, *theirs)]
            tries.append(dict.fromkeys(OF_OTHERS, "-owner"))
            for tried in tries:
                answer = browser.get(f"{url}?{urlencode(tried)}")
                shown = answer.getvalue().decode(errors="replace")
                told = f"{name} {str(tried)[:90]!a}"
                if answer.status_code not in (200, 400, 404, 422, 429):
                    wrong.append(f"{told} answers {answer.status_code}")
                if any(word in shown for word in WORDS.values()):
                    wrong.append(f"{told} shows another's case")
            if answer.status_code != (400 if name in OF_A_TABLE else 200):
                wrong.append(f"{told} answers {answer.status_code}")
    assert wrong == [], "\n".join(wrong)


# --- Forms ----------------------------------------------------------------------------
@pytest.mark.drill
def test_no_value_in_a_form_makes_it_fail(sides, own_files, client_for):
    own = sides["own"]
    posted = [one for one in requests_of(own.around) if one.method == "POST"]
    posted.append(Asked("officer", "account_sessions", "POST", (), {"key": "0"}))
    wrong = []
    for asked in posted:
        with undone(own_files):
            sign_in(own, who_are_in(asked), client_for)
            prepare(own, asked)
            browser = own.browsers[asked.who]
            browser.raise_request_exception = False
            url = reverse(asked.name, args=asked.arguments)
            for name in asked.data:
                for value in IN_FORMS:
                    answer = ask(browser, "POST", url, dict(asked.data) | {name: value})
                    if answer.status_code >= 500:
                        wrong.append(f"{asked} {name}={value[:50]!a} answers {answer.status_code}")
    assert wrong == [], "\n".join(wrong)
