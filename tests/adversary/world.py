"""A small registry with something of everything: several offices, kinds of help, files, ends of cases.

Every sealed text holds a word that stands nowhere else. Who sees it has seen that class of that case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from uuid import UUID

import msgspec
from django.utils import timezone

from accounts.models import Office, Organisation, User
from accounts.services import (
    join_team,
    make_desk,
    make_office,
    make_organisation,
    make_user,
)
from assistance import sections
from assistance.models import Assistance, Override, SupportPlan
from assistance.money import costs
from assistance.plans.agreements import mark_of, record_agreement
from assistance.referrals.services import send_referral
from assistance.services import change_assistance, record_assistance
from assistance.sittings import SESSION
from audit import trail
from audit.verbs import Verb
from cases import door
from cases.entries import ENTRY_KINDS
from cases.models import Case, ErasureRequest, Person
from cases.sections import (
    CaseSummary,
    ConsentTerms,
    Contact,
    Identity,
    TaskContent,
    VictimContext,
)
from cases.services import casework, erasure, grants, intake, renewal, retention
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.services.tasks import give_task
from reporting.models import Snapshot, Verification
from tests.cases.closed import close_case
from tests.cases.made_entries import contents
from tests.cases.made_files import a_file, picture
from tests.conftest import PASSWORD
from tests.reporting.releases.made import published_release

GIVEN_NAME = "Hanna"  # of everybody, to search by
DAY = date(2026, 3, 1)
LETTERS = "abcdefghijklmnopqrstuvwxyz"

# Who there is: name, role, office (0 and 1; None for those who belong to none).
CAST = (
    ("alena", "case_officer", 0),
    ("ihar", "case_officer", 0),
    ("nina", "case_officer", 1),
    ("pavel", "supervisor", 0),
    ("iryna", "supervisor", 1),
    ("volha", "psychological", 0),
    ("maksim", "medical", 0),
    ("siarhei", "legal", 1),
    ("tania", "financial", 0),
    ("partner", "partner_officer", None),
    ("rita", "auditor", None),
    ("yury", "analyst", None),
    ("viktar", "administrator", None),
)
# Owner, and whom it is shared with: classes, whether for writing, hours.
SHARED: tuple[tuple[str, dict[str, tuple[tuple[str, ...], bool, float]]], ...] = (
    (
        "alena",
        {
            "volha": (("psychological", "identity"), True, 60),
            "maksim": (("medical",), True, 20),
            "partner": (("legal", "contact"), False, 40),
            "ihar": (("identity", "contact", "narrative"), True, 30),
        },
    ),
    ("alena", {"tania": (("financial", "identity"), True, 50), "siarhei": (("legal",), False, 10)}),
    ("ihar", {"volha": (("psychological",), False, 15), "alena": (("narrative",), False, 25)}),
    ("nina", {"siarhei": (("legal", "identity"), True, 60), "partner": (("medical",), True, 35)}),
    ("nina", {"alena": (("identity", "medical", "legal"), True, 45)}),
    ("alena", {"volha": (("psychological", "identity"), True, 60)}),  # is closed
    ("alena", {"volha": (("psychological", "identity"), True, 60)}),  # is erased
    ("ihar", {"maksim": (("medical", "identity"), True, 60)}),  # somebody asked for its erasure
)
CLOSED, ERASED, ASKED, RENEWED = 5, 6, 7, 1
FEW = (RENEWED, ERASED, ASKED)


@dataclass
class World:
    """Who and what there is, and which word was written where."""

    random: Random
    people: dict[str, User] = field(default_factory=dict)
    offices: list[Office] = field(default_factory=list)
    cases: dict[int, Case] = field(default_factory=dict)  # by their number in SHARED
    planted: dict[str, tuple[UUID, str]] = field(default_factory=dict)  # word → case, class
    files: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)  # attachment → case, class

    def word(self, case: UUID | None, cls: str) -> str:
        """A word that stands nowhere else, to be written in this class of this case."""
        text = "Zq" + "".join(self.random.choices(LETTERS, k=14))
        if case is not None:
            self.planted[text] = (case, cls)
        return text


def build(
    world: World, offices: list[Office], numbers: Iterable[int] = range(len(SHARED))
) -> World:
    """Fill the registry with these cases of SHARED. Files go where `own_files` has them."""
    world.offices = offices
    for name, role, at in CAST:
        world.people[name] = make_user(
            username=name,
            display_name=name.title(),
            password=PASSWORD,
            roles=[role],
            office=None if at is None else offices[at],
            by=None,
        )
    world.people["halina"] = _at_the_desk_of_a_partner()
    for number in numbers:
        case = _build_case(world, number)
        world.cases[number] = Case.objects.get(pk=case.pk)
    for number, end in ((CLOSED, _close), (ASKED, _ask), (ERASED, _erase)):
        if number in world.cases:
            end(world, world.cases[number])
    renewal.renew_case(world.cases[RENEWED].pk, by=None)
    return world


def _at_the_desk_of_a_partner() -> User:
    haven = make_organisation(name="Haven", kind="NGO", is_partner=True, by=None)
    at = make_office(code="BY-HAV", name="Haven", country="BY", organisation=haven, by=None)
    kept = {"username": "halina", "display_name": "Halina", "password": PASSWORD, "by": None}
    halina = make_user(roles=["partner_officer"], office=at, **kept)
    join_team(user=halina, team=make_desk(haven, by=None), by=None)
    return halina


def _refer(world: World, case: Case, by: User) -> None:
    """To the desk of the partner, which reads what is written and who it is about."""
    day = timezone.localdate()
    message = world.word(case.pk, "contact")
    haven = Organisation.objects.get(name="Haven")
    row = send_referral(
        case,
        to=haven,
        content=sections.ReferralContent(service="shelter", outgoing_referral_details=message),
        classes=["contact", "identity"],
        until=day + timedelta(days=2),
        answer_due=day,
        by=by,
    )
    note = {"note": world.word(case.pk, "audit")}
    asked = Override(case=case, referral=row, ground="unable", asked_by=by, classes=["contact"])
    asked.state, asked.asked_as, asked.until = "declined", "case_officer", day
    trail.save(asked, verb=Verb.OVERRIDE_ASKED, by=by, reason="unable", details=note)


def _close(world: World, case: Case) -> None:
    reason = world.word(case.pk, "narrative")
    day = timezone.localdate()
    close_case(case, status="Closed", reason=reason, closed_on=day, by=case.owner)


def _ask(world: World, case: Case) -> ErasureRequest:
    note = world.word(case.pk, "audit")
    return erasure.ask_for_erasure(case, reason="person_asked", note=note, by=case.owner)


def _erase(world: World, case: Case) -> None:
    request = _ask(world, case)
    request = erasure.approve_erasure(request, note="Agreed", by=world.people["pavel"])
    assert request.state == "finished"


def count_and_import(world: World) -> None:
    """Rows of the kinds that belong to no case; the snapshots are there to be tampered with only."""
    people = world.people
    retention.set_years({"adult": 12, "child": 25}, by=people["viktar"])
    for number in (1, 2):
        run = intake.start_import(
            file_digest=f"{number}" * 64,
            layout="htcds",
            rows_total=number,
            office=world.offices[0],
            owner=people["alena"],
            by=people["pavel"],
        )
        run.rows_done = number
        trail.save(run, verb=Verb.IMPORT_ADVANCED, by=people["pavel"])
        shot = Snapshot(number=number, taken_by=people["yury"], surface=b"surface")
        shot.epochs, shot.digests = {"2026": number}, {"2026": "ab"}
        trail.save(shot, verb=Verb.STATISTICS_FROZEN, by=people["yury"])
        exact = Verification(table={"rows": "year"}, asked_by=people["yury"], asked_as="analyst")
        trail.save(exact, verb=Verb.VERIFICATION_ASKED, by=people["yury"])
        published_release(
            proposed_by=people["yury"], approved_by=people["pavel"], year=2020 + number
        )


def _build_case(world: World, number: int) -> Case:
    name, shared = SHARED[number]
    owner = world.people[name]
    words: list[tuple[str, str]] = []

    def word(cls: str) -> str:
        words.append((text := world.word(None, cls), cls))
        return text

    case = register_case(
        NewCase(
            identity=Identity(
                first_name=GIVEN_NAME, second_name=word("identity"), gender="Feminine"
            ),
            contact=Contact(mobile_phone="+375290001122", safe_contact=word("contact")),
            victim=VictimContext(types_of_exploitation=["ForcedLabour"], account=word("narrative")),
            summary=CaseSummary(summary=word("narrative"), referring_organisation="Red Cross"),
            consent=ConsentTerms(
                consented=True, purposes=["assistance", "referral"], remarks=word("narrative")
            ),
        ),
        by=owner,
    )
    world.planted |= {text: (case.pk, cls) for text, cls in words}
    _write_a_second_version(world, case, owner)
    for schema in sections.SCHEMAS.values():
        _help(world, case, schema, owner)
    made = contents(lambda cls: world.word(case.pk, cls), world.random.choice(["medical", "legal"]))
    for kind, content in made.items():
        casework.record_entry(case, ENTRY_KINDS[kind], content, by=owner)
    agreed = sections.AgreementContent(wants_otherwise=world.word(case.pk, "narrative"))
    shown = mark_of(SupportPlan.objects.filter(case=case))
    record_agreement(case, agreed, shown=shown, by=owner)
    for cls in ("medical", "legal"):
        told = TaskContent(cls=cls, task=world.word(case.pk, cls))
        give_task(case, told, due_on=timezone.localdate(), assignee=owner, by=owner)
    spent = sections.CostContent(planned=Decimal(40), purpose=world.word(case.pk, "financial"))
    costs.plan_cost(case, spent, by=owner)
    for cls in ("medical", "legal"):
        content = sections.SessionContent(cls=cls, kind=cls, note=world.word(case.pk, cls))
        casework.record_entry(case, SESSION, content, by=owner)
    for cls in world.random.sample(["medical", "legal", "identity", "narrative"], 2):
        _attach(world, case, cls, owner)
    for name, (classes, may_write, hours) in shared.items():
        grants.give_grant(
            case,
            to=world.people[name],
            classes=classes,
            may_write=may_write,
            ends=timezone.now() + timedelta(hours=hours),
            reason="referral" if world.people[name].is_partner else "treatment",
            note=world.word(case.pk, "audit"),
            by=owner,
        )
    _refer(world, case, owner)
    trail.record(
        Verb.CASE_VIEWED, by=owner, cases=[case.pk], details={"note": world.word(case.pk, "audit")}
    )
    return case


def _write_a_second_version(world: World, case: Case, by: User) -> None:
    """What stood there before is still in the trail."""
    person = Person.objects.get(case=case)
    [before] = door.open_rows([person], by=by)
    after = {
        "identity": msgspec.structs.replace(
            before["identity"], second_name=world.word(case.pk, "identity")
        ),
        "victim": msgspec.structs.replace(
            before["victim"], account=world.word(case.pk, "narrative")
        ),
    }
    casework.change_person(person, before=before, after=after, revision=person.revision, by=by)


def _help(world: World, case: Case, schema: type[sections.Assistance], by: User) -> Assistance:
    told = {
        "medical": {"diagnosis": world.word(case.pk, "medical")},
        "legal": {"matter": world.word(case.pk, "legal"), "stage": "advice"},
        "psychological": {"method": "individual_counselling"},
    }
    content = schema(notes=world.word(case.pk, schema.CLASS), **told.get(schema.KIND, {}))
    row = record_assistance(case, content=content, status="planned", starts_on=DAY, by=by)
    if world.random.random() < 0.5:
        content = msgspec.structs.replace(content, outcome=world.word(case.pk, schema.CLASS))
        row = change_assistance(
            row, content=content, status="delivered", starts_on=DAY, revision=1, by=by
        )
    return row


def _attach(world: World, case: Case, cls: str, by: User) -> None:
    """A text that says something, or a picture, which says it only in its name."""
    name, described = world.word(case.pk, cls), world.word(case.pk, cls)
    if world.random.random() < 0.5:
        name, content = f"{name}.png", picture("PNG")
    else:
        name, content = f"{name}.txt", f"{world.word(case.pk, cls)}\n".encode() * 200
    row = a_file(case, by, name, content, cls=cls, description=described)
    world.files[row.pk] = case.pk, cls


def fill(world: World, until: Callable[[], bool]) -> None:
    """Go on with the daily reading of cases that are not erased."""
    living = [case.pk for number, case in world.cases.items() if number != ERASED]
    for number in count():
        if until():
            return
        some = world.random.sample(living, world.random.randint(1, 2))
        reader = world.random.choice(list(world.people.values()))
        verb = world.random.choice([Verb.CASE_VIEWED, Verb.CASE_LISTED, Verb.CASE_AUDITED])
        details = {"text": f"Search {number}"} if number % 5 == 0 else None
        trail.record(verb, by=reader, cases=some, classes=["identity"], details=details)
