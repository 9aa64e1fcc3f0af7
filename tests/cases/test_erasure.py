"""Erasure: who decides, what is gone afterwards, and what is done when something is in the way."""

import base64
import io
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import give_role, take_role
from assistance.models import Assistance
from assistance.selectors import kinds_by_case
from audit import signing, trail, verifier
from audit.models import Event
from audit.verbs import Verb
from cases import door, keeping, ledger, storage
from cases.access import principals_of
from cases.models import Case, ErasureReason, ErasureRequest, Person
from cases.models.attachment import file_place
from cases.search.live import live_index
from cases.sections import ConsentTerms
from cases.selectors import get_case_for, victim_of
from cases.services import casework, erasure, grants
from cases.services.consents import record_consent
from cases.services.exclusions import exclude
from cases.services.intake import register_case
from cases.services.renewal import renew_case, sealed_models
from core.exceptions import BadInput, Erased, NotAllowed, NotFound, WrongState
from tests.cases.conftest import rename
from tests.cases.made_files import a_file
from tests.guards import log
from vault import sealing
from vault.files import Reader
from vault.keyring import Keyring, NoKey, StillInFile, keyring
from vault.models import DataKey

pytestmark = pytest.mark.django_db

ASKING = {"reason": "person_asked", "note": "Ганна пра гэта папрасіла"}


@pytest.fixture(autouse=True)
def places(settings, own_files: Path, tmp_path: Path) -> list[Path]:
    """The list of erasures of this test alone, here and beside its backups; and its own files."""
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path / "data", tmp_path / "backups"
    for folder in (settings.DATA_DIR, settings.BACKUP_DIR):
        folder.mkdir()
    return ledger.places()


@pytest.fixture
def asked(case, alena) -> ErasureRequest:
    """Alena asks that her case be erased."""
    return erasure.ask_for_erasure(case, **ASKING, by=alena)


@pytest.fixture
def erase(alena, pavel):
    """Alena asks, Pavel agrees."""

    def run(case: Case) -> ErasureRequest:
        asked = erasure.ask_for_erasure(case, **ASKING, by=alena)
        return erasure.approve_erasure(asked, note="Згодзен", by=pavel)

    return run


# --- Two people -----------------------------------------------------------------------
@pytest.mark.parametrize("who", ["ihar", "iryna", "volha", "rita", "yury", "viktar", "zoya"])
def test_a_stranger_neither_asks_nor_decides(case, asked, share, request, who):
    user = request.getfixturevalue(who)
    if who == "volha":
        share(user, "psychological", "identity")
    with pytest.raises(NotAllowed):
        erasure.ask_for_erasure(case, **ASKING, by=user)
    for decide in (erasure.approve_erasure, erasure.decline_erasure):
        with pytest.raises(NotAllowed):
            decide(asked, note="?", by=user)
    assert keyring.ids(case.pk)


def test_an_officer_asks_and_does_not_decide(asked, alena):
    with pytest.raises(NotAllowed):
        erasure.approve_erasure(asked, note="?", by=alena)


def test_who_asked_does_not_decide_whatever_the_role(case, alena, pavel):
    give_role(user=alena, role="supervisor", by=None)
    for user in (alena, pavel):
        asked = erasure.ask_for_erasure(case, **ASKING, by=user)
        for decide in (erasure.approve_erasure, erasure.decline_erasure):
            with pytest.raises(NotAllowed, match="somebody else"):
                decide(asked, note="?", by=user)
        other = pavel if user is alena else alena
        erasure.decline_erasure(asked, note="Not yet", by=other)


def test_the_database_refuses_one_person_for_both(asked, alena):
    asked.decided_by, asked.decided_on = alena, timezone.localdate()
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(asked, verb=Verb.ERASURE_APPROVED, by=alena)


