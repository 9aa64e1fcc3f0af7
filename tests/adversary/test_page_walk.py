"""Two thousand random requests by random people: what was disclosed stands in the log, and no more.

Every sealed text of every case holds a word of its own, so the answer itself tells what was disclosed.
Who may see what is worked out here from the grants as they stand, not by the product's own rule.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Office, User
from accounts.roles import ROLES
from assistance.models import Assistance, Cost, Referral, SupportPlan
from assistance.plans.agreements import mark_of
from audit.models import Event, EventCase, ReviewItem
from audit.sequencer import sequence
from audit.verbs import READS, Verb
from cases.entries import ENTRY_KINDS
from cases.models import (
    Attachment,
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Closure,
    Exclusion,
    GlassNotice,
    IncomingReferral,
    SavedList,
    Task,
    TraffickingEvent,
    Transfer,
    WorkbookRequest,
)
from cases.panels import CASE_PANELS
from cases.services import grants
from cases.views import parts
from core.exceptions import DomainError
from core.rights import Right
from jobs.models import Job
from reporting.releases.models import Release
from reporting.services import take_snapshot
from tests.adversary import world as registry
from tests.adversary.world import GIVEN_NAME, World
from tests.conftest import PASSWORD, sign_in
from tests.guards import log
from tests.guards.world import RECIPIENT
from tests.shares import first_of
from vault.keyring import NoKey

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PARTS, EACH = 5, 400
SEED = 4711
WORD = re.compile("Zq[a-z]{14}")
SPACES = ("cases", "assistance", "audit", "reporting", "jobs")
# These show most, so they are asked for most.
OFTEN = (
    *("home", "cases:list", "cases:search", "cases:trail", "cases:file", "cases:download"),
    "cases:timeline",
    *("cases:person", "cases:victim", "assistance:change", "audit:log", "cases:preview"),
    *("cases:proof", "cases:court", "cases:list", "home", "cases:trail"),
    *("cases:detail",) * 6,
)
FRESH_SIGN_IN = ("cases:erase", "cases:decide", "cases:court", "cases:workbooks", "cases:workbook")
FRESH_SIGN_IN += ("cases:paper_summary", "cases:import")
# For whom a page is meant, and the case it says something of: else it would hardly ever be seen.
MEANT_FOR = {
    "audit": ("rita", "pavel"),
    "reporting": ("yury", "pavel"),
    "cases:retention": ("viktar",),
    "cases:decide": ("pavel",),
    "cases:decoys": ("pavel", "iryna"),
}
ABOUT = {
    "cases:decide": registry.ASKED,
    "cases:certificate": registry.ERASED,
    "cases:certificate_pdf": registry.ERASED,
    "cases:reopen": registry.CLOSED,
}
ERASURES = 2  # more than these would leave nothing to look at
Disclosed = tuple[UUID, str]  # case, class


# --- The addresses ----------------------------------------------------------------------------


def addresses() -> dict[str, list[str]]:
    """Every address of Tutela's own and the names of what it takes."""

    def walk(patterns: list[Any], space: str) -> Iterator[tuple[str, list[str]]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern):
                yield f"{space}{pattern.name}", list(pattern.pattern.converters)

    found = dict(walk(get_resolver().url_patterns, ""))
    return {n: names for n, names in found.items() if n == "home" or n.split(":")[0] in SPACES}


# --- Who may see what, by the grants ----------------------------------------------------------


