"""The demonstration: offices, people with every role, and a few hundred invented cases."""

import secrets
from datetime import timedelta
from pathlib import Path
from random import Random

import msgspec
from django.conf import settings
from django.utils import timezone

from accounts.models import Office, Organisation, User
from accounts.services import (
    join_team,
    make_desk,
    make_office,
    make_organisation,
    make_team,
    make_user,
)
from assistance.models import Assistance
from assistance.panels import is_payment
from assistance.plans.agreements import mark_of, record_agreement
from assistance.plans.goals import SUPPORT_PLAN
from assistance.referrals.services import send_referral, take_step
from assistance.referrals.table import SERVICES
from assistance.sections import (
    SCHEMAS,
    AgreementContent,
    ReferralContent,
    ReintegrationAssistance,
    SupportPlanContent,
)
from assistance.services import record_assistance
from audit import trail
from audit.review import look_through_log
from audit.verbs import Verb
from cases import door
from cases.approvals import approve
from cases.closing import still_open
from cases.entries import ENTRY_KINDS
from cases.models import Case, CaseStatus, GrantReason, Stage
from cases.sections import (
    ConsentTerms,
    IncomingContact,
    IncomingPerson,
    IncomingTold,
    RiskContent,
    TaskContent,
)
from cases.services.casework import change_entry, move_case, record_entry
from cases.services.closing import ask_closure
from cases.services.consents import record_consent
from cases.services.decoys import mark_decoy
from cases.services.grants import give_grant
from cases.services.incoming import Referred, send_incoming
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.services.tasks import give_task
from cases.stages import stage_of
from config.demo import texts
from config.demo.money import keep_accounts
from config.demo.providers import list_providers
from config.demo.staff import OFFICES, PARTNER_OFFICES, STAFF
from config.demo.stories import DemoPerson, people
from config.demo.visits import visits_of
from core.days import end_of
from reporting.services import export_table, take_snapshot
from reporting.tables import Definition

SEED = 20261
CASES = 300
PASSWORD_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbour",
    "island",
    "juniper",
    "lantern",
    "meadow",
    "nectar",
    "orchard",
    "pebble",
    "quartz",
    "river",
    "saffron",
    "timber",
    "umber",
    "valley",
    "willow",
]


def accounts_file() -> Path:
    """Where the demonstration's password is kept, for the next start to print."""
    return settings.DATA_DIR / "demo-accounts.txt"


def accounts_text() -> str:
    """The demonstration's accounts and their password; empty when there is no demonstration."""
    return accounts_file().read_text() if accounts_file().exists() else ""


def load(*, cases: int = CASES) -> int:
    """Make the demonstration; returns the number of cases. Does nothing where anybody works already."""
    if User.objects.exists():
        return 0
    # Before the first account: what broke off while it was loaded is a demonstration, too.
    trail.record(Verb.DEMO_LOADED, by=None, reason=f"{cases} cases")
    password = (
        "-".join(secrets.choice(PASSWORD_WORDS) for _ in range(3))
        + f"-{secrets.randbelow(900) + 100}"
    )
    offices = _offices()
    staff = {
        username: make_user(
            username=username,
            display_name=name,
            password=password,
            roles=[role],
            office=offices.get(office or ""),
            by=None,
        )
        for username, name, role, office in STAFF
    }
    _write_accounts(password)
    rng = Random(SEED)
    officers = [staff[name] for name in ("officer", "officer.brest", "officer.vitebsk")]
    for person in people(SEED, cases, timezone.localdate()):
        _load(person, by=rng.choices(officers, (5, 3, 2))[0])
    _make_conference(staff)
    _share(staff)
    list_providers(staff["supervisor"], staff["officer"])
    _refer(staff, to=_give_desk(staff["partner"]))
    _give_desk(staff["partner.children"])
    _refer_to_us(staff, offices["BY-MSQ"])
    _go_on(staff["officer"])
    keep_accounts(
        rng,
        supervisor=staff["supervisor"],
        officer=staff["officer"],
        today=timezone.localdate(),
    )
    _plan(staff)
    take_snapshot(by=staff["analyst"])
    _oversee(staff)
    return cases


def _offices() -> dict[str, Office]:
    own = make_organisation(name="Tutela demonstration mission", kind="NGO", by=None)
    places = [(code, name, own) for code, name in OFFICES]
    for code, name, partner in PARTNER_OFFICES:
        whose = make_organisation(name=partner, kind="NGO", is_partner=True, by=None)
        places.append((code, name, whose))
    return {
        code: make_office(code=code, name=name, country="BY", organisation=whose, by=None)
        for code, name, whose in places
    }


