"""Opening cases: one by hand, many from a file."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Office, User
from accounts.roles import ROLES
from audit import trail
from audit.verbs import Verb
from cases.access import READ, WRITE, permission
from cases.entries import ENTRY_KINDS, new_entry
from cases.facts import facts_of, search_entry_of, source_of
from cases.models import (
    Case,
    CaseTeamGrant,
    CaseUserGrant,
    Consent,
    Entry,
    GrantReason,
    ImportRun,
    Person,
    ReferenceCounter,
    SearchChange,
    Stage,
)
from cases.services.casework import kinds_of
from cases.services.new_case import NewCase
from core.classes import CONTENT
from core.exceptions import BadInput, NotAllowed, WrongState
from core.rights import Right
from vault.keyring import keyring

ASSIGNMENT_TERM = timedelta(days=3 * 366)  # a grant always ends; an assignment is renewed in time


@dataclass(frozen=True)
class _Opening:
    """What is the same for every case opened together."""

    office: Office
    owner: User
    by: User
    verb: Verb


def register_case(new_case: NewCase, *, by: User) -> Case:
    """Open a case that the acting officer owns, in the officer's office."""
    if not by.has_right(Right.CASE_REGISTER):
        raise NotAllowed(_("Your role does not include registering people."))
    if by.office is None:
        raise WrongState(_("Your account belongs to no office. Ask your administrator for one."))
    return _open([new_case], _Opening(by.office, by, by, Verb.CASE_REGISTERED))[0]


def register_many(
    new_cases: Sequence[NewCase], *, office: Office, owner: User, by: User
) -> list[Case]:
    """Open many cases at once, in one transaction; all of them or none."""
    return _open(new_cases, _Opening(office, owner, by, Verb.CASE_IMPORTED))


def start_import(
    *, file_digest: str, layout: str, rows_total: int, office: Office, owner: User, by: User
) -> ImportRun:
    """The run that brings this file in: the unfinished one of the same file, or a new one."""
    if not by.has_right(Right.CASE_IMPORT):
        raise NotAllowed(_("Your role does not include importing cases."))
    for run in ImportRun.objects.filter(file_digest=file_digest):
        if not run.is_finished:
            if (run.office_id, run.owner_id) != (office.pk, owner.pk):
                raise BadInput(_("This file was begun for another office or owner. Name the same."))
            return run
    run = ImportRun(
        file_digest=file_digest, layout=layout, rows_total=rows_total, office=office, owner=owner
    )
    trail.save(run, verb=Verb.IMPORT_ADVANCED, by=by)
    return run


def register_batch(
    run: ImportRun, new_cases: Sequence[NewCase], *, rows_done: int, by: User
) -> list[Case]:
    """Open one batch of a file and note how far the file has come, in one transaction.

    `rows_done` is the number of rows of the file that are dealt with once this batch is in.
    """
    opening = _Opening(run.office, run.owner, by, Verb.CASE_IMPORTED)
    return _open(new_cases, opening, advance=(run, rows_done))


def _open(
    new_cases: Sequence[NewCase],
    opening: _Opening,
    advance: tuple[ImportRun, int] | None = None,
) -> list[Case]:
    kinds = kinds_of(new.summary.referring_organisation for new in new_cases)
    cases = [_case(new_case, opening, kinds) for new_case in new_cases]
    # Keys first, in a database of their own: a key without its case harms nobody.
    keyring.create(case.pk for case in cases)
    people = [_person(case, new) for case, new in zip(cases, new_cases, strict=True)]
    consents = [_consent(case, new, opening.by) for case, new in zip(cases, new_cases, strict=True)]
    entries = _entries(cases, new_cases, opening.by)
    with transaction.atomic():
        for case, reference in zip(cases, _references(opening.office, len(cases)), strict=True):
            case.reference = reference
        trail.insert_many(cases, verb=opening.verb, by=opening.by)
        trail.insert_many(people, verb=Verb.PERSON_REGISTERED, by=opening.by)
        consents = [consent for consent in consents if consent is not None]
        trail.insert_many(consents, verb=Verb.CONSENT_RECORDED, by=opening.by)
        for kind, rows in entries.items():
            trail.insert_many(rows, verb=ENTRY_KINDS[kind].recorded, by=opening.by)
        user_grants, team_grants = first_grants(
            cases, office=opening.office, owner=opening.owner, by=opening.by
        )
        trail.insert_many(user_grants, verb=Verb.GRANT_GIVEN, by=opening.by)
        trail.insert_many(team_grants, verb=Verb.GRANT_GIVEN, by=opening.by)
        SearchChange.objects.bulk_create(SearchChange(case=case.pk) for case in cases)
        if advance:
            run, run.rows_done = advance
            trail.save(run, verb=Verb.IMPORT_ADVANCED, by=opening.by)
    return cases


