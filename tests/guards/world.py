"""Cases, everybody who has to do with them or has not, and a valid request to each address.

What asks every address of a case shares this: the matrix, the replay, what is left of an erased case.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Office, Organisation, User
from accounts.proposals import propose
from accounts.services import (
    join_team,
    make_desk,
    make_office,
    make_organisation,
    make_team,
    open_account,
    suspend_account,
    take_role,
)
from assistance.models import BudgetLine, Cost, Override, Payment, Provider, Referral
from assistance.money import costs
from assistance.money.budgets import set_line
from assistance.plans.agreements import mark_of, record_agreement
from assistance.providers.directory import add_provider
from assistance.referrals.services import new_referral, send_referral
from assistance.sections import (
    AgreementContent,
    CostContent,
    FinancialAssistance,
    PsychologicalAssistance,
    ReferralContent,
    SupportPlanContent,
)
from assistance.services import record_assistance
from audit import review, trail
from audit.context import RequestContext, serving
from audit.models import EventCase, ReviewItem
from audit.verbs import Verb
from cases import door
from cases.access import WRITE, permission
from cases.entries import ENTRY_KINDS
from cases.models import BrokenGlass, Case, CaseUserGrant, IncomingReferral, Transfer
from cases.saved_lists import TABLES, save_list
from cases.search.live import live_index
from cases.sections import (
    Contact,
    Identity,
    IncomingPerson,
    IncomingTold,
    TaskContent,
    TraffickingEventContent,
    VictimContext,
)
from cases.selectors import victim_of
from cases.services.casework import record_entry
from cases.services.erasure import ask_for_erasure
from cases.services.exclusions import exclude
from cases.services.exports import ask_for_export
from cases.services.glass import break_glass
from cases.services.grants import give_grant, revoke_grant
from cases.services.incoming import Referred, take_down
from cases.services.intake import register_case
from cases.services.linking import link_cases
from cases.services.merging import merge_cases
from cases.services.new_case import NewCase
from cases.services.tasks import give_task
from cases.services.transfers import ask_transfer
from cases.services.workbooks import ask_for_workbook
from cases.trail_finding import TrailFilter
from reporting.models import Verification
from reporting.releases.services import propose_release
from reporting.services import take_snapshot
from reporting.tables import Definition
from reporting.views import FILES
from tests.cases.closed import ask_closure
from tests.cases.made_files import a_file
from tests.conftest import PASSWORD, SENTINELS
from tests.jobs.made_jobs import a_job
from tests.reporting.releases.made import published_release
from vault.keyring import keyring

RECIPIENT = "age1n7caq5tqnns3f7cxxth6fdzhz48lvl2vz276uqh9lzg7w2wg0qds5vztwu"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
Arguments = tuple[Any, ...]
HOUSE, ELSEWHERE = "another office", "another organisation"
WORDS = {"identity": "Чужаніна", "contact": "+375440009988", "narrative": "Carried bricks in Orsha"}


@dataclass(frozen=True)
class Around:
    """A case, what can be asked about it, and what its own ids are."""

    case: Case
    officer: User
    places: dict[str, tuple[Arguments, dict[str, Any]]]  # address → its arguments, what is posted
    ids: dict[str, str]
    glass: BrokenGlass


# --- A case and what is around it -----------------------------------------------------
def today() -> str:
    return timezone.localdate().isoformat()


def surround(
    case: Case,
    by: User,
    person: Callable[..., User],
    *,
    suffix: str = "",
    word: str,
    to: Office | None = None,
) -> Around:
    """Everything that can be part of a case, with colleagues of its office named with this suffix.

    It shall go to the office `to`, or else to one more of the same organisation.

    `word` stands wherever something is sealed.
    """

    def colleague(name: str, *roles: str) -> User:
        return person(f"{name}{suffix}", *roles, at=case.office)

    taras, nina = colleague("taras", "case_officer"), colleague("nina", "case_officer")
    row = record_assistance(
        case,
        content=PsychologicalAssistance(method="psychotherapy", notes=word),
        status="delivered",
        starts_on=timezone.localdate(),
        by=by,
    )
    ends = timezone.now() + timedelta(hours=6)
    given = {"classes": ["legal"], "may_write": False, "ends": ends, "reason": "review"}
    grant = give_grant(case, to=taras, by=by, **given)
    ask_for_erasure(case, reason="person_asked", note=word, by=by)
    picture = a_file(case, by, cls="psychological", description=word)
    payment = record_assistance(
        case,
        content=FinancialAssistance(amount=Decimal(40), currency="BYN"),
        status="delivered",
        starts_on=timezone.localdate(),
        by=by,
    )
    glass = break_glass(case, ground="danger", note=word, classes=["identity"], by=nina)
    notice = glass.notices.get(to=by)
    twin, sister = (
        register_case(NewCase(identity=Identity(second_name=name)), by=by)
        for name in ("Twin", "Other")
    )
    maryna = colleague("maryna", "supervisor")
    merge_cases(twin, case, reason=word, by=maryna)
    out = {"person": colleague("olga", "medical"), "ground": "named", "note": "", "by": by}
    excluded = exclude(case, **out)
    exclude(sister, **out)
    exporting = {"reason": "court", "note": word, "wanted": TrailFilter()}
    with serving(RequestContext("request", "elsewhere")):
        ask_for_export(case, **exporting, by=maryna)
    cost, to_pay, paid = _costs(case, by, maryna, word)
    going = {"purpose": "ourselves", "recipient": RECIPIENT, "note": "The office moves"}
    with serving(RequestContext("request", "elsewhere")):
        workbook = ask_for_workbook([case], **going, by=colleague("nastassia", "supervisor"))
    made, waiting = a_job(by, b"made", kept_for=timedelta(days=99)), a_job(by)
    happened = TraffickingEventContent(event_type="Transit", event_description=word)
    entry = record_entry(case, ENTRY_KINDS["event"], happened, by=by)
    goal = SupportPlanContent(plan_type="Health", objectives=word)
    plan = [record_entry(case, ENTRY_KINDS["plan"], goal, by=by)]
    agreed = {"agreed_on": today(), "form": "written", "wants_otherwise": word}
    content = AgreementContent(form="written", wants_otherwise=word)
    agreement = record_agreement(case, content, shown=mark_of(plan), by=by)
    told = TaskContent(cls="narrative", task=word)
    task = give_task(case, told, due_on=timezone.localdate(), assignee=by, by=by)
    link_cases(case, sister, link="family", remarks=word, by=by)
    [sections] = door.open_rows([victim_of(case)], by=by)
    link = UUID(sections["links"].links[-1].key)
    referral = _refer(case, by, person, suffix=suffix, word=word)
    unagreed = _ask_without_consent(case, by, referral.to, word)
    transfer = _transfer(case, by, to or _next_office(case, person, suffix), word)
    declining, accepting, registering = (_take_down(by) for _number in range(3))
    item, event = _put_up_for_review(by), EventCase.objects.filter(case=case.pk).first().seq
    saved = save_list("Mine", [("mine", "1"), ("sort", "changed")], by=by)
    saved_table = save_list("Mine", [("table", "year.gender")], page=TABLES, by=maryna)
    reference, at_case = case.reference, (case.reference,)
    until = (timezone.localdate() + timedelta(days=30)).isoformat()
    consent = {"consented": "yes", "recorded_on": today()}
    helped = {"kind": "psychological", "status": "delivered", "starts_on": today()}
    helped |= {"method": "psychotherapy", "revision": "1"}
    excluding = {"person": str(colleague("petr", "legal").pk), "ground": "relative", "note": "Aunt"}
    sent = SimpleUploadedFile("a.txt", b"Told")
    closure = ask_closure(case, reason=word, closed_on=timezone.localdate(), by=by)
    ending = {"status": "Closed", "closed_on": today(), "reason": "Other", "done_documents": "on"}
    ending |= {
        "explain_tasks": "Nobody calls",
        "explain_referrals": "They go on",
        "explain_assistance": "It is paid later",
    }
    sharing = {"to": str(taras.pk), "classes": ["identity"], "until": until, "reason": "review"}
    # The person is changed first, and the case with them.
    person_at, case_at = victim_of(case).revision, Case.objects.get(pk=case.pk).revision
    places = {
        "cases:add_file": (at_case, {"cls": "psychological", "file": sent}),
        "cases:file": ((reference, picture.pk), {}),
        "cases:download": ((reference, picture.pk), {}),
        "cases:preview": ((reference, picture.pk), {}),
        "cases:scan_file": ((reference, picture.pk), {}),
        "cases:remove_file": ((reference, picture.pk), {"reason": "Twice", "revision": "1"}),
        "cases:approve": (
            at_case,
            {"type": "cases.Closure", "row": str(closure.pk), "revision": "1"},
        ),
        "cases:send_back": ((reference, closure.pk), {"note": "Not yet"}),
        "cases:decoys": ((), {"reference": reference}),
        "cases:close": (at_case, ending | {"details": word}),
        "cases:move": (at_case, {"stage": "assessment", "before": "identification"}),
        "cases:reopen": (at_case, {"note": "Back", "stage": "assistance"}),
        "cases:hold": (at_case, {"note": "Court", "act": "put"}),
        "cases:erase": (
            at_case,
            {"reason": "person_asked", "note": word, "reference": reference},
        ),
        "cases:decide": (at_case, {"decision": "decline", "note": "Kept"}),
        "cases:certificate": (at_case, {}),
        "cases:certificate_pdf": (at_case, {}),
        "cases:hand_over_all": (
            (),
            {"officer": str(by.pk), "person": str(nina.pk), "note": "Leaves"},
        ),
        "cases:hand_over": (at_case, {"person": str(nina.pk), "note": "Leaves"}),
        "cases:transfer": (
            at_case,
            {"office": str(transfer.to_id), "note": word, "person_agrees": "yes"},
        ),
        "cases:withdraw_transfer": ((reference, transfer.pk), {}),
        "cases:offer": ((transfer.pk,), {"act": "decline", "reason": "No room"}),
        "cases:incoming": ((), {}),
        "cases:add_incoming": (
            (),
            {"danger_now": "no", "urgent_need": "no", "agreed_to_be_referred": "yes"}
            | {"why_trafficked": "Told", "received_on": today(), "answer_due": until}
            | {"office": str(case.office_id)},
        ),
        "cases:incoming_one": (
            (declining.pk,),
            {"act": "decline", "declined_because": "No bed", "advised": "Ask elsewhere"},
        ),
        "cases:accept_incoming": ((accepting.pk,), {"case": reference, "arranged": "Tomorrow"}),
        "cases:register_incoming": (
            (registering.pk,),
            {"second_name": "Новая"} | {f"consent-{k}": v for k, v in consent.items()},
        ),
        "cases:conflicts": (at_case, excluding),
        "cases:end_conflict": ((reference, excluded.pk), {"note": "Mistaken"}),
        "cases:break_glass": (
            at_case,
            {"ground": "danger", "note": word, "classes": ["identity"]},
        ),
        "cases:end_glass": (at_case, {}),
        "cases:note_seen": ((notice.pk,), {}),
        "cases:search": ((), {"q": case.reference}),
        "cases:register": (
            (),
            {"second_name": "Новая"} | {f"consent-{k}": v for k, v in consent.items()},
        ),
        "cases:person": (at_case, {"second_name": "Новая", "revision": str(person_at)}),
        "cases:victim": (at_case, {"account": "Told", "revision": str(person_at + 1)}),
        "cases:link": (at_case, {"other": sister.reference, "link": "same_event"}),
        "cases:merge": (at_case, {"other": sister.reference, "reason": word, "confirmed": "1"}),
        "cases:undo_merge": ((twin.reference,), {"note": "Two sisters"}),
        "cases:unlink": ((reference, link), {"note": "Mistaken"}),
        "cases:summary": (at_case, {"summary": word, "revision": str(case_at + 1)}),
        "cases:panel": ((reference, "event"), {}),
        "cases:part": ((reference, "event"), {}),
        "cases:timeline": (at_case, {}),
        "cases:add_entry": (
            (reference, "comment"),
            {"cls": "psychological", "comment": word},
        ),
        "cases:add_task": (
            at_case,
            {"cls": "psychological", "task": word, "due_on": until, "person": str(by.pk)},
        ),
        "cases:end_task": ((reference, task.pk), {"act": "done"}),
        "cases:entry": (
            (reference, "event", entry.pk),
            {"event_type": "Transit", "event_description": word, "revision": "1"},
        ),
        "cases:consent": (at_case, consent),
        "cases:consent_form": (("en",), {}),
        "cases:sharing": (at_case, sharing),
        "cases:revoke": ((reference, grant.pk), {}),
        "cases:draft": ((), {"draft_act": "drop", "draft_path": f"/cases/{reference}/person/"}),
        "cases:save_list": ((), {"name": "New", "stage": "identification", "sort": "changed"}),
        "cases:saved_list": ((saved.pk,), {"act": "first"}),
        **{f"reporting:{form}": (("gender",), {}) for form in ("kept", *FILES)},
        "reporting:kept_of": (("gender", 1), {}),
        "reporting:save_table": ((), {"table": "year.gender", "name": "New"}),
        "reporting:saved_table": ((saved_table.pk,), {}),
        "cases:detail": (at_case, {}),
        "cases:trail": (at_case, {}),
        "cases:proof": ((reference, event), {}),
        "cases:court": (at_case, {"reason": "court", "note": word}),
        "cases:export_request": (at_case, {"act": "decline"}),
        "cases:paper_summary": (
            at_case,
            {"language": "en", "reason": "meeting", "note": word, "classes": ["identity"]},
        ),
        "cases:workbooks": ((), going | {"references": reference}),
        "cases:workbook": ((workbook.pk,), {"act": "decline"}),
        "cases:import": ((), {"file": sent, "person": str(by.pk)}),
        "jobs:job": ((made.pk,), {}),
        "jobs:state": ((made.pk,), {}),
        "jobs:cancel": ((waiting.pk,), {}),
        "jobs:result": ((made.pk,), {}),
        "cases:who": (at_case, {}),
        "assistance:record": (at_case, helped),
        "assistance:change": ((reference, row.pk), helped),
        "assistance:session": ((reference, row.pk), {"held_on": today(), "note": word}),
        "assistance:agree": (at_case, agreed | {"shown": mark_of(plan)}),
        "assistance:refer": (
            at_case,
            {"service": "shelter", "to": str(referral.to_id), "outgoing_referral_details": word}
            | {"classes": ["contact", "identity"], "answer_due": until, "until": until},
        ),
        "assistance:certificate": (at_case, {"language": "en"}),
        "assistance:plan_paper": (at_case, {"language": "en"}),
        "assistance:letter": ((reference, referral.pk), {"language": "en"}),
        "assistance:referral": (
            (reference, referral.pk),
            {"act": "withdrawn", "said": word, "revision": "1"},
        ),
        "assistance:override": ((reference, unagreed.pk), {"act": "decline", "note": word}),
        "assistance:plan_cost": ((reference, row.pk), {"planned": "7", "currency": "BYN"}),
        "assistance:change_cost": (
            (reference, cost.pk),
            {"planned": "8", "currency": "BYN", "revision": "1"},
        ),
        "assistance:pay": (
            (reference, to_pay.pk),
            {"amount": "5", "paid_on": today(), "receipt": "R-2", "revision": "1"},
        ),
        "assistance:reverse": ((reference, paid.pk), {"reason": "Twice"}),
        "audit:officer": ((by.pk,), {}),
        "audit:review_item": ((item,), {"act": "sign_off", "note": "Agreed", "revision": "1"}),
    }
    ids = {"reference": reference, "case": case.pk, "file": picture.pk, "record": row.pk}
    ids |= {"payment": payment.pk, "grant": grant.pk, "exclusion": excluded.pk, "event": event}
    ids |= {"notice": notice.pk, "item": item, "entry": entry.pk, "link": link}
    ids |= {"task": task.pk, "twin": twin.reference}
    ids |= {"goal": plan[0].pk, "agreement": agreement.pk}
    ids |= {"referral": referral.pk, "closure": closure.pk, "unagreed": unagreed.pk}
    ids |= {"transfer": transfer.pk, "declining": declining.pk}
    ids |= {"accepting": accepting.pk, "registering": registering.pk}
    ids |= {"job": made.pk, "waiting": waiting.pk}
    ids |= {"workbook": workbook.pk, "cost": cost.pk, "to_pay": to_pay.pk, "paid": paid.pk}
    return Around(case, by, places, {name: str(value) for name, value in ids.items()}, glass)


def _refer(
    case: Case, by: User, person: Callable[..., User], *, suffix: str, word: str
) -> Referral:
    """A referral for identity papers, to the desk of a partner organisation."""
    refuge = make_organisation(name=f"Refuge{suffix}", kind="NGO", is_partner=True, by=None)
    place = {"name": "Refuge", "country": "BY", "organisation": refuge, "by": None}
    at = make_office(code=f"BY-REF{suffix}", **place)
    desk = make_desk(refuge, by=None)
    join_team(user=person(f"halina{suffix}", "partner_officer", at=at), team=desk, by=None)
    refuge.refresh_from_db()
    day = timezone.localdate()
    return send_referral(
        case,
        to=refuge,
        content=ReferralContent(service="documents", outgoing_referral_details=word),
        classes=["identity", "contact"],
        until=day + timedelta(days=9),
        answer_due=day,
        by=by,
    )


def _next_office(case: Case, person: Callable[..., User], suffix: str) -> Office:
    """One more office of the organisation, with somebody who decides there and an officer."""
    where = {"country": "BY", "organisation": case.office.organisation, "by": None}
    office = make_office(code=f"BY-NXT{suffix}", name=f"Next{suffix}", **where)
    person(f"next_head{suffix}", "supervisor", at=office)
    person(f"next_officer{suffix}", "case_officer", at=office)
    return office


def _transfer(case: Case, by: User, to: Office, word: str) -> Transfer:
    return ask_transfer(case, to=to, note=word, person_agrees=True, by=by)


def _take_down(by: User) -> IncomingReferral:
    """Somebody who is referred to the office, of whom little is told."""
    referred = Referred(
        person=IncomingPerson(first_name="Zzyzx"), told=IncomingTold(why_trafficked="Told")
    )
    days = {"received_on": timezone.localdate(), "answer_due": timezone.localdate()}
    return take_down(referred, organisation=None, **days, by=by)


def _ask_without_consent(case: Case, by: User, to: Organisation, word: str) -> Referral:
    """A referral that waits for a second person, from before the person agreed."""
    content = ReferralContent(service="documents", outgoing_referral_details=word)
    row = new_referral(case, to, content, timezone.localdate(), by=by)
    row.status = "asked"
    trail.save(row, verb=Verb.REFERRAL_PREPARED, by=by)
    asked = Override(case=case, referral=row, ground="unable", asked_by=by, classes=["identity"])
    asked.asked_as, asked.until = "case_officer", timezone.localdate() + timedelta(days=9)
    trail.save(asked, verb=Verb.OVERRIDE_ASKED, by=by, reason="unable", details={"note": word})
    return row


def _costs(case: Case, by: User, supervisor: User, word: str) -> tuple[Cost, Cost, Payment]:
    """A cost, one that is to be paid, and the payment of a third."""
    line = make_line(supervisor, case.reference)
    content = CostContent(planned=Decimal(5), currency="BYN", line=str(line.pk), purpose=word)
    cost, to_pay, third = (costs.plan_cost(case, content, by=by) for _number in range(3))
    paying = {"amount": Decimal(5), "paid_on": timezone.localdate(), "receipt": "R-1"}
    return cost, to_pay, costs.pay(third, **paying, revision=1, by=by)


def make_line(by: User, code: str) -> BudgetLine:
    """A budget line that runs now."""
    running = {"begins_on": timezone.localdate() - timedelta(days=9)}
    running |= {"ends_on": timezone.localdate() + timedelta(days=90), "currency": "BYN"}
    given = {"donor": "Donor", "project": "P-1", "amount_cents": 99_900, "above_cents": 9_900}
    return set_line(BudgetLine(code=code, **running, **given), by=by)


def budgets_around(case: Case, person: Callable[..., User]) -> dict[str, tuple[Arguments, dict]]:
    """The addresses of budgets, with what is posted there."""
    line = make_line(person("anton", "supervisor", at=case.office), "EU-1")
    typed = {"donor": "Donor", "project": "P-1", "currency": "BYN", "amount": "10"}
    typed |= {"begins_on": today(), "ends_on": today(), "approval_above": "5"}
    return {
        "offers:offer": ((), {"kinds": ["medical", "legal"], "revision": "0"}),
        "budgets:new": ((), typed | {"code": "EU-2"}),
        "budgets:change": ((line.pk,), typed | {"code": "EU-3", "revision": "1"}),
    }


def providers_around(case: Case, person: Callable[..., User]) -> dict[str, tuple[Arguments, dict]]:
    """The addresses of the directory of providers, with what is posted there."""
    typed = {"kind": "NGO", "services": "shelter", "region": "Brest"}
    row = Provider(name="Stork", kind="NGO", services=["shelter"], region="Brest")
    add_provider(row, by=person("lidia", "supervisor", at=case.office))
    return {
        "providers:list": ((), {"text": "Stork"}),
        "providers:new": ((), typed | {"name": "Wren"}),
        "providers:provider": ((row.pk,), {}),
        "providers:change": ((row.pk,), typed | {"name": "Stork 2", "revision": "1"}),
        "providers:places": ((row.pk,), {"places_free": "3"}),
    }


def _put_up_for_review(by: User) -> UUID:
    trail.record(Verb.STATISTICS_EXPORTED, by=by)
    review.look_through_log()
    return ReviewItem.objects.get(officer=by.pk, rule="export").pk


def statistics_around(person: Callable[..., User]) -> dict[str, tuple[Arguments, dict]]:
    """The addresses of exact tables, with what is posted there."""
    asked = Verification(table=asdict(Definition("gender", level=0)))
    asked.asked_by, asked.asked_as = person("olga_an", "analyst", at=None), "analyst"
    trail.save(asked, verb=Verb.VERIFICATION_ASKED, by=asked.asked_by)
    return {
        "verification:list": ((), {"rows": "gender", "note": "The donor counts otherwise"}),
        "verification:one": ((asked.pk,), {"act": "decline"}),
    }


def releases_around(case: Case, person: Callable[..., User]) -> dict[str, tuple[Arguments, dict]]:
    """The addresses of releases, with what is posted there: one to decide on, one that is published."""
    analyst = person("lena", "analyst", at=case.office)
    typed = {"kind": "dp_tables", "year": "2021", "title": "Of 2021", "rho": "1/10"}
    tables = {"tables": [["gender"]], "rho": Fraction(1, 10)}
    open_one = propose_release("dp_tables", typed | tables, by=analyst)
    director = person("dana", "director", at=case.office)
    done = published_release(proposed_by=analyst, approved_by=director, year=2020)
    return {
        "reporting:release_propose": ((), typed | {"tables": "Sex"}),
        "reporting:release": ((open_one.pk,), {"act": "decline"}),
        "reporting:release_file": ((done.pk,), {}),
    }


def accounts_around(case: Case, person: Callable[..., User]) -> dict[str, tuple[Arguments, dict]]:
    """The addresses of accounts and of sign-in, with what is posted there."""
    unknown = open_account(username="olena", display_name="Olena", office=None, by=None)
    newcomer, member = person("vera"), person("taras_of_team", "case_officer")
    night, day = (make_team(name=name, by=None) for name in ("Night", "Day"))
    join_team(user=member, team=night, by=None)
    joining = {"subject": newcomer, "parameter": str(day.pk), "note": "Shifts"}
    asked = propose("join_team", **joining, by=person("sviatlana", "administrator", at=None))
    house = case.office.organisation_id
    made = {"name": "Homel", "code": "BY-HOM", "country": "BY", "organisation": str(house)}
    return {
        "keys": ((), {"kind": "new_kek"}),
        "cases:retention": ((), {"adult": "10", "child": "10", "unknown": "9"}),
        "people:tokens": ((), {"act": "make", "name": "Dashboard", "days": "90"}),
        "people:new": ((), {"username": "zina", "display_name": "Zina"}),
        "people:decide": ((asked.pk,), {"act": "approve"}),
        "people:teams": ((), {"name": "Evening"}),
        "people:team": ((night.pk,), {"name": "Dusk"}),
        "people:new_office": ((), made),
        "people:office": ((case.office.pk,), {"name": "Minsk 2"}),
        "people:new_organisation": ((), {"name": "Shelter", "kind": "NGO"}),
        "people:organisation": ((house,), {"name": "Our mission 2"}),
        "people:desk": ((house,), {}),
        "people:person": ((newcomer.pk,), {}),
        "people:change": ((newcomer.pk,), {"display_name": "Vera B"}),
        "people:link": ((unknown.pk,), {}),
        "people:unlink": ((newcomer.pk,), {}),
        "people:suspend": ((newcomer.pk,), {}),
        "people:ask": ((newcomer.pk, "give_role"), {"parameter": "legal", "note": "Needed"}),
        "people:leave": ((member.pk, night.pk), {}),
        "account_display": ((), {"language": "en"}),
        "core:topic": (("access",), {}),
        "account_sign_on_accept": (("no-such-token",), {}),
        "account_password_link": (("no-such-token",), {}),
        "mfa_edit_webauthn": ((1,), {}),
        "mfa_remove_webauthn": ((1,), {}),
    }


# --- Everybody ------------------------------------------------------------------------
@pytest.fixture
def places(case, alena, iryna, person, own_files, settings) -> dict[str, tuple[Arguments, dict]]:
    """Address → its arguments and what is posted there, about Alena's case."""
    settings.DATA_DIR = own_files
    person("kira", "case_officer", at=iryna.office)
    around = surround(case, alena, person, word=SENTINELS["narrative"], to=iryna.office)
    of_office = budgets_around(case, person) | providers_around(case, person)
    of_office |= releases_around(case, person) | statistics_around(person)
    return around.places | accounts_around(case, person) | of_office