def _make_conference(staff: dict[str, User]) -> None:
    """A team that cases can be shared with."""
    team = make_team(name="Case conference of Minsk", by=None)
    for username in ("psychologist", "doctor", "lawyer"):
        join_team(user=staff[username], team=team, by=None)


def _give_desk(partner: User) -> Organisation:
    """The organisation of this person, which cases can be referred to from now on; they answer."""
    desk = make_desk(partner.office.organisation, by=None)
    join_team(user=partner, team=desk, by=None)
    return desk.desk_of


def _load(person: DemoPerson, *, by: User) -> Case:
    new = NewCase(
        identity=person.identity,
        contact=person.contact,
        victim=person.victim,
        summary=person.summary,
        consent=person.consent,
        entries=[("decision", person.decision)],
        opened_on=person.opened_on,
    )
    case = register_case(new, by=by)
    for piece in person.assistance:
        content = msgspec.convert(piece.content, SCHEMAS[piece.kind], strict=False)
        record_assistance(case, content=content, status=piece.status, starts_on=piece.on, by=by)
    return case


def _share(staff: dict[str, User]) -> None:
    """Some cases are shared with the specialists."""
    until = end_of(timezone.localdate() + timedelta(days=90))
    officer = staff["officer"]
    shared = list(Case.objects.filter(owner=officer)[:8])
    for number, (username, cls) in enumerate(
        [
            ("psychologist", "psychological"),
            ("doctor", "medical"),
            ("lawyer", "legal"),
            ("cashier", "financial"),
        ]
    ):
        for case in shared[number : number + 4]:
            give_grant(
                case,
                to=staff[username],
                classes=[cls],
                may_write=True,
                ends=until,
                reason=GrantReason.TREATMENT,
                by=officer,
            )


def _refer(staff: dict[str, User], *, to: Organisation) -> None:
    """Some cases are referred to a partner organisation; one referral is accepted already.

    The person of that one agrees to nobody else.
    """
    officer, partner = staff["officer"], staff["partner"]
    today = timezone.localdate()
    for number, case in enumerate(Case.objects.filter(owner=officer)[4:8]):
        service = ("shelter", "legal", "shelter", "psychological")[number]
        terms = ConsentTerms(consented=True, purposes=["assistance", "referral"])
        if number == 0:
            terms.recipients = [str(to.pk)]
        record_consent(case, terms=terms, recorded_on=today, by=officer)
        row = send_referral(
            case,
            to=to,
            content=ReferralContent(
                service=service,
                reason_for_outgoing_referral="AdditionalServicesRequired",
                outgoing_referral_details="Please tell us by telephone when the person can come.",
                meeting_place="At our office" if service == "shelter" else "",
            ),
            classes=SERVICES[service].needs,
            until=today + timedelta(days=90),
            answer_due=today + timedelta(days=3),
            by=officer,
        )
        if number == 0:
            take_step(row, "accepted", said="", revision=row.revision, by=partner)


def _refer_to_us(staff: dict[str, User], to: Office) -> None:
    """Partners refer people to an office of ours; it has answered neither of them."""
    today = timezone.localdate()
    girl = Referred(
        person=IncomingPerson(first_name="Yana", age_as_told="About 16", primary_language="be"),
        contact=IncomingContact(safe_contact="Through us; her mother's friend has her telephone."),
        told=IncomingTold(
            danger_now="unknown",
            urgent_need="yes",
            urgency="She can stay with us for two nights more.",
            needs=["shelter", "child_protection"],
            why_trafficked="A friend of her mother took her papers and had her beg at the station.",
            agreed_to_be_referred="yes",
            meeting="With us, any afternoon. Somebody of ours stays with her.",
            referring_case_worker="Sviatlana Mialik",
            referring_phone="+375 00 000 00 01",
        ),
    )
    man = Referred(
        person=IncomingPerson(second_name="Kavalenka", first_name="Mikalai", birthdate="1988"),
        contact=IncomingContact(mobile_phone="+375 00 000 00 02", safe_contact="After six."),
        told=IncomingTold(
            danger_now="no",
            urgent_need="no",
            needs=["legal", "documents"],
            why_trafficked="Came back from a building site where he was locked in and not paid.",
            agreed_to_be_referred="yes",
            meeting="He comes to your office himself.",
            referring_case_worker="Hanna Lobach",
        ),
    )
    for username, referred, days in (("partner.children", girl, 1), ("partner", man, 3)):
        due = today + timedelta(days=days)
        send_incoming(referred, office=to, answer_due=due, by=staff[username])


