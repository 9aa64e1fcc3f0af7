"""New data keys: everything opens as before, the log explains every new digest, nothing is lost."""

from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.urls import reverse

from audit import guards, trail, verifier
from audit.models import Event, Resealing
from audit.verbs import Verb
from cases import door, storage
from cases.models import Attachment, Person
from cases.selectors import victim_of
from cases.services import renewal
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from cases.trail import trail_of
from cases.trail_finding import TrailFilter
from core.exceptions import Conflict
from core.ids import uuid7
from tests.audit.tools import write
from tests.cases.conftest import rename
from vault import rotation
from vault.keyring import NoKey, keyring
from vault.models import DataKey, KeyStore
from vault.sealing import HEAD

pytestmark = pytest.mark.django_db
CHANGES = TrailFilter(kind="changes")
SPOKEN = "Запіс размовы".encode()
REFUSED = (IntegrityError, OperationalError)


@pytest.fixture
def told(case, alena, records):
    """A case with several versions of its person, and two records of assistance."""
    rename(victim_of(case), alena, "Second")
    rename(victim_of(case), alena, "Third")
    return case


def everything(case):
    """Every live row and every version of it."""
    for model in renewal.sealed_models():
        of_case = {model.SEALED_BY: case.pk}
        for row in model.objects.filter(**of_case).order_by("pk"):
            yield row
            yield from model.history.filter(id=row.pk).order_by("revision")


def key_versions(case):
    """Versions of the data key under which the sections of a case stand."""
    found = set()
    for row in everything(case):
        for column in door.type_of(row).Privacy.sealed:
            if (blob := getattr(row, column)) is not None:
                found.add(HEAD.unpack_from(bytes(blob))[1])
    return found


def open_columns(row):
    hidden = {*door.type_of(row).resealable(), "resealed_by"}
    return {f.attname: getattr(row, f.attname) for f in row._meta.fields if f.attname not in hidden}


def test_everything_opens_as_before_under_the_new_key(told, alena):
    contents = door.open_rows(list(everything(told)), by=alena)
    columns = [open_columns(row) for row in everything(told)]

    assert renewal.renew_case(told.pk, by=None) == []

    assert key_versions(told) == {2}
    assert [open_columns(row) for row in everything(told)] == columns
    assert door.open_rows(list(everything(told)), by=alena) == contents
    assert any("identity" in sections for sections in contents)
    assert not DataKey.objects.filter(settled=False).exists()


def test_the_log_explains_the_new_digests(told):
    renewal.renew_case(told.pk, by=None)
    renewal.renew_case(told.pk, by=None)

    assert key_versions(told) == {3}
    report = verifier.verify()
    assert report.holds, report.findings
    assert Event.objects.filter(verb=Verb.CASE_SEALED_ANEW).count() == 2