def may_see(user: User | None) -> dict[UUID, set[str]]:
    """Case → classes this person may see by now; an erased case has none, and is still theirs."""
    if user is None:
        return {}
    user = User.objects.get(pk=user.pk)
    roles = [ROLES[holding.role] for holding in user.role_holdings.filter(ended_at=None)]
    teams = user.team_memberships.filter(ended_at=None).values("team__group")
    if not user.is_active or not any(Right.CASE_READ in role.rights for role in roles):
        return {}
    own = set().union(*(role.classes for role in roles))
    if any(Right.CASE_AUDIT in role.rights for role in roles):
        own.add("audit")
    now = timezone.now()
    live = Q(starts__lte=now, ends__gt=now, revoked_at=None)
    found: dict[UUID, set[str]] = {}
    for grant in (
        *CaseUserGrant.objects.filter(live, user=user),
        *CaseTeamGrant.objects.filter(live, group__in=teams),
    ):
        found.setdefault(grant.content_object_id, set()).update({*grant.classes, "audit"} & own)
    for case in Case.objects.exclude(erased_on=None).filter(pk__in=found):
        found[case.pk] = set()
    return found | {
        row.pk: own & {"identity", "contact", "narrative"}
        for row in IncomingReferral.objects.select_related("office")
        if sees_incoming(user, roles, set(teams.values_list("team__group", flat=True)), row, found)
    }


def sees_incoming(
    user: User, roles: list[Any], teams: set[int], row: IncomingReferral, cases: Iterable[UUID]
) -> bool:
    """Those who sent it; and of the office who take people in, once accepted if they see the case."""
    rights = {right for role in roles for right in role.rights}
    place = user.office.organisation if user.office else None
    if row.is_sent and place is not None and row.organisation_id == place.pk:
        at_desk = place.desk is not None and place.desk.group_id in teams
        return Right.PERSON_REFER in rights and (row.recorded_by_id == user.pk or at_desk)
    registers = Right.CASE_REGISTER in rights and user.office_id == row.office_id
    supervises = Right.CASE_ASSIGN in rights and row.office.supervisors_id in teams
    return (registers or supervises) and (row.status != "accepted" or row.became_id in cases)


# --- One step ---------------------------------------------------------------------------------


@dataclass
class Step:
    """A request somebody makes."""

    who: str  # "" for somebody who is not signed in
    name: str
    method: str
    url: str
    data: dict[str, Any]
    file: UUID | None = None