@pytest.fixture
def world(
    case, places, person, share, outsider, time_machine,
    alena, ihar, volha, pavel, iryna, rita, yury, viktar, zoya, daria, kastus, ingrid,
) -> dict[str, User | None]:  # fmt: skip
    """Everybody, by the name of their column, a day after the case was begun."""
    take_snapshot(by=yury)
    team = make_team(name="Nurses", by=None)
    own = {"alena": alena, "ihar": ihar, "volha": volha, "pavel": pavel, "iryna": iryna}
    own |= {"rita": rita, "yury": yury, "viktar": viktar, "zoya": zoya, "daria": daria}
    own |= {"kastus": kastus, "ingrid": ingrid}
    own |= dict.fromkeys(("half", "bare", "suspended", "stale"), alena)
    own |= {name: person(name, "medical") for name in ("member", "excluded")}
    own |= {name: person(name, "psychological") for name in ("expired", "revoked")}
    own |= {name: person(name, "case_officer") for name in ("roleless", "breaker")}
    own |= {"reader": person("reader", "legal"), "cashier": person("cashier", "financial")}
    own |= {"partner": person("partner", "partner_officer"), "outsider": outsider}
    own["keeper"] = person("keeper", "partner_admin", at=_office_of_a_partner())
    for name in ("member", "excluded"):
        join_team(user=own[name], team=team, by=None)
    share(team, "medical", "identity")
    sister = Case.objects.get(reference=places["cases:merge"][1]["other"])
    for one in (case, sister):
        exclude(one, person=own["excluded"], ground="relative", note="", by=alena)
    share(volha, "psychological", "identity")
    share(own["reader"], "legal", "identity", may_write=False)
    share(own["expired"], "psychological", "identity", days=0.5)
    share(own["partner"], "legal", "contact")
    share(own["roleless"], "identity", "narrative")
    take_role(user=own["roleless"], role="case_officer", by=None)
    revoke_grant(share(own["revoked"], "psychological", "identity"), by=alena)
    _grant_by_mistake(case, outsider, alena)
    time_machine.move_to(timezone.now() + timedelta(days=1))
    note = SENTINELS["narrative"]
    break_glass(case, ground="danger", note=note, classes=["identity"], by=own["breaker"])
    return own | {"nobody": None}


