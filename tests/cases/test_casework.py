"""Changing a case file: nothing is overwritten unseen, and what is derived follows what was typed."""

from datetime import date

import pytest
from msgspec.structs import replace

from audit.verbs import Verb
from cases import door
from cases.models import Case, Person, SearchChange
from cases.sections import ConsentTerms, Contact, Identity, VictimContext
from cases.selectors import victim_of
from cases.services.casework import change_person
from cases.services.consents import record_consent
from cases.services.intake import register_case
from core.exceptions import Conflict, NotAllowed
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db


def _change(case, by, section, revision=None, **fields):
    """Change fields of one section, as a page would."""
    person = victim_of(case)
    [before] = door.open_rows([person], by=by)
    after = {section: replace(before[section], **fields)}
    revision = person.revision if revision is None else revision
    change_person(person, before=before, after=after, revision=revision, by=by)


def _derived(case, by):
    """What statistics and search hold of the case now."""
    return door.open_derived(Case.objects.get(pk=case.pk), by=by)


def _sections(case, by):
    return door.open_rows([victim_of(case)], by=by)[0]


def test_a_change_is_written_with_its_event_and_its_version(case, alena):
    start = log.size()
    _change(case, alena, "identity", second_name="Новая")
    assert log.verbs_since(start) == [
        Verb.CASE_VIEWED,  # the page that was changed
        Verb.CASE_VIEWED,  # what is derived from it
        Verb.PERSON_CHANGED,
        Verb.CASE_CHANGED,
    ]
    sections = _sections(case, alena)
    assert sections["identity"].second_name == "Новая"
    assert sections["identity"].first_name == "Ганна"
    assert sections["contact"].mobile_phone == SENTINELS["contact"]
    assert Person.history.filter(id=victim_of(case).pk).count() == 2


def test_only_the_section_that_changed_is_sealed_anew(case, alena):
    before = victim_of(case)
    _change(case, alena, "contact", safe_contact="Evenings")
    after = victim_of(case)
    assert after.identity_sealed == before.identity_sealed
    assert after.victim_sealed == before.victim_sealed
    assert after.contact_sealed != before.contact_sealed
    assert after.sealed_at == {"identity": 1, "contact": 2, "victim": 1}


def test_saving_without_a_change_writes_nothing(case, alena):
    person = victim_of(case)
    [before] = door.open_rows([person], by=alena)
    start = log.size()
    change_person(person, before=before, after=dict(before), revision=1, by=alena)
    assert log.size() == start
    assert victim_of(case).revision == 1


def test_of_two_changes_made_from_the_same_version_the_later_is_refused(case, alena, ihar, share):
    share(ihar, "identity", "contact")
    _change(case, ihar, "identity", revision=1, first_name="Анна")
    start = log.size()
    with pytest.raises(Conflict):
        _change(case, alena, "identity", revision=1, first_name="Ганя")
    assert not {Verb.PERSON_CHANGED, Verb.CASE_CHANGED} & set(log.verbs_since(start))
    assert _sections(case, alena)["identity"].first_name == "Анна"
    # Having looked at what the other wrote, the second one saves again: both stand in the history.
    _change(case, alena, "identity", first_name="Ганя")
    versions = list(Person.history.filter(id=victim_of(case).pk).order_by("revision"))
    names = [row["identity"].first_name for row in door.open_rows(versions, by=alena)]
    assert names == ["Ганна", "Анна", "Ганя"]
    assert [version.history_user_id for version in versions] == [alena.pk, ihar.pk, alena.pk]


@pytest.mark.parametrize("revision", [0, 2, 999_999_999])
def test_a_revision_that_never_was_is_refused(case, alena, revision):
    with pytest.raises(Conflict):
        _change(case, alena, "identity", revision=revision, first_name="Ганя")


def test_facts_that_came_from_elsewhere_survive_an_edit_of_the_name(new_case, alena):
    """An import may know an age band and a year without a date of birth."""
    new_case.identity.birthdate = ""
    new_case.facts = {"age_band": "18-20", "year": 2019, "duration": "1-6 months"}
    case = register_case(new_case, by=alena)
    _change(case, alena, "identity", second_name="Новая")
    facts, entry = _derived(case, alena)
    assert (facts.age_band, facts.year, facts.duration) == ("18-20", 2019, "1-6 months")
    assert any("Новая" in name for name in entry.names)


