"""Every address of the matrix, for an erased case: a kind answer, nothing of the person, no fault."""

import re
from html import unescape

import pytest
from django.urls import reverse

from accounts.models import User
from audit import verifier
from audit.verbs import Verb
from cases.models import ErasureRequest
from cases.services import erasure
from tests.conftest import SENTINELS
from tests.guards import log
from tests.guards.matrix import GROUPS, WRONG, table
from tests.guards.world import ask, browser_of, undone
from tests.guards.world import places as places
from tests.guards.world import world as world
from tests.shares import first_of

pytestmark = pytest.mark.django_db

# What those get who saw the case.
OF_A_TOMBSTONE = {
    ("cases:detail", "GET"): 200,
    ("cases:detail", "POST"): 200,
    ("cases:trail", "GET"): 200,
    ("cases:proof", "GET"): 200,
    ("cases:court", "GET"): 200,
    ("cases:court", "POST"): 200,
    ("cases:who", "GET"): 200,
    ("cases:certificate", "GET"): 200,
    ("cases:certificate_pdf", "GET"): 200,
    ("cases:end_glass", "POST"): 404,
    ("cases:undo_merge", "POST"): 404,  # of its duplicate: what it was merged into is gone
    ("cases:offer", "GET"): 404,
    ("cases:offer", "POST"): 404,
}
# What those get who might have broken its glass: there is nothing behind it any more.
NO_GLASS = {
    ("cases:detail", "GET"): 404,
    ("cases:detail", "POST"): 404,
    ("cases:break_glass", "GET"): 404,
    ("cases:break_glass", "POST"): 404,
}
GONE = 410
# What whoever broke its glass gets: as the others who saw it, but nothing to take away.
BY_GLASS = {
    ("cases:trail", "GET"): 403,
    ("cases:proof", "GET"): 403,
    ("cases:court", "POST"): 403,
    ("cases:certificate", "GET"): 403,
    ("cases:certificate_pdf", "GET"): 403,
    ("cases:end_glass", "POST"): 302,
}
# They may read alone, which is not even asked of what is gone: what somebody gets who may write.
LIKE = {"breaker": "alena", "reader": "volha"}
# Those with a live grant on it.
SAW_IT = {"alena", "stale", "volha", "member", "reader", "partner", "pavel", "breaker"}
# Of these it is asked of what is gone whether they may do this, not of their role.
ASKED_OF_THE_CASE = {
    ("assistance:referral", "POST"): SAW_IT,
    ("cases:end_task", "POST"): SAW_IT,
    ("assistance:plan_cost", "GET"): {"volha", "reader"},
    ("assistance:plan_cost", "POST"): {"volha", "reader"},
}


@pytest.fixture
def erased(case, world, pavel):
    [asked] = ErasureRequest.objects.filter(case=case)
    erasure.approve_erasure(asked, note="Agreed", by=pavel)
    return case


def _expected(name: str, method: str, who: str) -> int:
    """The answer that `who` gets for a page of the erased case: a role that lacks it lacks it still."""
    if who == "breaker" and (name, method) in BY_GLASS:
        return BY_GLASS[name, method]
    before = table()[name, method].statuses[LIKE.get(who, who)]
    if name == "cases:offer" and who == "iryna" and before != 405:
        return 404  # nothing waits for an answer any more
    if who in ("ihar", "iryna"):
        return NO_GLASS.get((name, method), before)
    if who not in SAW_IT or before == 405:
        return before
    if before == 403 and who not in ASKED_OF_THE_CASE.get((name, method), ()):
        return before
    if name in ("cases:court", "cases:proof") and who == "stale":
        return before  # to confirm first
    return OF_A_TOMBSTONE.get((name, method), GONE)


@pytest.mark.parametrize("people", first_of(GROUPS), ids=" ".join)
def test_every_address_answers_kindly(people, erased, world, places, own_files, client_for):
    asked = [(name, method) for name, method in table() if method not in WRONG]
    asked.sort(key=lambda row: row[1] == "POST")
    wrong = []
    for who in people:
        with undone(own_files):
            user = world[who] and User.objects.get(pk=world[who].pk)
            browser = browser_of(who, user, client_for)
            browser.raise_request_exception = False
            for name, method in asked:
                if name in ("account_logout", "core:exit"):
                    continue
                arguments, data = places.get(name, ((), {}))
                answer = ask(browser, method, reverse(name, args=arguments), data)
                shown = answer.getvalue().decode(errors="replace")
                shown += str(list(answer.headers.items()))
                if any(word in shown for word in SENTINELS.values()):
                    wrong.append(f"{who}: {name} {method} discloses")
                if answer.status_code >= 500:
                    wrong.append(f"{who}: {name} {method} fails with {answer.status_code}")
                if erased.reference in arguments:
                    expected = _expected(name, method, who)
                    if answer.status_code != expected:
                        told = f"{answer.status_code}, expected {expected}"
                        wrong.append(f"{who}: {name} {method} answers {told}")
            if verifier.verify().findings:
                wrong.append(f"{who}: the log does not hold")
    assert wrong == [], "\n".join(wrong)


def test_the_trail_tells_who_and_when_and_not_what(erased, pavel, client_for):
    for kind in ("", "?kind=changes", "?kind=reads"):
        page = client_for(pavel).get(f"/cases/{erased.reference}/trail/{kind}")
        text = page.content.decode()
        assert page.status_code == 200
        assert not [word for word in SENTINELS.values() if word in text]
    browser, page, older = client_for(pavel), "", ["?kind=changes"]
    while older:
        shown = browser.get(f"/cases/{erased.reference}/trail/{older[0]}").content.decode()
        older = [unescape(link) for link in re.findall(r'rel="next" href="[^"?]*([^"]+)"', shown)]
        page += shown
    assert "Alena" in page and "registered the person" in page and "gave access" in page
    assert page.count("What was written was erased with the case.") >= 6


def test_looking_at_what_is_left_is_recorded(erased, alena, rita, client_for):
    start = log.size()
    client_for(alena).get(f"/cases/{erased.reference}/")
    client_for(alena).get(f"/cases/{erased.reference}/trail/")
    verbs = [event.verb for event in log.since(start) if event.actor == alena.pk]
    assert verbs == [Verb.SIGNED_IN, Verb.CASE_VIEWED, Verb.SIGNED_IN, Verb.CASE_AUDITED]


def test_the_auditor_reads_the_log_as_ever(erased, rita, alena, client_for):
    page = client_for(rita).get("/audit/").content.decode()
    assert "erased the case" in page and erased.reference in page
    assert client_for(rita).get(f"/audit/officers/{alena.pk}/").status_code == 200
