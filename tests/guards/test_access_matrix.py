"""Every address × method × person, with the answer each gets. An address that is not listed fails.

Denials are looked into: no word of the case in body or headers, a refusal in the log, nothing written.
Pages that name somebody are looked into: the read stands in the log, with the case.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import User
from assistance.sections import PsychologicalAssistance
from assistance.services import record_assistance
from audit.models import EventCase
from audit.verbs import READS, Verb
from cases.services.erasure import ask_for_erasure
from cases.services.grants import give_grant, revoke_grant
from reporting.services import take_snapshot
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log

# The columns; three letters of each head the table. nobody: not signed in. closed: alena, whose account
# was closed while signed in. expired, revoked: a psychologist whose grant ended or was taken back.
PEOPLE = (
    *("nobody", "closed", "alena", "ihar", "volha", "expired", "revoked", "partner"),
    *("pavel", "iryna", "rita", "yury", "viktar", "zoya"),
)
# 302 of nobody and closed: to the sign-in page; of erase and decide: to a fresh sign-in.
# 404: not theirs to know of. 403: not in their role.
# 409: let in, and too early for one more snapshot, or nothing to scan. 422: the form of a file offers
# no such class. 405: no such method, whoever asks.
TABLE = """
#                                        nob clo ale iha vol exp rev par pav iry rit yur vik zoy
health                      GET/HEAD      200 200 200 200 200 200 200 200 200 200 200 200 200 200
health                      POST/PUT      405 405 405 405 405 405 405 405 405 405 405 405 405 405
home                        GET           302 302 200 200 200 200 200 200 200 200 200 200 200 200
home                        HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:consent               GET           302 302 200 404 403 403 403 403 403 403 403 403 403 403
cases:consent               HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:consent               POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:detail                GET           302 302 200 404 200 404 404 200 200 404 403 403 403 403
cases:detail                HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:add_file              GET           302 302 200 404 200 404 404 200 403 403 403 403 403 403
cases:add_file              HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:add_file              POST          302 302 302 404 302 404 404 422 403 403 403 403 403 403
cases:file                  GET           302 302 200 404 200 404 404 404 404 404 403 403 403 403
cases:file                  HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:download              GET           302 302 200 404 200 404 404 404 404 404 403 403 403 403
cases:download              HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:preview               GET           302 302 200 404 200 404 404 404 404 404 403 403 403 403
cases:preview               HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:scan_file             GET/HEAD/PUT  302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:scan_file             POST          302 302 409 404 409 404 404 404 404 404 403 403 403 403
cases:remove_file           GET/HEAD/PUT  302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:remove_file           POST          302 302 302 404 302 404 404 404 403 403 403 403 403 403
cases:list                  GET           302 302 200 200 200 200 200 200 200 200 403 403 403 403
cases:list                  HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:person                GET           302 302 200 404 403 403 403 403 403 403 403 403 403 403
cases:person                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:person                POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:register              GET           302 302 200 200 403 403 403 403 403 403 403 403 403 403
cases:register              HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:register              POST          302 302 302 302 403 403 403 403 403 403 403 403 403 403
cases:revoke                GET/HEAD/PUT  302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:revoke                POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:search                GET           302 302 200 200 403 403 403 403 200 200 403 403 403 403
cases:search                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:search                POST          302 302 302 302 403 403 403 403 302 302 403 403 403 403
cases:sharing               GET           302 302 200 404 403 403 403 403 403 403 403 403 403 403
cases:sharing               HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:sharing               POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:trail                 GET           302 302 200 404 403 403 403 403 200 404 403 403 403 403
cases:trail                 HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:victim                GET           302 302 200 404 403 403 403 403 403 403 403 403 403 403
cases:victim                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:victim                POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:close                 GET           302 302 200 404 403 403 403 403 403 403 403 403 403 403
cases:close                 HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:close                 POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:reopen                GET           302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:reopen                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:reopen                POST          302 302 302 404 403 403 403 403 403 403 403 403 403 403
cases:hold                  GET           302 302 200 404 403 403 403 403 200 404 403 403 403 403
cases:hold                  HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:hold                  POST          302 302 302 404 403 403 403 403 302 404 403 403 403 403
cases:erase                 GET/POST      302 302 302 404 403 403 403 403 302 404 403 403 403 403
cases:erase                 HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:decide                GET/POST      302 302 403 403 403 403 403 403 302 404 403 403 403 403
cases:decide                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:certificate           GET           302 302 404 404 404 404 404 404 404 404 403 403 403 403
cases:certificate           HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:certificate_pdf       GET           302 302 404 404 404 404 404 404 404 404 403 403 403 403
cases:certificate_pdf       HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:due                   GET           302 302 200 200 403 403 403 403 200 200 403 403 403 403
cases:due                   HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:retention             GET           302 302 403 403 403 403 403 403 403 403 403 403 200 403
cases:retention             HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
cases:retention             POST          302 302 403 403 403 403 403 403 403 403 403 403 302 403
assistance:change           GET           302 302 200 404 200 404 404 404 403 403 403 403 403 403
assistance:change           HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
assistance:change           POST          302 302 302 404 302 404 404 404 403 403 403 403 403 403
assistance:record           GET           302 302 200 404 200 404 404 200 403 403 403 403 403 403
assistance:record           HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
assistance:record           POST          302 302 302 404 302 404 404 200 403 403 403 403 403 403
audit:log                   GET           302 302 403 403 403 403 403 403 403 403 200 403 403 403
audit:log                   HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
audit:officer               GET           302 302 403 403 403 403 403 403 200 404 200 403 403 403
audit:officer               HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
audit:officers              GET           302 302 403 403 403 403 403 403 200 200 200 403 403 403
audit:officers              HEAD/POST/PUT 302 302 405 405 405 405 405 405 405 405 405 405 405 405
audit:verify                GET/POST      302 302 403 403 403 403 403 403 403 403 200 403 403 403
audit:verify                HEAD/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
reporting:csv               GET/HEAD      302 302 403 403 403 403 403 403 200 200 403 200 403 403
reporting:csv               POST/PUT      302 302 403 403 403 403 403 403 405 405 403 405 403 403
reporting:snapshots         GET/HEAD      302 302 403 403 403 403 403 403 200 200 403 200 403 403
reporting:snapshots         POST          302 302 403 403 403 403 403 403 403 403 403 409 403 403
reporting:snapshots         PUT           302 302 403 403 403 403 403 403 405 405 403 405 403 403
reporting:table             GET/HEAD      302 302 403 403 403 403 403 403 200 200 403 200 403 403
reporting:table             POST/PUT      302 302 403 403 403 403 403 403 405 405 403 405 403 403
core:exit                   GET           200 200 200 200 200 200 200 200 200 200 200 200 200 200
core:exit                   HEAD/POST/PUT 405 405 405 405 405 405 405 405 405 405 405 405 405 405
core:help                   GET/HEAD      200 200 200 200 200 200 200 200 200 200 200 200 200 200
core:help                   POST/PUT      405 405 405 405 405 405 405 405 405 405 405 405 405 405
account_change_password     any           302 302 200 200 200 200 200 200 200 200 200 200 200 200
account_email               any           404 404 404 404 404 404 404 404 404 404 404 404 404 404
account_inactive            GET/HEAD      200 200 200 200 200 200 200 200 200 200 200 200 200 200
account_inactive            POST/PUT      405 405 405 405 405 405 405 405 405 405 405 405 405 405
account_login               any           200 200 302 302 302 302 302 302 302 302 302 302 302 302
account_logout              GET/HEAD      302 302 200 200 200 200 200 200 200 200 200 200 200 200
account_logout              POST          302 302 302 302 302 302 302 302 302 302 302 302 302 302
account_logout              PUT           405 405 405 405 405 405 405 405 405 405 405 405 405 405
account_reauthenticate      any           302 302 200 200 200 200 200 200 200 200 200 200 200 200
account_reset_password      any           404 404 404 404 404 404 404 404 404 404 404 404 404 404
account_set_password        any           404 404 404 404 404 404 404 404 404 404 404 404 404 404
account_signup              any           404 404 404 404 404 404 404 404 404 404 404 404 404 404
mfa_activate_totp           any           302 302 302 302 302 302 302 302 302 302 302 302 302 302
mfa_authenticate            any           302 302 302 302 302 302 302 302 302 302 302 302 302 302
mfa_deactivate_totp         any           302 302 404 404 404 404 404 404 404 404 404 404 404 404
mfa_download_recovery_codes any           302 302 404 404 404 404 404 404 404 404 404 404 404 404
mfa_generate_recovery_codes any           302 302 302 302 302 302 302 302 302 302 302 302 302 302
mfa_index                   GET/HEAD      302 302 200 200 200 200 200 200 200 200 200 200 200 200
mfa_index                   POST/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
mfa_reauthenticate          any           302 302 302 302 302 302 302 302 302 302 302 302 302 302
mfa_view_recovery_codes     GET/HEAD      302 302 404 404 404 404 404 404 404 404 404 404 404 404
mfa_view_recovery_codes     POST/PUT      302 302 405 405 405 405 405 405 405 405 405 405 405 405
"""
WRONG = "PUT"
METHODS = ("GET", "HEAD", WRONG, "POST")  # POST comes last: it changes what the others look at
TODAY = timezone.localdate().isoformat()
LATER = (timezone.localdate() + timedelta(days=30)).isoformat()


# --- The table ------------------------------------------------------------------------
def table() -> dict[tuple[str, str], dict[str, int]]:
    """(address, method) → person → status."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for line in TABLE.strip().splitlines():
        name, methods, *statuses = line.split()
        if name.startswith("#"):
            continue
        expected = dict(zip(PEOPLE, map(int, statuses), strict=True))
        for method in METHODS if methods == "any" else methods.split("/"):
            assert (name, method) not in found, f"{name} {method} stands twice"
            found[name, method] = expected
    return found