@dataclass
class Walk:
    """People at work, and what they do to the registry in between."""

    world: World
    random: Random
    clock: Any
    names: dict[str, list[str]]
    browsers: dict[str, Client] = field(default_factory=dict)
    erasures: int = 0
    wrong: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)

    def browser(self, who: str) -> Client:
        """A browser in which this person is signed in, anew once the session is over."""
        if not who:
            return Client(raise_request_exception=False)
        if who not in self.browsers or "_auth_user_id" not in self.browsers[who].session:
            self.browsers[who] = Client(raise_request_exception=False)
            sign_in(self.browsers[who], self.world.people[who])
        return self.browsers[who]

    # --- What is asked for ---------------------------------------------------------------------

    def step(self) -> Step:
        # Each is asked for once before any of the others is again.
        others = [name for name in self.names if name not in self.asked] or list(self.names)
        name = self.random.choice(OFTEN if self.random.random() < 0.6 else others)
        case = self.random.choice(list(self.world.cases.values()))
        who = self.random.choice(["", *self.world.people])
        if self.random.random() < 0.8:
            case = self.world.cases.get(ABOUT.get(name, -1), case)
            space = name if name in MEANT_FOR else name.split(":")[0]
            who = self.random.choice(MEANT_FOR.get(space) or self.involved(case))
        method = self.random.choices(("GET", "POST", "HEAD", "PUT", "DELETE"), (70, 24, 2, 2, 2))[0]
        if (
            name in OFTEN
            and name not in ("cases:search", "cases:court")
            and self.random.random() < 0.8
        ):
            method = "GET"
        values = self.values(case)
        arguments = {argument: values[argument]() for argument in self.names[name]}
        url = reverse(name, kwargs=arguments)
        if method == "GET" and (query := self.query(name)):
            url += f"?{query}"
        data = self.data(name, case) if method == "POST" else {}
        return Step(who, name, method, url, data, arguments.get("file"))

    def involved(self, case: Case) -> list[str]:
        """Those who have, or had, something to do with the case."""
        people = {user.pk: name for name, user in self.world.people.items()}
        given = CaseUserGrant.objects.filter(content_object=case).values_list("user", flat=True)
        supervisor = ("pavel", "iryna")[self.world.offices.index(case.office)]
        return [*(people[user] for user in given), case.owner.username, supervisor, "halina"]

    def values(self, case: Case) -> dict[str, Callable[[], Any]]:
        """Something for whatever an address takes: of this case mostly, wrong now and then."""

        def usually(good: Any, otherwise: Any) -> Any:
            return good if self.random.random() < 0.95 else otherwise

        def one_of(rows: Any) -> UUID:
            found = list(usually(rows, ()))
            return self.random.choice(found).pk if found else self.world.cases[0].pk

        def number() -> int:
            named = EventCase.objects.filter(case=case.pk).values_list("seq", flat=True)
            return usually(self.random.choice(list(named)), log.size() // 2)

        here = usually(Q(case=case), Q())
        return {
            "reference": lambda: usually(case.reference, "BY-2026-999999"),
            "file": lambda: one_of(Attachment.objects.filter(here)),
            "assistance": lambda: one_of(Assistance.objects.filter(here)),
            "cost": lambda: one_of(Cost.objects.filter(here)),
            "payment": lambda: case.pk,
            "line": lambda: case.pk,
            "grant": lambda: one_of(CaseUserGrant.objects.filter(content_object=case)),
            "person": lambda: one_of(User.objects.all()),
            "item": lambda: one_of(ReviewItem.objects.all()),
            "exclusion": lambda: one_of(Exclusion.objects.filter(case=case)),
            "closure": lambda: one_of(Closure.objects.filter(case=case)),
            "task": lambda: one_of(Task.objects.filter(here)),
            "saved": lambda: one_of(SavedList.objects.all()),
            "release": lambda: one_of(Release.objects.all()),
            "transfer": lambda: one_of(Transfer.objects.filter(here)),
            "incoming": lambda: one_of(IncomingReferral.objects.all()),
            "kind": lambda: self.random.choice(list(ENTRY_KINDS)),
            "entry": lambda: one_of(TraffickingEvent.objects.filter(here)),
            "link": lambda: one_of(Case.objects.all()),
            "name": lambda: self.random.choice([one.name for one in (*CASE_PANELS, *parts.PARTS)]),
            "notice": lambda: one_of(GlassNotice.objects.all()),
            "asked": lambda: one_of(WorkbookRequest.objects.all()),
            "job": lambda: one_of(Job.objects.all()),
            "referral": lambda: one_of(Referral.objects.filter(here)),
            "language": lambda: "en",
            "topic": lambda: "access",
            "number": number,
            "table": lambda: self.random.choice(["year.gender", "age.exploitation~level-1"]),
        }

    def query(self, name: str) -> str:
        person = self.random.choice(list(self.world.people.values()))
        before = f"before={self.random.randrange(100, 500)}"
        pages = {
            "cases:trail": ["kind=reads", "cls=medical", before],
            "cases:timeline": ["kind=comments", "kind=assistance", before],
            "cases:who": [f"person={person.pk}"],
            "cases:list": [
                *("mine=1", "status=Active", f"before={self.world.cases[4].pk}"),
                *("stage=assessment&sort=registered&columns=stage", f"officer={person.pk}"),
            ],
            "cases:due": [f"after={self.world.cases[2].pk}"],
            "audit:log": [before],
        }
        return self.random.choice(["", *pages.get(name, [])])

    def data(self, name: str, case: Case) -> dict[str, Any]:
        """What is posted: half of it as the form wants it. Nobody types a word that was planted."""
        today = timezone.localdate().isoformat()
        person = self.random.choice(list(self.world.people.values()))
        helped = {"kind": "legal", "status": "delivered", "starts_on": today, "revision": "1"}
        forms: dict[str, dict[str, Any]] = {
            "cases:search": {"q": self.random.choice([GIVEN_NAME, "375290001122", case.reference])},
            "cases:person": {"second_name": "Typed", "revision": "0"},
            "cases:victim": {"account": "Typed", "revision": "0"},
            "cases:summary": {"summary": "Typed", "revision": "0"},
            "cases:add_entry": {"cls": "legal", "comment": "Typed", "event_type": "Transit"},
            "cases:add_task": {"cls": "legal", "task": "Typed", "due_on": today}
            | {"person": str(person.pk), "repeats": "weekly"},
            "cases:save_list": {"name": "Typed", "mine": "1", "is_first": "on"},
            "cases:saved_list": {"act": self.random.choice(["first", "usual", "remove"])},
            "reporting:save_table": {"table": "year.gender", "name": "Typed"},
            "cases:end_task": {"act": self.random.choice(["done", "dropped"])},
            "cases:entry": {"event_type": "Transit", "revision": "0"},
            "cases:merge": {"other": self.world.cases[3].reference, "reason": "Typed"}
            | self.random.choice([{}, {"confirmed": "1"}]),
            "cases:undo_merge": {"note": "Typed"},
            "cases:link": {"other": self.world.cases[2].reference, "link": "family"},
            "cases:consent": {"consented": "yes", "recorded_on": today, "purposes": "assistance"},
            "cases:register": {"second_name": "Typed", "consent-consented": "yes"},
            "cases:hold": {"note": "Typed", "act": self.random.choice(["put", "lift"])},
            "cases:close": {"status": "Closed", "closed_on": today, "reason": "Other"}
            | {"details": "Typed", "done_documents": "on"},
            "cases:move": {"stage": "assessment", "before": "identification"},
            "cases:reopen": {"note": "Typed", "stage": "assistance"},
            "cases:send_back": {"note": "Typed"},
            "cases:transfer": {"office": str(case.office_id), "note": "Typed"}
            | {"person_agrees": "yes"},
            "cases:offer": {"act": "decline", "reason": "Typed"},
            "cases:add_incoming": {"danger_now": "no", "urgent_need": "no"}
            | {"agreed_to_be_referred": "yes", "why_trafficked": "Typed", "answer_due": today}
            | {"received_on": today, "office": str(case.office_id)},
            "cases:incoming_one": {"act": self.random.choice(["decline", "withdraw"])}
            | {"declined_because": "Typed"},
            "cases:accept_incoming": {"case": case.reference},
            "cases:register_incoming": {"second_name": "Typed", "consent-consented": "yes"},
            "cases:erase": {"reason": "mistake", "note": "Typed", "reference": case.reference},
            "cases:decide": {"decision": self.decision(), "note": "Typed"}
            | {"reference": case.reference},
            "cases:remove_file": {"reason": "Typed", "revision": "0"},
            "cases:sharing": {
                "to": str(person.pk),
                "classes": self.random.sample(["identity", "medical", "legal"], 2),
                "until": (timezone.localdate() + timedelta(days=3)).isoformat(),
                "reason": "review",
            },
            "assistance:record": helped | {"matter": "Typed", "stage": "advice"},
            "assistance:change": helped | {"matter": "Typed", "stage": "advice", "revision": "0"},
            "assistance:plan_cost": {"planned": "7", "currency": "BYN"},
            "assistance:change_cost": {"planned": "8", "currency": "BYN", "revision": "1"},
            "assistance:session": {"held_on": today, "minutes": "50", "note": "Typed"},
            "assistance:refer": {"service": "legal"},
            "assistance:agree": {"agreed_on": today, "form": "written", "wants_otherwise": "Typed"}
            | {"shown": mark_of(SupportPlan.objects.filter(case=case))},
            "assistance:referral": {"act": self.random.choice(["accepted", "declined", "feedback"])}
            | {"said": "Typed", "revision": self.random.choice("123")},
            "assistance:certificate": {"language": "en", "tells_kinds": "on"},
            "assistance:letter": {"language": "en"},
            "assistance:plan_paper": {"language": "en", "tells_name": "on"},
            "cases:paper_summary": {"language": "en", "reason": "meeting", "note": "Typed"}
            | {"classes": self.random.sample(["identity", "narrative", "legal"], 2)},
            "assistance:override": {"act": self.random.choice(["approve", "decline"])},
            "cases:court": {"reason": "court", "note": "Typed"},
            "cases:workbooks": {
                "purpose": self.random.choice(["ourselves", "others"]),
                "references": case.reference,
                "recipient": RECIPIENT,
                "note": "Typed",
            },
            "cases:workbook": {"act": self.random.choice(["approve", "decline", "collect"])},
            "cases:decoys": {"reference": case.reference},
            "cases:approve": {"type": "cases.Person", "row": case.people.get().pk, "revision": "2"},
            "audit:review_item": {"note": "Typed", "revision": "1"},
            "cases:add_file": {"cls": "legal", "file": SimpleUploadedFile("a.txt", b"Typed")},
        }
        return forms.get(name, {}) if self.random.random() < 0.7 else {}

    def decision(self) -> str:
        return "approve" if self.erasures < ERASURES else "decline"

    # --- What happens in between ---------------------------------------------------------------

    def go_on(self) -> None:
        """Time passes; somebody gives access or takes it back."""
        chance = self.random.random()
        if chance < 0.03:
            self.clock.move_to(timezone.now() + timedelta(hours=self.random.uniform(0.2, 2)))
        elif chance < 0.08:
            case = Case.objects.get(pk=self.random.choice(list(self.world.cases.values())).pk)
            to = self.random.choice(list(self.world.people.values()))
            classes = self.random.sample(
                ["identity", "contact", "narrative", "medical", "legal"], 2
            )
            self.attempt(
                lambda: grants.give_grant(
                    case,
                    to=to,
                    classes=set(classes) & to.classes,
                    may_write=self.random.random() < 0.5,
                    ends=timezone.now() + timedelta(hours=self.random.uniform(0.5, 30)),
                    reason="referral" if to.is_partner else "review",
                    note=self.world.word(case.pk, "audit"),
                    by=case.owner,
                )
            )
        elif chance < 0.11:
            grant = self.random.choice(list(CaseUserGrant.objects.filter(revoked_at=None)))
            self.attempt(lambda: grants.revoke_grant(grant, by=grant.content_object.owner))

    def attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (DomainError, NoKey):  # such as for a case that was erased
            self.counted["changes refused"] += 1
        else:
            self.counted["changes between requests"] += 1

    # --- Asking and judging --------------------------------------------------------------------

    def take(self, step: Step) -> None:
        browser = self.browser(step.who)
        if step.name in FRESH_SIGN_IN and step.who and self.random.random() < 0.8:
            browser.post("/account/reauthenticate/", {"password": PASSWORD})
        user = self.world.people.get(step.who)
        allowed = may_see(user)
        sequence()
        start = log.size()
        if step.method == "POST":
            answer = browser.post(step.url, step.data)
        else:
            answer = browser.generic(step.method, step.url)
        shown = plain(answer.getvalue()) + str(list(answer.headers.items()))
        sequence()
        events = log.since(start)
        disclosed = self.disclosed(step, answer, shown)
        erased = Case.objects.exclude(erased_on=None).values_list("pk", flat=True)
        self.erasures = len(erased) - 1
        for problem in judge(step, user, answer.status_code, events, disclosed, allowed):
            self.wrong.append(f"{step.who or 'nobody'} {step.method} {step.url}: {problem}")
        self.counted["requests"] += 1
        self.counted["disclosures"] += len(disclosed)
        self.counted["events"] += len(events)
        self.counted["reading events"] += sum(event.verb in READS for event in events)
        self.counted["refusals"] += answer.status_code in (403, 404, 410)
        self.asked.add(step.name)
        if answer.status_code in (200, 206):
            self.served.add(step.name)
        if step.name == "cases:search" and step.method == "POST" and answer.status_code == 302:
            self.take(Step(step.who, "cases:search", "GET", answer.headers["Location"], {}))

    def disclosed(self, step: Step, answer: Any, shown: str) -> set[Disclosed]:
        """Which classes of which cases the answer shows; a picture shows that of its file."""
        planted = self.world.planted
        found = {planted[word] for word in WORD.findall(shown) if word in planted}
        if step.file and answer.headers["Content-Type"].startswith("image/"):
            found.add(self.world.files[step.file])
        return found


def plain(body: bytes) -> str:
    """Everything that can be read in an answer: within archives and documents, too."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return "\n".join(name + plain(archive.read(name)) for name in archive.namelist())
    if body.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    return body.decode(errors="replace")


def judge(
    step: Step,
    user: User | None,
    status: int,
    events: list[Event],
    disclosed: set[Disclosed],
    allowed: dict[UUID, set[str]],
) -> Iterator[str]:
    """What is wrong with an answer and the events it left."""
    contents = [log.told(event) for event in events]
    if len({content["request"] for content in contents} - {""}) > 1:
        yield "left events of several requests"
    mine = str(user.pk) if user else "system"
    readings = [
        content
        for content in contents
        if content["verb"] in READS and (content["outcome"], content["actor"]) == ("ok", mine)
    ]
    for case, cls in disclosed:
        if cls not in allowed.get(case, ()):
            yield f"discloses {cls} of a case, which this person may not see"
        naming = [content for content in readings if str(case) in content["cases"]]
        if not any(cls == "audit" or cls in content["classes"] for content in naming):
            told = [(content["verb"], content["classes"]) for content in naming]
            yield f"discloses {cls} of a case without a reading event that says so: {told}"
    for content in readings:
        for case in content["cases"]:
            is_elsewhere = content["verb"] == Verb.MATCH_TOLD  # there is one, and nothing of it
            if is_elsewhere and UUID(case) in allowed:
                yield "is told that a case is elsewhere that this person sees"
            elif UUID(case) not in allowed and not is_elsewhere:
                yield f"{content['verb']} names a case of which this person may see nothing"
    if status >= 500 and status != 503:
        yield f"fails with {status}"
    refusals = [c for c in contents if (c["verb"], c["outcome"]) == (Verb.REFUSED, "denied")]
    if status in (403, 404, 410):
        if [content["actor"] for content in refusals] != [mine]:
            yield f"was refused with {status}, and the log does not say so"
        if disclosed:
            yield f"was refused with {status}, and discloses {sorted(c for _, c in disclosed)}"
    elif refusals and status < 400:
        yield f"answers {status}, and the log tells of a refusal"
    if (user is None or status == 405) and (disclosed or readings):
        yield "discloses something to nobody"


@pytest.mark.parametrize("part", first_of(range(PARTS)))
def test_what_random_people_see_on_random_pages_stands_in_the_log(
    part: int,
    office: Office,
    other_office: Office,
    own_files: Path,
    settings: Any,
    time_machine: Any,
    say: Callable[[str], None],
) -> None:
    settings.DATA_DIR, settings.BACKUP_DIR = own_files, None
    random = Random(f"{SEED} {part}")
    world = registry.build(World(random), [office, other_office])
    world.cases[registry.CLOSED].refresh_from_db()
    take_snapshot(by=world.people["yury"])
    time_machine.move_to(timezone.now())
    walk = Walk(world, random, time_machine, addresses())
    while walk.counted["requests"] < EACH:
        walk.go_on()
        walk.take(walk.step())
    assert not walk.wrong, "\n".join(walk.wrong[:30])
    assert walk.counted["disclosures"] > EACH // 2
    assert walk.asked == set(walk.names), set(walk.names) - walk.asked
    figures = ", ".join(f"{count} {name}" for name, count in walk.counted.most_common())
    say(
        f"part {part + 1} of {PARTS}: {figures}; {len(walk.asked)} addresses, {len(walk.served)} of "
        f"which answered with a page; not {sorted(walk.asked - walk.served)}; seed {SEED}"
    )
