"""Every address × method × person gets what access_matrix.txt says. An address that is not listed fails.

Denials are looked into: no word of the case in body or headers, a refusal in the log, nothing written.
Pages that name somebody are looked into: the read stands in the log, with the case.
"""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.roles import ROLES
from audit.models import EventCase
from audit.verbs import READS, Verb
from cases.models import Case
from tests.conftest import SENTINELS
from tests.guards import log
from tests.guards.matrix import GROUPS, METHODS, NOT_IN, WRONG, Row, addresses, table
from tests.guards.world import ask, browser_of, undone
from tests.guards.world import places as places
from tests.guards.world import world as world


def test_every_address_and_method_is_listed():
    assert {name for name, _method in table()} == addresses()
    assert set(table()) == {(name, method) for name in addresses() for method in METHODS}


@pytest.mark.django_db
def test_every_role_is_somebodys(world):
    assert {role.code for user in world.values() if user for role in user.roles} == set(ROLES)


@pytest.mark.django_db
@pytest.mark.parametrize("people", GROUPS, ids=" ".join)
def test_each_person_gets_what_the_table_says(people, world, places, case, own_files, client_for):
    rows = [row for row in table().items() if row[0][1] not in WRONG]
    rows.sort(key=lambda row: row[0][1] == "POST")
    wrong = []
    for who in people:
        with undone(own_files):
            user = world[who] and User.objects.get(pk=world[who].pk)
            browser = browser_of(who, user, client_for)
            for (name, method), row in rows:
                asking = browser
                if _ends_session(name):
                    asking = browser_of("", None if who in NOT_IN else user, client_for)
                arguments, data = places.get(name, ((), {}))
                url = reverse(name, args=arguments)
                start = log.size()
                answer = ask(asking, method, url, data)
                found = _problems(name, row, who, user, answer, start, case)
                wrong += [f"{who}: {name} {method} {problem}" for problem in found]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "alena"])
def test_other_methods_are_refused_before_anything_is_read(who, world, places, client_for):
    """So for nobody can it be other: who asks is not read, either."""
    browser = browser_of(who, world[who], client_for)
    wrong = []
    for (name, method), row in table().items():
        if method in WRONG:
            assert set(row.statuses.values()) == {405}
            url = reverse(name, args=places.get(name, ((), {}))[0])
            wrong += [f"{name} {method} {found}" for found in _wrong_method(browser, method, url)]
    assert wrong == [], "\n".join(wrong)


def _wrong_method(browser: Client, method: str, url: str) -> Iterator[str]:
    """What is wrong with an answer that is the same for everybody, and comes before anything is read."""
    with CaptureQueriesContext(connection) as queries:
        answer = browser.generic(method, url)
    told = (answer.status_code, answer.content, answer.headers["Allow"])
    if told != (405, b"", "GET, HEAD, POST") or len(queries):
        yield f"answers {told} after {len(queries)} queries"


def _ends_session(name: str) -> bool:
    return name in ("account_logout", "core:exit")


def _problems(
    name: str, row: Row, who: str, user: User | None, answer, start: int, case: Case
) -> Iterator[str]:
    """What is wrong with an answer."""
    status, expected = answer.status_code, row.statuses[who]
    if status != expected:
        yield f"answers {status}, expected {expected}"
    shown = answer.getvalue().decode(errors="replace") + str(list(answer.headers.items()))
    discloses = any(word in shown for word in SENTINELS.values())
    events = log.since(start) if log.size() > start else []
    reads = [event for event in events if event.verb in READS]
    refusals = [event for event in events if event.verb == Verb.REFUSED]
    is_denied = status in (403, 404, 405) or who in NOT_IN
    if is_denied and discloses:
        yield "discloses what it denies"
    done = [event.verb for event in events if event not in reads + refusals]
    if is_denied and done:
        yield f"did something though it was denied: {done}"
    # Links that do not work can be tried without end: they are recorded once a minute.
    if name == "account_password_link":
        refusals = []
    # Pages of the sign-in library answer 404 by themselves where there is nothing of one's own.
    is_ours = not name.startswith(("account_", "mfa_"))
    is_refused = is_ours and (status in (403, 404) or (status == 422 and name != "people:new"))
    told = [(event.actor, event.outcome) for event in refusals]
    if told != ([(user.pk, "denied")] if is_refused else []):
        yield f"refusals in the log: {told}"
    if status != 200:
        return
    wanted, is_list, _rest = row.event.partition("?")
    if is_list and case.reference not in shown:
        wanted = ""
    if wanted and wanted not in {event.verb for event in events}:
        yield f"left no {wanted} event"
    is_of_case = is_list or case.reference in answer.request["PATH_INFO"]
    if discloses or (wanted in READS and is_of_case):
        seqs = [event.seq for event in reads if event.actor == user.pk]
        if not EventCase.objects.filter(case=case.pk, seq__in=seqs).exists():
            yield "left no read event that names the case"