def _case(new: NewCase, opening: _Opening, kinds: Mapping[str, str]) -> Case:
    case = Case(
        office=opening.office,
        owner=opening.owner,
        opened_on=new.opened_on or timezone.localdate(),
        stage=Stage.IDENTIFICATION,
        stage_since=new.opened_on or timezone.localdate(),
    )
    facts = facts_of(
        identity=new.identity,
        victim=new.victim,
        opened_on=case.opened_on,
        referral_source=source_of(new.summary.referring_organisation, kinds),
        overrides=new.facts,
    )
    case.put("summary", new.summary)
    case.put("facts", facts)
    more = [number for kind, entry in new.entries for number in ENTRY_KINDS[kind].numbers(entry)]
    case.put("search", search_entry_of(new.identity, new.contact, more))
    return case


def _person(case: Case, new: NewCase) -> Person:
    person = Person(case=case)
    person.put("identity", new.identity)
    person.put("contact", new.contact)
    person.put("victim", new.victim)
    return person


def _consent(case: Case, new: NewCase, by: User) -> Consent | None:
    if new.consent is None:
        return None
    consent = Consent(case=case, recorded_on=case.opened_on, recorded_by=by)
    consent.expires_on = new.consent.expires_on
    consent.put("terms", new.consent)
    return consent


def _entries(
    cases: Sequence[Case], new_cases: Sequence[NewCase], by: User
) -> dict[str, list[Entry]]:
    """The entries of all cases, by kind."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for case, new in zip(cases, new_cases, strict=True):
        for kind, content in new.entries:
            found[kind].append(new_entry(case, ENTRY_KINDS[kind], content, by=by))
    return found


def first_grants(
    cases: Sequence[Case], *, office: Office, owner: User, by: User
) -> tuple[list[CaseUserGrant], list[CaseTeamGrant]]:
    """What comes with the work, not saved yet: the owner reads and writes everything, the office's
    supervisors read what theirs is.
    """
    now = timezone.now()
    common: dict[str, Any] = {
        "granted_by": by,
        "starts": now,
        "ends": now + ASSIGNMENT_TERM,
    }
    to_owner = common | {
        "permission": permission(WRITE),
        "user": owner,
        "classes": sorted(CONTENT),
        "reason": GrantReason.ASSIGNMENT,
    }
    team = common | {
        "permission": permission(READ),
        "group": office.supervisors,
        "classes": sorted(ROLES["supervisor"].classes),
        "reason": GrantReason.SUPERVISION,
    }
    return (
        [CaseUserGrant(content_object=case, **to_owner) for case in cases],
        [CaseTeamGrant(content_object=case, **team) for case in cases],
    )


def _references(office: Office, count: int) -> list[str]:
    """The next references of the office's country this year, as BY-2026-000123."""
    prefix = f"{office.country}-{date.today().year}"
    ReferenceCounter.objects.get_or_create(prefix=prefix)
    counter = ReferenceCounter.objects.select_for_update().get(prefix=prefix)
    first = counter.last + 1
    counter.last += count
    counter.save(update_fields=["last"])
    return [f"{prefix}-{number:06d}" for number in range(first, first + count)]