def _office_of_a_partner() -> Any:
    haven = make_organisation(name="Haven", kind="NGO", is_partner=True, by=None)
    return make_office(code="BY-HAV", name="Haven", country="BY", organisation=haven, by=None)


def _grant_by_mistake(case: Case, to: User, by: User) -> None:
    """An ordinary grant across organisations, which no service gives."""
    classes = ["identity", "contact", "narrative"]
    now = timezone.now()
    grant = CaseUserGrant(
        content_object=case,
        user=to,
        permission=permission(WRITE),
        classes=classes,
        reason="treatment",
        granted_by=by,
        starts=now,
        ends=now + timedelta(days=7),
    )
    trail.save(grant, verb=Verb.GRANT_GIVEN, by=None)


# --- Cases of three offices -----------------------------------------------------------
@dataclass
class Side:
    """A case with those who work on it."""

    around: Around
    people: dict[str, User]
    words: dict[str, str]
    browsers: dict[str, Client] = field(default_factory=dict)


@pytest.fixture
def sides(
    case, alena, pavel, iryna, viktar, yury, outsider, person, new_case, own_files, settings,
    time_machine, other_office,
) -> dict[str, Side]:  # fmt: skip
    """Our side, an officer of another office, and one of another organisation. The clock stands."""
    settings.DATA_DIR = own_files
    time_machine.move_to(timezone.now(), tick=False)
    people = {"officer": alena, "supervisor": pavel, "administrator": viktar}
    own = surround(case, alena, person, word=SENTINELS["narrative"])
    found = {"own": Side(own, people, SENTINELS)}
    bahdan = person("bahdan", "case_officer", at=other_office)
    head = person("head", "supervisor", at=outsider.office)
    for kind, officer, supervisor in ((HOUSE, bahdan, iryna), (ELSEWHERE, outsider, head)):
        other = register_case(_other(new_case), by=officer)
        around = surround(other, officer, person, suffix=kind[-4:], word=WORDS["narrative"])
        found[kind] = Side(around, {"officer": officer, "supervisor": supervisor}, WORDS)
    for side in found.values():
        side.people["breaker"] = side.around.glass.grant.user
    take_snapshot(by=yury)
    return found