def _go_on(officer: User) -> None:
    """Cases in every stage, risk to be reviewed, visits, tasks, and a closure that waits."""
    today = timezone.localdate()
    way = (Stage.ASSESSMENT, Stage.ASSISTANCE, Stage.REINTEGRATION, Stage.FOLLOW_UP)
    cases = list(Case.objects.filter(owner=officer).order_by("-pk")[:40])
    for number, case in enumerate(cases):
        for stage in way[: number % 5]:
            case = move_case(case, stage, before=stage_of(case), by=officer)
        if stage_of(case) is Stage.FOLLOW_UP:
            for visit in visits_of(Random(SEED + number), case.opened_on, today):
                record_entry(case, ENTRY_KINDS["visit"], visit, by=officer)
        if number < 6:
            level, day = ("low", "medium", "high")[number % 3], today + timedelta(4 * number - 8)
            risk = RiskContent(risk_level=level, review_due=day)
            record_entry(case, ENTRY_KINDS["risk"], risk, by=officer)
            call = TaskContent(cls="narrative", task="Call and ask how the week was")
            until = today + timedelta(3 * number)
            give_task(case, call, due_on=until, assignee=officer, repeats="weekly", by=officer)
    for case in cases[-1:]:
        ask_closure(
            case,
            status=CaseStatus.CLOSED,
            closed_on=today,
            reason="Supported",
            details="Lives on her own and works; the last two visits brought nothing new.",
            explained={check.name: "The project ends." for check in still_open(case)},
            by=officer,
        )


def _plan(staff: dict[str, User]) -> None:
    """Support plans: one not agreed yet, then one agreed, one approved, one changed since, and so on."""
    officer, supervisor = staff["officer"], staff["supervisor"]
    today = timezone.localdate()
    for number, case in enumerate(Case.objects.filter(owner=officer).order_by("-pk")[:12]):
        contents = [
            SupportPlanContent(
                plan_type=plan_type,
                objectives=objectives,
                action_plan=steps,
                responsible=responsible,
                planned_end_date=today + timedelta(days=120),
                progress="not_begun",
            )
            for plan_type, objectives, steps, responsible in texts.GOALS[: 1 + number % 3]
        ]
        goals = [record_entry(case, SUPPORT_PLAN, content, by=officer) for content in contents]
        course = ReintegrationAssistance(
            dimension="economic", type="vocational_training", goal=str(goals[0].pk)
        )
        given = {"status": "planned", "starts_on": today + timedelta(days=20), "by": officer}
        record_assistance(case, content=course, **given)
        if number % 4 == 0:
            continue
        agreed = AgreementContent(
            agreed_on=today, form="written", wants_otherwise=texts.WISHES[number % 3]
        )
        agreement = record_agreement(case, agreed, shown=mark_of(goals), by=officer)
        if number % 4 > 1:
            approve(agreement, revision=agreement.revision, by=supervisor)
        # How far a goal is leaves the agreement standing; another end of it does not.
        later = {"planned_end_date": today + timedelta(days=180)} if number % 4 == 3 else {}
        content = msgspec.structs.replace(contents[0], progress="under_way", **later)
        given = {"before": contents[0], "revision": goals[0].revision, "by": officer}
        change_entry(goals[0], SUPPORT_PLAN, content, **given)


def _oversee(staff: dict[str, User]) -> None:
    """Something approved, and something for the supervisor and the auditor to review."""
    officer, supervisor = staff["officer"], staff["supervisor"]
    cases = Case.objects.filter(owner=officer).order_by("pk")
    records = Assistance.objects.filter(case__owner=officer).order_by("pk")[:20]
    opened = zip(records, door.open_rows(records, by=supervisor), strict=True)
    for row in [row for row, sections in opened if is_payment(row, sections)][:2]:
        approve(row, revision=row.revision, by=supervisor)
    if decoy := cases.first():
        mark_decoy(decoy, by=supervisor)
        door.open_rows([decoy], by=officer)
    export_table(Definition("gender", "", ""), by=staff["analyst"], form="csv")
    look_through_log()


def _write_accounts(password: str) -> None:
    lines = ["Demonstration accounts (made-up people only):"]
    lines += [f"  {username:<20}{name:<24}{role}" for username, name, role, _office in STAFF]
    lines += [f"  password of all of them: {password}", ""]
    path = accounts_file()
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