def addresses() -> set[str]:
    """The name of every address that is served."""

    def walk(patterns: list, space: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern):
                assert pattern.name, f"{pattern} has no name"
                yield space + pattern.name

    return set(walk(get_resolver().url_patterns, ""))


def test_every_address_and_method_is_listed():
    assert {name for name, _method in table()} == addresses()
    assert set(table()) == {(name, method) for name in addresses() for method in METHODS}


# --- The world ------------------------------------------------------------------------
@pytest.fixture
def world(case, alena, ihar, volha, pavel, iryna, rita, yury, viktar, zoya, person, share):
    """Everybody, by the name of their column."""
    partner, expired, revoked = (
        person("partner", "partner_officer"),
        person("expired", "psychological"),
        person("revoked", "psychological"),
    )
    share(volha, "psychological", "identity")
    share(expired, "psychological", "identity", days=0.5)
    share(partner, "legal", "contact")
    revoke_grant(share(revoked, "psychological", "identity"), by=alena)
    people = dict(zip(("alena", "ihar", "volha"), (alena, ihar, volha), strict=True))
    people |= {"expired": expired, "revoked": revoked, "partner": partner, "closed": alena}
    people |= {"pavel": pavel, "iryna": iryna, "rita": rita, "yury": yury}
    return people | {"viktar": viktar, "zoya": zoya, "nobody": None}