def _other(like: NewCase) -> NewCase:
    return replace(
        like,
        identity=Identity(first_name="Вольга", second_name=WORDS["identity"]),
        contact=Contact(mobile_phone=WORDS["contact"]),
        victim=VictimContext(types_of_exploitation=["Begging"], account=WORDS["narrative"]),
    )


def sign_in(side: Side, people: Iterable[str], client_for) -> None:
    """These people of this side, who have just confirmed to be the ones."""
    for who in people:
        browser = client_for(User.objects.get(pk=side.people[who].pk))
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        side.browsers[who] = browser


# --- Asking ---------------------------------------------------------------------------
def browser_of(who: str, user: User | None, client_for: Callable[..., Client]) -> Client:
    """A browser of this column's person, who signed in just now, or as the column says."""
    if user is None:
        return Client()
    if who == "half":
        TOTP.activate(user, SECRET)
    if who in ("half", "bare"):
        browser = Client()
        typed = {"login": user.username, "password": PASSWORD}
        browser.post(reverse("account_login"), typed)
        return browser
    browser = client_for(user, ago=600 if who == "stale" else 0)
    if who == "suspended":
        suspend_account(user, by=None)
    return browser


def ask(browser: Client, method: str, url: str, data: dict[str, Any]) -> Any:
    """What a request is answered. A file is sent from its beginning each time."""
    for value in data.values():
        if hasattr(value, "seek"):
            value.seek(0)
    return browser.post(url, data) if method == "POST" else browser.generic(method, url)


# --- Again and again ------------------------------------------------------------------
@contextmanager
def undone(files: Path) -> Iterator[None]:
    """What is done within is taken back: both databases, the files, what this process keeps of them.

    Commits within run what waits for them, as in a test (tests/conftest.py).
    """
    kept = files.with_name(f"{files.name}-kept")
    shutil.copytree(files, kept)
    with ExitStack() as blocks:
        for alias in connections:
            block = transaction.atomic(using=alias)
            block._from_testcase = True
            blocks.enter_context(block)
        try:
            yield
        finally:
            for alias in connections:
                transaction.set_rollback(True, using=alias)
    shutil.rmtree(files)
    kept.rename(files)
    forget()


def forget() -> None:
    """Keys and names that were learnt."""
    keyring.forget()
    keyring.unlock()
    live_index.forget()