def test_the_database_refuses_two_requests_at_once(asked, case, pavel):
    second = ErasureRequest(
        case=case, reason="mistake", asked_by=pavel, asked_as="supervisor", asked_on=date.today()
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        trail.save(second, verb=Verb.ERASURE_ASKED, by=pavel)


def test_one_asks_at_a_time(asked, case, pavel):
    with pytest.raises(WrongState, match="already"):
        erasure.ask_for_erasure(case, **ASKING, by=pavel)


@pytest.mark.parametrize("reason", ["", "Person asked", "other"])
def test_the_reason_is_a_code(case, alena, reason):
    with pytest.raises(BadInput):
        erasure.ask_for_erasure(case, reason=reason, note="?", by=alena)


def test_every_reason_but_time_goes_for_an_open_case(case, alena, pavel):
    for reason in set(ErasureReason) - {ErasureReason.RETENTION_OVER}:
        asked = erasure.ask_for_erasure(case, reason=reason, note="?", by=alena)
        erasure.decline_erasure(asked, note="?", by=pavel)


def test_a_declined_case_stays_and_can_be_asked_for_again(case, asked, alena, pavel):
    declined = erasure.decline_erasure(asked, note="Суд яшчэ ідзе", by=pavel)
    assert (declined.state, declined.decided_by) == ("declined", pavel)
    assert door.open_rows([victim_of(case)], by=alena)[0]
    erasure.ask_for_erasure(case, **ASKING, by=alena)


def test_it_is_decided_once(asked, pavel, person):
    other = person("other", "supervisor")
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    for decide in (erasure.approve_erasure, erasure.decline_erasure):
        with pytest.raises(WrongState, match="decided"):
            decide(asked, note="Yes", by=other)
    erased = [event for event in log.since(0) if event.verb == Verb.CASE_ERASED]
    assert len(erased) == 1


@pytest.mark.parametrize("how", ["role", "account", "grant"])
def test_who_may_not_ask_any_more_has_not_asked(case, alena, pavel, person, how):
    other = person("other", "supervisor")
    asked = erasure.ask_for_erasure(case, **ASKING, by=other)
    if how == "role":
        take_role(user=other, role="supervisor", by=None)
    elif how == "account":
        other.is_active = False
        other.save()
    else:
        exclude(case, person=other, ground="relative", note="", by=alena)
    with pytest.raises(WrongState, match="any more"):
        erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert keyring.ids(case.pk)
    erasure.decline_erasure(asked, note="No", by=pavel)


def test_who_lost_the_role_since_the_page_was_opened_decides_nothing(asked, pavel):
    assert pavel.roles  # as the page saw them
    take_role(user=User.objects.get(pk=pavel.pk), role="supervisor", by=None)
    with pytest.raises(NotAllowed):
        erasure.approve_erasure(asked, note="Yes", by=pavel)


def test_what_was_typed_is_sealed_with_the_case(asked, case, pavel, alena):
    assert keeping.note_of(asked, by=pavel) == ASKING["note"]
    done = erasure.approve_erasure(asked, note="Згодзен", by=pavel)
    for event in Event.objects.filter(object=asked.pk):
        assert "Ганна" not in bytes(event.entry).decode()
    assert keeping.note_of(done, by=pavel) == ""


def test_who_audits_nothing_reads_no_note(asked, volha, share):
    share(volha, "psychological")
    assert keeping.note_of(asked, by=volha) == ""


# --- Nothing of it opens --------------------------------------------------------------
def everything_sealed(case: Case) -> list[tuple[sealing.Place, bytes]]:
    """(place, bytes) of all that is sealed for a case: rows, versions, details in the log."""
    found = []
    for model in sealed_models():
        of_case = {model.SEALED_BY: case.pk}
        for row in model.objects.filter(**of_case):
            for version in [row, *model.history.filter(id=row.pk)]:
                for section, (cls, _schema) in door._sections_of(version).items():
                    blob = getattr(version, f"{section}_sealed")
                    if blob is not None:
                        place = door.place_of(version, cls, version.sealed_at[section])
                        found.append((place, bytes(blob)))
    for event in Event.objects.all():
        content = msgspec.json.decode(bytes(event.entry))
        if content.get("scope") == str(case.pk):
            place = trail.details_place(event.id, case.pk)
            found.append((place, base64.b64decode(content["sealed"])))
    return found


@pytest.fixture
def grown(case, records, alena, pavel, volha, share) -> Case:
    """A case with everything: records, several versions, details, a renewed key, and a file."""
    share(volha, "psychological", "identity")
    rename(victim_of(case), alena, "Вярбіцкая")
    record_consent(
        case,
        terms=door.open_rows([case.consents.get()], by=alena)[0]["terms"],
        recorded_on=date.today(),
        by=alena,
    )
    renew_case(case.pk, by=None)
    rename(victim_of(case), alena, "Кавальчук")
    a_file(case, alena)
    return Case.objects.get(pk=case.pk)


def files_of(case: Case) -> list[tuple[sealing.Place, bytes]]:
    """(place, bytes) of the files of a case, as a copy of the storage has them."""
    found = []
    for row in case.attachments.all():
        with storage.open_sealed(row.file) as file:
            found.append((file_place(row.pk, case.pk), file.read()))
    return found


def how_many_open(sealed: list[tuple[sealing.Place, bytes]], opening: Callable) -> int:
    """Of these values, those that a key of this installation opens."""
    opened = 0
    for place, blob in sealed:
        with suppress(NoKey):
            opening(place, blob)
            opened += 1
    return opened


def test_not_one_sealed_value_opens_any_more(grown, erase):
    def read(place, blob):
        Reader(place, io.BytesIO(blob)).read()

    sealed, files = everything_sealed(grown), files_of(grown)
    assert how_many_open(sealed, sealing.unseal) == len(sealed) >= 25
    assert how_many_open(files, read) == len(files) == 1
    erase(grown)
    assert how_many_open(sealed, sealing.unseal) == how_many_open(files, read) == 0
    assert not DataKey.objects.filter(scope=grown.pk).exists()
    assert list(storage.names()) == []


def test_the_door_says_that_it_was_erased(grown, erase, alena, pavel):
    victim, rows = victim_of(grown), list(Assistance.objects.filter(case=grown))
    erase(grown)
    for opening in (
        lambda: door.open_rows([victim, *rows], by=alena),
        lambda: door.open_rows(list(Person.history.filter(id=victim.pk)), by=pavel),
        lambda: door.open_derived(grown, by=alena),
    ):
        with pytest.raises(Erased):
            opening()
    assert door.open_each([victim, *rows], by=alena, verb=Verb.CASE_LISTED) == [{}] * (
        1 + len(rows)
    )
    events = list(Event.objects.all())
    assert door.open_details(events, by=alena, case=grown) == [{}] * len(events)


def test_nothing_can_be_added(grown, erase, alena, ihar, pavel):
    victim = victim_of(grown)
    [before] = door.open_rows([victim], by=alena)
    erase(grown)
    after = {"identity": msgspec.structs.replace(before["identity"], second_name="Новая")}
    until = timezone.now() + timedelta(days=2)
    giving = {"to": ihar, "classes": ["legal"], "may_write": False, "ends": until}
    adding = (
        lambda: casework.change_person(
            victim, before=before, after=after, revision=victim.revision, by=alena
        ),
        lambda: record_consent(grown, terms=ConsentTerms(), recorded_on=date.today(), by=alena),
        lambda: grants.give_grant(grown, **giving, reason="review", by=alena),
        lambda: erasure.ask_for_erasure(grown, **ASKING, by=alena),
        lambda: renew_case(grown.pk, by=None),
    )
    size = log.size()
    for add in adding:
        with pytest.raises((Erased, NoKey, WrongState)):
            add()
    assert not DataKey.objects.filter(scope=grown.pk).exists(), "no key came back"
    assert [e.verb for e in log.since(size) if e.verb != Verb.CASE_VIEWED] == []


def test_details_of_an_erased_case_make_no_new_key(case, erase, alena):
    erase(case)
    with pytest.raises(NoKey):
        trail.record(Verb.CASE_SEARCHED, by=alena, cases=[case.pk], details={"text": "Ганна"})
    assert not DataKey.objects.filter(scope=case.pk).exists()


def _open_details(case, by):
    events = Event.objects.filter(verb=Verb.ERASURE_ASKED)
    if door.open_details(list(events), by=by, case=case) == [{}]:
        raise Erased


@pytest.mark.parametrize(
    "opening",
    [
        lambda case, by: door.open_rows([victim_of(case)], by=by),
        lambda case, by: door.open_derived(case, by=by),
        _open_details,
    ],
    ids=["rows", "derived", "details"],
)
def test_another_process_opens_nothing_from_the_next_page_on(
    case, erase, alena, monkeypatch, opening
):
    """Its keyring still holds the key when the case is erased here."""
    other = Keyring()
    other.load([case.pk])
    erase(case)
    assert (case.pk, 1) in other._keys
    monkeypatch.setattr(door, "keyring", other)
    monkeypatch.setattr(sealing, "keyring", other)
    with pytest.raises(Erased):
        opening(case, alena)
    assert list(door.stream_search_entries()) == []
    assert (case.pk, 1) not in other._keys


def test_other_cases_are_as_they_were(case, new_case, erase, alena):
    other = register_case(new_case, by=alena)
    erase(case)
    assert door.open_rows([victim_of(other)], by=alena)[0]["identity"].first_name == "Ганна"


def test_search_finds_it_no_more_and_this_process_forgot_it(case, new_case, erase, alena, pavel):
    other = register_case(new_case, by=alena)
    assert set(live_index.find("Снежаньская", by=pavel)) == {case.pk, other.pk}
    erase(case)
    assert live_index._index is not None
    assert live_index._index.search("Снежаньская", principals_of(alena), 9)[0].case_id == other.pk
    assert len(live_index._index.search("Снежаньская", principals_of(alena), 9)) == 1
    assert live_index.find("Снежаньская", by=pavel) == [other.pk]


def test_another_process_drops_it_from_its_index(case, erase, alena):
    from cases.search.live import LiveIndex

    other = LiveIndex()
    assert other.find("Снежаньская", by=alena) == [case.pk]
    erase(case)
    assert other.find("Снежаньская", by=alena) == []


def test_statistics_count_it_no_more(case, new_case, records, erase, alena, yury):
    other = register_case(new_case, by=alena)
    erase(case)
    counted = door.stream_facts(by=yury, verb=Verb.STATISTICS_FROZEN)
    assert [pk for pk, _facts in counted] == [other.pk]
    assert kinds_by_case(by=yury, verb=Verb.STATISTICS_FROZEN) == {}


def test_statistics_leave_out_what_is_erased_while_they_are_taken(
    case, new_case, alena, yury, monkeypatch
):
    other = register_case(new_case, by=alena)
    stream = door.stream_facts(by=yury, verb=Verb.STATISTICS_FROZEN)
    first = next(stream)[0]
    second = ({case.pk, other.pk} - {first}).pop()
    keyring.destroy(second)
    assert list(stream) == []


# --- What stays -----------------------------------------------------------------------
def test_a_tombstone_is_left(case, erase):
    done = erase(case)
    assert (done.state, done.obstacle) == ("finished", "")
    left = Case.objects.get(pk=case.pk)
    assert (left.status, left.erased_on) == ("Erased", timezone.localdate())
    assert (left.reference, left.opened_on, left.office) == (
        case.reference,
        case.opened_on,
        case.office,
    )


def test_the_log_tells_each_step_and_the_keys(grown, erase, alena, pavel):
    keys = [str(key) for key in keyring.ids(grown.pk)]
    assert len(keys) == 2
    start = log.size()
    erase(grown)
    told = [(event.verb, event.actor) for event in log.since(start) if event.actor is not None]
    assert told == [
        (Verb.ERASURE_ASKED, alena.pk),
        (Verb.ERASURE_APPROVED, pavel.pk),
        (Verb.KEY_DESTROYED, pavel.pk),
        (Verb.CASE_ERASED, pavel.pk),
        (Verb.ERASURE_FINISHED, pavel.pk),
    ]
    for event in log.since(start):
        if event.verb in (Verb.ERASURE_APPROVED, Verb.KEY_DESTROYED, Verb.CASE_ERASED):
            assert log.told(event)["keys"] == keys, event.verb
            assert log.told(event)["cases"] == [str(grown.pk)]


def test_the_log_still_holds_and_is_signed(grown, erase):
    signing.checkpoint()
    erase(grown)
    report = verifier.verify()
    assert report.findings == []
    assert signing.checkpoint().size == log.size(), "the end of the erasure is signed"


def test_those_who_saw_it_see_the_tombstone_and_lists_leave_it_out(
    case, new_case, erase, alena, pavel, ihar, client_for
):
    other = register_case(new_case, by=alena)
    erase(case)
    for user, listed in ((alena, False), (pavel, True)):
        browser = client_for(user)
        for page in ("/", "/cases/"):
            text = browser.get(page).content.decode()
            assert (case.reference in text) == listed, (user, page)
            assert other.reference in text
        page = browser.get(f"/cases/{case.reference}/")
        assert page.status_code == 200
        assert "This case was erased" in page.content.decode()
    assert client_for(ihar).get(f"/cases/{case.reference}/").status_code == 404
    with pytest.raises(Erased):
        get_case_for(alena, case.reference)
    with pytest.raises(NotFound):
        get_case_for(ihar, case.reference)


def test_a_case_whose_erasure_broke_off_is_closed_to_everybody(case, asked, alena, pavel):
    """The key may still be there: a crash between the decision and its destruction."""
    asked.state, asked.decided_by, asked.decided_on = "approved", pavel, date.today()
    trail.save(asked, verb=Verb.ERASURE_APPROVED, by=pavel)
    with pytest.raises(Erased):
        get_case_for(alena, case.reference)


# --- Something in the way -------------------------------------------------------------
def test_a_list_that_cannot_be_written_keeps_it_open(case, asked, pavel, settings, places):
    settings.BACKUP_DIR.rmdir()
    start = log.size()
    hindered = erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert (hindered.state, hindered.obstacle) == ("approved", "ledger")
    assert not keyring.ids(case.pk), "the key is gone all the same"
    assert Verb.CASE_ERASED not in log.verbs_since(start)
    assert log.verbs_since(start)[-1] == Verb.ERASURE_HINDERED
    [told] = keeping.requests_for(pavel)
    assert "every place" in told.get_obstacle_display()

    erasure.continue_erasures()
    assert log.verbs_since(start).count(Verb.ERASURE_HINDERED) == 1, "told once"
    settings.BACKUP_DIR.mkdir()
    erasure.continue_erasures()
    done = ErasureRequest.objects.get(pk=asked.pk)
    assert (done.state, done.obstacle) == ("finished", "")
    assert [case.pk in ledger.read(path).entries for path in places] == [True, True]
    assert log.verbs_since(start).count(Verb.KEY_DESTROYED) == 1
    assert verifier.verify().findings == []


def test_files_that_cannot_be_removed_keep_it_open(grown, alena, pavel, monkeypatch):
    asked = erasure.ask_for_erasure(grown, **ASKING, by=alena)
    with monkeypatch.context() as broken:
        broken.setattr(storage, "remove_case", lambda case: 1 / 0)
        hindered = erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert (hindered.state, hindered.obstacle) == ("approved", "files")
    assert grown.pk in ledger.read(ledger.places()[0]).entries, "the other steps are taken"
    erasure.finish_erasures()
    assert ErasureRequest.objects.get(pk=asked.pk).state == "finished"
    assert list(storage.names()) == []


def test_a_busy_key_store_keeps_it_open(case, asked, pavel, monkeypatch):
    destroy = keyring.destroy

    def busy(scope):
        destroy(scope)
        raise StillInFile

    with monkeypatch.context() as patched:
        patched.setattr(keyring, "destroy", busy)
        hindered = erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert (hindered.state, hindered.obstacle) == ("approved", "keys")
    erasure.continue_erasures()
    assert ErasureRequest.objects.get(pk=asked.pk).state == "finished"


def test_a_key_store_that_refuses_stops_everything_else(grown, alena, pavel, monkeypatch):
    """While the key is there, no event says that it is gone, and no file goes."""
    asked = erasure.ask_for_erasure(grown, **ASKING, by=alena)
    start = log.size()

    def refuse(scope):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(keyring, "destroy", refuse)
        hindered = erasure.approve_erasure(asked, note="Yes", by=pavel)
    assert (hindered.state, hindered.obstacle) == ("approved", "keys")
    assert log.verbs_since(start) == [Verb.ERASURE_APPROVED, Verb.ERASURE_HINDERED]
    assert len(list(storage.names())) == 1
    assert not any(path.exists() for path in ledger.places())
    erasure.continue_erasures()
    assert ErasureRequest.objects.get(pk=asked.pk).state == "finished"
    assert list(storage.names()) == []


def test_a_hindered_case_shows_what_is_in_the_way(case, asked, alena, pavel, settings, client_for):
    settings.BACKUP_DIR.rmdir()
    erasure.approve_erasure(asked, note="Yes", by=pavel)
    for url in (f"/cases/{case.reference}/", "/cases/due-for-erasure/"):
        for user in (alena, pavel):
            page = client_for(user).get(url)
            assert page.status_code == 200
            assert "could not be written at every place" in page.content.decode()
    page = client_for(pavel).get(f"/cases/{case.reference}/certificate/")
    assert page.status_code == 404


# --- Again, after a restore -----------------------------------------------------------
def as_restored(case: Case, destroyed: list[DataKey]) -> None:
    """The key store is an older copy: it has the key."""
    DataKey.objects.bulk_create(destroyed)
    keyring.forget()


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_key_that_is_back_is_destroyed_at_the_next_start(grown, erase, alena, is_listed):
    """The tombstone tells as much as the list does."""
    victim, sealed = victim_of(grown), everything_sealed(grown)
    rows = list(DataKey.objects.filter(scope=grown.pk))
    erase(grown)
    as_restored(grown, rows)
    for path in ledger.places() if not is_listed else ():
        path.unlink()
    assert all(sealing.unseal(place, blob) is not None for place, blob in sealed), "all is back"
    start = log.size()
    erasure.finish_erasures()
    assert not keyring.ids(grown.pk)
    assert log.verbs_since(start)[:2] == [Verb.ERASURE_REPEATED, Verb.KEY_DESTROYED]
    assert Verb.CASE_ERASED not in log.verbs_since(start), "it is a tombstone already"
    erasure.finish_erasures()
    assert log.verbs_since(start).count(Verb.ERASURE_REPEATED) == 1
    with pytest.raises(Erased):
        door.open_rows([victim], by=alena)
    assert verifier.verify().findings == []


def test_a_replayed_list_erases_what_is_held(case, new_case, alena, ihar, tmp_path):
    """The list is of a time after the backup: these data know nothing of the erasure."""
    others = [register_case(new_case, by=alena) for _ in range(3)]
    gone = [case, others[0]]
    unknown = UUID(int=5)
    at = timezone.now() - timedelta(days=3)
    path = _list_of([*(one.pk for one in gone), unknown], at, tmp_path)
    start = log.size()
    assert set(erasure.replay(path)) == {one.pk for one in gone}
    for one in gone:
        left = Case.objects.get(pk=one.pk)
        assert (left.status, left.erased_on) == ("Erased", timezone.localdate(at))
        assert not keyring.ids(one.pk)
    for one in others[1:]:
        assert door.open_rows([victim_of(one)], by=alena)[0]
    assert log.verbs_since(start).count(Verb.CASE_ERASED) == 2
    assert erasure.replay(path) == []
    for place in ledger.places():
        assert set(ledger.read(place).entries) == {*(one.pk for one in gone), unknown}
    assert verifier.verify().findings == []


def test_a_replay_finishes_what_was_only_asked_for(case, asked, tmp_path):
    assert erasure.replay(_list_of([case.pk], timezone.now(), tmp_path)) == [case.pk]
    assert ErasureRequest.objects.get(pk=asked.pk).state == "finished"


def test_a_replay_that_broke_off_is_finished_at_the_next_start(case, tmp_path, monkeypatch):
    path = _list_of([case.pk], timezone.now(), tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "_carry_out", lambda erasure: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erasure.replay(path)
    assert keyring.ids(case.pk)
    erasure.finish_erasures()
    assert Case.objects.get(pk=case.pk).erased_on


def test_a_key_without_its_case_goes_as_well(tmp_path):
    """The key store may be newer than the data."""
    lonely = UUID(int=77)
    keyring.create([lonely])
    assert erasure.replay(_list_of([lonely], timezone.now(), tmp_path)) == [lonely]
    assert not keyring.ids(lonely)


def test_a_foreign_or_damaged_list_erases_nobody(case, new_case, alena, tmp_path, caplog):
    good = register_case(new_case, by=alena)
    path = _list_of([case.pk, good.pk], timezone.now(), tmp_path)
    lines = path.read_text().splitlines()
    lines[0] = lines[0].replace(str(case.pk), str(register_case(new_case, by=alena).pk))
    path.write_text("\n".join(lines) + "\n")
    assert erasure.replay(path) == [good.pk]
    [told] = [record for record in caplog.records if "is damaged" in record.msg]
    assert (told.place, told.line) == (path, 1)
    assert keyring.ids(case.pk)


def _list_of(cases: list[UUID], at, folder: Path) -> Path:
    """A list of erasures as it lies beside a backup."""
    path = folder / "list.txt"
    path.write_bytes(b"".join(ledger._line(ledger.Entry(case, at)) for case in cases))
    return path