@pytest.fixture
def places(case, alena, ihar, share):
    """Address → its arguments and what is posted there."""
    note = PsychologicalAssistance(method="psychotherapy", notes=SENTINELS["narrative"])
    row = record_assistance(
        case, content=note, status="delivered", starts_on=timezone.localdate(), by=alena
    )
    grant = give_grant(
        case,
        to=ihar,
        classes=["legal"],
        may_write=False,
        ends=timezone.now() + timedelta(hours=6),
        reason="review",
        by=alena,
    )
    consent = {"consented": "yes", "recorded_on": TODAY}
    helped = {"kind": "psychological", "status": "delivered", "starts_on": TODAY}
    helped |= {"method": "psychotherapy", "revision": "1"}
    sharing = {"to": str(ihar.pk), "classes": ["identity"], "until": LATER, "reason": "review"}
    reference = case.reference
    ask_for_erasure(case, reason="person_asked", note=SENTINELS["narrative"], by=alena)
    picture = a_file(case, alena, cls="psychological", description=SENTINELS["narrative"])
    sent = SimpleUploadedFile("a.txt", b"Told")
    return {
        "cases:add_file": ((reference,), {"cls": "psychological", "file": sent}),
        "cases:file": ((reference, picture.pk), {}),
        "cases:download": ((reference, picture.pk), {}),
        "cases:preview": ((reference, picture.pk), {}),
        "cases:scan_file": ((reference, picture.pk), {}),
        "cases:remove_file": ((reference, picture.pk), {"reason": "Twice", "revision": "1"}),
        "cases:close": (
            (reference,),
            {"status": "Closed", "closed_on": TODAY, "reason": SENTINELS["narrative"]},
        ),
        "cases:reopen": ((reference,), {"note": "Back"}),
        "cases:hold": ((reference,), {"note": "Court", "act": "put"}),
        "cases:erase": ((reference,), {}),
        "cases:decide": ((reference,), {}),
        "cases:certificate": ((reference,), {}),
        "cases:certificate_pdf": ((reference,), {}),
        "cases:retention": ((), {"adult": "10", "child": "10", "unknown": "9"}),
        "cases:search": ((), {"q": SENTINELS["identity"]}),
        "cases:register": (
            (),
            {"second_name": "Новая"} | {f"consent-{k}": v for k, v in consent.items()},
        ),
        "cases:person": ((reference,), {"second_name": "Новая", "revision": "1"}),
        "cases:victim": ((reference,), {"account": "Told", "revision": "2"}),
        "cases:consent": ((reference,), consent),
        "cases:sharing": ((reference,), sharing),
        "cases:revoke": ((reference, grant.pk), {}),
        "cases:detail": ((reference,), {}),
        "cases:trail": ((reference,), {}),
        "assistance:record": ((reference,), helped),
        "assistance:change": ((reference, row.pk), helped),
        "audit:officer": ((alena.pk,), {}),
    }