def test_facts_follow_what_was_changed_and_nothing_else(new_case, alena):
    new_case.facts = {"age_band": "18-20", "year": 2019, "citizenship": ["UA"]}
    new_case.opened_on = date(2026, 3, 1)
    case = register_case(new_case, by=alena)
    _change(case, alena, "identity", gender="Masculine")
    facts, _entry = _derived(case, alena)
    assert (facts.gender, facts.citizenship, facts.age_band) == ("Masculine", ["UA"], "18-20")
    _change(case, alena, "identity", birthdate="1990-01-01", citizenship=["PL"])
    facts, _entry = _derived(case, alena)
    assert (facts.age_band, facts.citizenship, facts.year) == ("30-38", ["PL"], 2019)
    _change(case, alena, "victim", types_of_exploitation=["ForcedMarriage"])
    facts, _entry = _derived(case, alena)
    assert facts.types_of_exploitation == ["ForcedMarriage"]
    assert facts.age_band == "30-38"


def test_an_edit_that_nothing_is_derived_from_leaves_the_case_alone(case, alena):
    changes = SearchChange.objects.count()
    _change(case, alena, "victim", account="Another account")
    assert Case.objects.get(pk=case.pk).revision == 1
    assert SearchChange.objects.count() == changes


def test_the_search_entry_is_renewed(case, alena):
    changes = SearchChange.objects.count()
    _change(case, alena, "identity", second_name="Новая", other_names="Аня, Hanna")
    _facts, entry = _derived(case, alena)
    assert entry.names == ["Новая Ганна", "Аня", "Hanna"]
    assert entry.numbers == ["4010199A001PB1", SENTINELS["contact"]]
    assert SearchChange.objects.count() == changes + 1


def test_a_writer_who_sees_less_removes_nothing_from_search(case, alena, ihar, share):
    """Ihar may not see names; the phone he changes must not cost the name its entry."""
    share(ihar, "contact")
    _change(case, ihar, "contact", mobile_phone="+375440000000")
    _facts, entry = _derived(case, alena)
    assert entry.names == [f"{SENTINELS['identity']} Ганна"]
    assert entry.numbers == ["4010199A001PB1", "+375440000000"]


@pytest.mark.parametrize(
    "section, value",
    [
        ("identity", Identity(second_name="Чужая")),
        ("contact", Contact(email="x@example.org")),
        ("victim", VictimContext(account="Other")),
    ],
)
def test_a_class_is_written_by_those_who_may_write_it(case, ihar, pavel, share, section, value):
    classes = {"identity": "identity", "contact": "contact", "victim": "narrative"}
    share(ihar, *(set(classes.values()) - {classes[section]}))
    share(ihar, classes[section], may_write=False)
    start = log.size()
    for by in (ihar, pavel):
        with pytest.raises(NotAllowed):
            change_person(victim_of(case), before={}, after={section: value}, revision=1, by=by)
    assert log.size() == start
    assert victim_of(case).revision == 1


def test_one_class_out_of_reach_refuses_the_whole_change(case, alena, ihar, share):
    share(ihar, "identity")
    after = {"identity": Identity(second_name="Чужая"), "contact": Contact()}
    with pytest.raises(NotAllowed):
        change_person(victim_of(case), before={}, after=after, revision=1, by=ihar)
    assert _sections(case, alena)["identity"].second_name == SENTINELS["identity"]


def test_each_consent_is_kept(case, alena):
    later = ConsentTerms(consented=False, remarks="Withdrawn")
    row = record_consent(case, terms=later, recorded_on=date(2026, 2, 1), by=alena)
    assert row.recorded_by == alena
    consents = list(case.consents.order_by("id"))
    terms = [sections["terms"] for sections in door.open_rows(consents, by=alena)]
    assert [one.consented for one in terms] == [True, False]


def test_consent_is_recorded_by_those_who_may_write_the_narrative(case, ihar, pavel, share):
    share(ihar, "identity", "contact")
    for by in (ihar, pavel):
        with pytest.raises(NotAllowed):
            record_consent(case, terms=ConsentTerms(), recorded_on=date(2026, 2, 1), by=by)
    assert case.consents.count() == 1


def test_a_reason_does_not_replace_what_an_import_knew(new_case, alena):
    new_case.facts = {"age_band": "9-17"}
    case = register_case(new_case, by=alena)
    _change(case, alena, "identity", unanswered={"birthdate": "unknown", "gender": "declined"})
    assert _derived(case, alena)[0].age_band == "9-17"
    _change(case, alena, "identity", gender="", unanswered={"gender": "declined"})
    assert _derived(case, alena)[0].gender == "declined"