def test_a_case_of_many_versions_takes_several_events_at_once(told, monkeypatch):
    monkeypatch.setattr(trail, "MOST_RESEALED", 3)
    renewal.renew_case(told.pk, by=None)
    events = Event.objects.filter(verb=Verb.CASE_SEALED_ANEW)
    assert events.count() == -(-Resealing.objects.count() // 3) > 1
    assert key_versions(told) == {2}
    assert verifier.verify().holds


def test_a_version_that_several_share_stays_one(told):
    """A section that a change left alone is the same bytes in both versions, before and after."""
    renewal.renew_case(told.pk, by=None)
    person = victim_of(told)
    first, second = Person.history.filter(id=person.pk).order_by("revision")[:2]
    assert bytes(first.contact_sealed) == bytes(second.contact_sealed)
    assert bytes(first.identity_sealed) != bytes(second.identity_sealed)


def test_work_goes_on_after_it_with_new_versions_and_the_same_trail(told, alena):
    before = trail_of(told, by=alena, before=None, wanted=CHANGES).lines
    renewal.renew_case(told.pk, by=None)
    rename(victim_of(told), alena, "Fourth")
    after = trail_of(told, by=alena, before=None, wanted=CHANGES).lines

    assert key_versions(told) == {2}
    assert [line.differences for line in after][-len(before) :] == [
        line.differences for line in before
    ]
    assert victim_of(told).resealed_by is None
    assert verifier.verify().holds


# --- Files of the case ----------------------------------------------------------------
@pytest.fixture
def file(told, alena, client_for, own_files):
    """A file of the case with two versions of its row."""
    form = {"cls": "medical", "file": SimpleUploadedFile("a.txt", SPOKEN)}
    client_for(alena).post(reverse("cases:add_file", args=[told.reference]), form)
    row = Attachment.objects.get()
    trail.save(row, verb=Verb.FILE_SCANNED, by=alena)
    return row


def content_of(row, by):
    opened = door.open_file(row, by=by, verb=Verb.FILE_DOWNLOADED)
    return b"".join(opened.pieces(0, opened.content.size))


def stored(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_sealed_anew_for_all_its_versions(told, file, alena, own_files):
    before = stored(own_files)
    renewal.renew_case(told.pk, by=None)

    file.refresh_from_db()
    assert content_of(file, alena) == SPOKEN
    assert HEAD.unpack_from(storage.open_sealed(file.file).read(HEAD.size))[1] == 2
    assert {v.file for v in Attachment.history.all()} == {file.file}
    assert storage.check(file) and verifier.verify().holds
    assert len(stored(own_files)) == 1 and not stored(own_files) & before
    keyring.forget()
    assert renewal.renew_case(told.pk, by=None) == []


def test_a_renewal_that_fails_leaves_the_file_of_before(told, file, alena, own_files, monkeypatch):
    before = stored(own_files)
    save = trail.save_resealed
    monkeypatch.setattr(trail, "save_resealed", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        renewal.renew_case(told.pk, by=None)
    assert stored(own_files) == before
    assert content_of(Attachment.objects.get(), alena) == SPOKEN

    monkeypatch.setattr(trail, "save_resealed", save)
    renewal.renew_case(told.pk, by=None)
    assert content_of(Attachment.objects.get(), alena) == SPOKEN
    assert len(stored(own_files)) == 1 and key_versions(told) == {2}


def test_a_damaged_file_is_named_and_left(told, file, own_files):
    [path] = [path for path in own_files.rglob("*") if path.is_file()]
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)
    [name] = renewal.renew_case(told.pk, by=None)
    assert name == f"cases.Attachment {file.pk} revision {file.revision}"
    assert path.read_bytes() == sealed
    [finding] = verifier.verify().findings
    assert finding == f"cases.Attachment {file.pk}: its file is missing or was changed."


def test_all_cases_are_renewed_once_and_what_was_broken_off_goes_on(told, alena, monkeypatch):
    others = [register_case(NewCase(), by=alena) for _ in range(3)]
    done = renewal.renew_all(by=None)
    next(done)
    next(done)
    done.close()  # broken off between two cases
    failing = iter([RuntimeError])

    def fail_once(*args, **kwargs):
        for error in failing:
            raise error
        return save(*args, **kwargs)

    save = trail.save_resealed
    monkeypatch.setattr(trail, "save_resealed", fail_once)
    with pytest.raises(RuntimeError):  # broken off between a case's new key and its sections
        list(renewal.renew_all(by=None))
    assert DataKey.objects.filter(settled=False).count() == 1
    assert renewal.how_many() == 2

    assert len(list(renewal.renew_all(by=None))) == 2

    assert [key_versions(case) for case in [told, *others]] == [{2}] * 4
    assert KeyStore.objects.get().renewal_began is None
    assert not DataKey.objects.filter(settled=False).exists()
    assert verifier.verify().holds


def test_a_change_made_meanwhile_is_kept(told, alena, monkeypatch):
    seal_anew, changes = door.seal_anew, iter(["Meanwhile"])

    def change_in_between(versions):
        found = seal_anew(versions)
        for name in changes:
            rename(victim_of(told), alena, name)
        return found

    monkeypatch.setattr(door, "seal_anew", change_in_between)
    monkeypatch.setattr(renewal, "PAUSE", 0)

    renewal.renew_case(told.pk, by=None)

    [sections] = door.open_rows([victim_of(told)], by=alena)
    assert sections["identity"].second_name == "Meanwhile"
    assert key_versions(told) == {2}
    assert verifier.verify().holds


@pytest.mark.drill
def test_it_gives_up_on_a_case_that_never_rests(told, monkeypatch):
    def never(*args, **kwargs):
        raise Conflict

    monkeypatch.setattr(trail, "save_resealed", never)
    monkeypatch.setattr(renewal, "PAUSE", 0)
    with pytest.raises(Conflict):
        renewal.renew_case(told.pk, by=None)
    assert key_versions(told) == {1}
    assert verifier.verify().holds


def test_what_is_damaged_is_named_and_left_alone(told, alena):
    person = victim_of(told)
    blob = bytearray(person.identity_sealed)
    blob[-1] ^= 1
    without_guards(person, identity_sealed=bytes(blob))

    # The history holds the undamaged copy: it is sealed anew, and the damage does not stay hidden.
    before = verifier.verify().findings
    assert len(before) == 1
    history = Person.history.get(id=person.pk, revision=person.revision)
    without_guards(history, identity_sealed=bytes(blob))

    [name] = renewal.renew_case(told.pk, by=None)

    assert name == f"cases.Person {person.pk} revision {person.revision}"
    assert not verifier.verify().holds
    assert key_versions(told) == {1, 2}


def without_guards(row, **columns):
    """Change columns as somebody who owns the database."""
    guards.remove()
    write(type(row), row.pk, **columns)
    guards.install()


def test_bytes_from_before_put_back_are_found(told):
    """They would still open; the log says that they are no longer what stands there."""
    person = victim_of(told)
    sealed = {name: getattr(person, name) for name in Person.resealable()}
    old = {name: bytes(value) for name, value in sealed.items() if value}
    renewal.renew_case(told.pk, by=None)
    without_guards(person, **old, resealed_by=None)
    [finding] = verifier.verify().findings
    assert str(person.pk) in finding


def test_sealed_details_of_the_log_still_open(told, alena, share, volha):
    share(volha, "psychological")
    [event] = Event.objects.filter(verb=Verb.GRANT_GIVEN).order_by("-seq")[:1]
    before = door.open_details([event], by=alena, case=told)
    renewal.renew_case(told.pk, by=None)
    keyring.forget()
    assert door.open_details([event], by=alena, case=told) == before
    assert before[0]["to"] == str(volha.pk)


def test_the_command_renews_one_case_or_all(told, alena):
    other = register_case(NewCase(), by=alena)
    call_command("rotate_keys", dek=True, case=told.reference.lower(), stdout=StringIO())
    assert (key_versions(told), key_versions(other)) == ({2}, {1})

    call_command("rotate_keys", dek=True, stdout=StringIO())
    assert (key_versions(told), key_versions(other)) == ({3}, {2})
    verbs = Event.objects.filter(verb__startswith="key_rotat").values_list("verb", flat=True)
    assert list(verbs.order_by("seq")) == [
        "key_rotation_begun",
        "key_rotated",
        "key_rotation_begun",
        "key_rotated",
        "key_rotated",
    ]
    with pytest.raises(CommandError):
        call_command("rotate_keys", dek=True, case="BY-1999-000001")


def test_an_erased_case_is_left_out(told):
    DataKey.objects.filter(scope=told.pk).delete()
    keyring.forget()
    with pytest.raises(NoKey):
        renewal.renew_case(told.pk, by=None)
    assert list(renewal.renew_all(by=None)) == []
    with pytest.raises(CommandError):
        call_command("rotate_keys", dek=True, case=told.reference)


def test_new_wrapping_keys_and_new_data_keys_go_together(told, alena):
    renewal.renew_case(told.pk, by=None)
    call_command("rotate_keys", kek=True, stdout=StringIO())
    keyring.forget()
    assert rotation.waiting() == 0
    assert len(door.open_rows(list(everything(told)), by=alena)) > 8


# What the database refuses, though a sealed column alone may change with its event.


def resealing_event(row):
    """An event that names this version as sealed anew."""
    event = trail.record(Verb.CASE_SEALED_ANEW, by=None, cases=row.case_ids())
    Resealing.objects.create(event=event.id, object=row.pk, revision=row.revision)
    return event.id


def update(table, row, **columns):
    with transaction.atomic():
        write(table, row.pk, **columns)


@pytest.mark.parametrize("where", ["row", "history"])
@transaction.atomic  # an event explains what its own transaction does
def test_the_database_lets_a_version_be_sealed_anew_once_and_no_more(told, where):
    person = victim_of(told)
    live = where == "row"
    row = person if live else Person.history.get(id=person.pk, revision=1)
    blob = bytes(row.contact_sealed)
    version = Person(pk=row.id, revision=row.revision, case_id=row.case_id)

    with pytest.raises(REFUSED):
        update(type(row), row, contact_sealed=blob[::-1])
    with pytest.raises(REFUSED):
        update(type(row), row, contact_sealed=blob[::-1], resealed_by=as_stored(uuid7()))
    other = Person(pk=row.id, revision=row.revision + 1, case_id=row.case_id)
    with pytest.raises(REFUSED):
        update(type(row), row, contact_sealed=blob, resealed_by=as_stored(resealing_event(other)))

    event = as_stored(resealing_event(version))
    for column, value in (("role", "Other"), ("revision", 9), ("sealed_at", "{}")):
        with pytest.raises(REFUSED):
            update(type(row), row, resealed_by=event, **{column: value})
    update(type(row), row, contact_sealed=blob[::-1], resealed_by=event)
    with pytest.raises(REFUSED):
        update(type(row), row, contact_sealed=blob, resealed_by=event)


def as_stored(value):
    return Person._meta.get_field("resealed_by").get_db_prep_value(value, connection)


def test_an_event_that_names_no_digest_explains_nothing(told):
    """The list of resealings opens the guard; only the log's entry tells the digest."""
    person = victim_of(told)
    with transaction.atomic():
        event = as_stored(resealing_event(person))
        update(Person, person, contact_sealed=bytes(person.identity_sealed), resealed_by=event)
    report = verifier.verify()
    assert any(str(person.pk) in finding for finding in report.findings)
    assert any("sealed anew" in finding for finding in report.findings)