def _ends_session(name: str) -> bool:
    return name in ("account_logout", "core:exit")


def _ask(browser: Client, method: str, url: str, data: dict):
    return browser.post(url, data) if method == "POST" else browser.generic(method, url)


def _checks(
    name: str, method: str, who: str, user: User | None, answer, start: int, case
) -> Iterator[str]:
    """What is wrong with an answer beyond its status."""
    shown = answer.getvalue().decode(errors="replace") + str(list(answer.headers.items()))
    discloses = any(word in shown for word in SENTINELS.values())
    events = log.since(start)
    reads = [event for event in events if event.verb in READS]
    refusals = [event for event in events if event.verb == Verb.REFUSED]
    is_denied = answer.status_code in (403, 404, 405) or who in ("nobody", "closed")
    if is_denied and discloses:
        yield "discloses what it denies"
    if is_denied and len(events) > len(reads) + len(refusals):
        yield "changed something though it was denied"
    # Pages of the sign-in library answer 404 by themselves where there is nothing of one's own.
    is_ours = not name.startswith(("account_", "mfa_"))
    is_refused = answer.status_code in (403, 404) and is_ours
    told = [(event.actor, event.outcome) for event in refusals]
    if told != ([(user.pk, "denied")] if is_refused else []):
        yield f"refusals in the log: {told}"
    verb = READ_BY.get((name, method)) if answer.status_code == 200 else None
    if verb and verb not in {event.verb for event in reads}:
        yield f"left no {verb} event"
    if verb or discloses:
        seqs = [event.seq for event in reads if event.actor == user.pk]
        if not EventCase.objects.filter(case=case.pk, seq__in=seqs).exists():
            yield "left no read event that names the case"


# Pages that always disclose what they are about.
READ_BY = {
    ("cases:detail", "GET"): Verb.CASE_VIEWED,
    ("cases:person", "GET"): Verb.CASE_VIEWED,
    ("cases:victim", "GET"): Verb.CASE_VIEWED,
    ("assistance:change", "GET"): Verb.CASE_VIEWED,
    ("cases:trail", "GET"): Verb.CASE_AUDITED,
    ("cases:file", "GET"): Verb.CASE_VIEWED,
    ("cases:download", "GET"): Verb.FILE_DOWNLOADED,
    ("cases:preview", "GET"): Verb.FILE_PREVIEWED,
}


@pytest.mark.django_db
@pytest.mark.parametrize("who", PEOPLE)
def test_each_person_gets_what_the_table_says(
    who, world, places, case, yury, client_for, time_machine
):
    take_snapshot(by=yury)
    time_machine.move_to(timezone.now() + timedelta(days=1))
    user, wrong = world[who], []
    browser = client_for(user) if user else Client()
    if who == "closed":
        user.is_active = False
        user.save()
    rows = sorted(table().items(), key=lambda row: METHODS.index(row[0][1]))
    for (name, method), expected in rows:
        if _ends_session(name):
            asking = client_for(user) if user and user.is_active else Client()
        else:
            asking = browser
        arguments, data = places.get(name, ((), {}))
        start = log.size()
        answer = _ask(asking, method, reverse(name, args=arguments), data)
        if answer.status_code != expected[who]:
            wrong.append(f"{name} {method}: {answer.status_code}, expected {expected[who]}")
        for problem in _checks(name, method, who, user, answer, start, case):
            wrong.append(f"{name} {method}: {problem}")
    assert wrong == []
