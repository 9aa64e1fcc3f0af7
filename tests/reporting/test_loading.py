"""Rows out of a file stand in for the cases, in test and demonstration installations only."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.verbs import Verb
from cases.sections import CaseFacts
from core.exceptions import BadInput, NotAllowed
from reporting import loading, services, source
from reporting.dimensions import DIMENSIONS
from reporting.models import LoadedRows
from tests.guards import log
from tests.reporting.test_services import register

pytestmark = pytest.mark.django_db
FROZEN = Verb.STATISTICS_FROZEN
FACTS = """\
year,gender,age,citizenship,country,exploitation,subtype,control,recruiter,duration,assistance,outcome,source
2021,Feminine,9-17,BY|UA,RU,ForcedLabour|SexualExploitation,F_Construction|Prostitution,declined,\
Friend,0-12,legal|medical,Open,NGO

,declined,,NA,,,unknown,,,,,,
"""


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def load(text, by):
    return loading.load(StringIO(text), by=by)


def test_each_column_becomes_its_facts(demo, yury):
    assert load(FACTS, yury) == 2
    one, other = source.persons(by=yury, verb=FROZEN)
    assert one.facts == CaseFacts(
        year=2021,
        gender="Feminine",
        age_band="9-17",
        citizenship=["BY", "UA"],
        country_of_exploitation="RU",
        types_of_exploitation=["ForcedLabour", "SexualExploitation"],
        forced_labour_industry=["F_Construction"],
        types_of_sex_exploitation=["Prostitution"],
        methods_of_control=["declined"],
        recruiter_relation=["Friend"],
        duration="0-12",
        outcome="Open",
        referral_source="NGO",
    )
    assert set(one.kinds) == {"legal", "medical"}
    assert other.facts == CaseFacts(
        gender="declined", citizenship=["NA"], forced_labour_industry=["unknown"]
    )
    assert set(FACTS.splitlines()[0].split(",")) == set(DIMENSIONS) - {"assisted"}


def test_every_row_is_a_person_of_its_own_and_stays_it(demo, yury, monkeypatch):
    monkeypatch.setattr(loading, "CHUNK", 7)
    load("year\n" + "2021\n" * 20, yury)
    persons = [row.person for row in loading.rows()]
    assert len(set(persons)) == 20
    assert persons == [row.person for row in loading.rows()]
    assert LoadedRows.objects.count() == 3
    load("year\n2021\n", yury)
    [again] = loading.rows()
    assert again.person not in persons


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("year,shelter\n", "Line 1: “shelter”"),
        ("year,year\n", "twice"),
        ("year,gender\n2021\n", "Line 2 has another number"),
        ("year,gender\n2021,Feminine\n2021,F\n", "Line 3, column gender: “F” is no code"),
        ("gender\nFeminine|Masculine\n", "column gender: this can only stand alone"),
        ("control\ndeclined|Other\n", "column control: this can only stand alone"),
        ("duration\ndeclined\n", "column duration: “declined” is no code"),
        ("subtype\nother-types\n", "column subtype: “other-types” is no code"),
        ("country\nany-other\n", "column country: “any-other” is no code"),
        ("year\n2999\n", "column year: this is not a year"),
        ("year\nlast\n", "column year: this is not a year"),
    ],
)
def test_a_mistake_is_told_by_line_and_column_and_nothing_is_loaded(demo, yury, text, says):
    load("year\n2020\n", yury)
    with pytest.raises(BadInput, match=says):
        load(text, yury)
    [row] = loading.rows()
    assert row.facts.year == 2020


def test_what_is_loaded_is_not_readable_in_the_database(demo, yury):
    load("citizenship\n" + "BY\n" * 50, yury)
    [row] = LoadedRows.objects.all()
    assert b"BY" not in bytes(row.content_sealed)
    assert bytes(row.content_sealed)[:1] == b"\x01"


def test_elsewhere_nothing_is_loaded_and_what_came_from_a_demonstration_is_not_read(
    yury, alena, settings
):
    with pytest.raises(NotAllowed, match="demonstration installations only"):
        load("year\n2021\n", yury)
    settings.DEMO = True
    load("year\n1999\n", yury)
    register(alena, 1)
    settings.DEMO = False
    [row] = source.persons(by=yury, verb=FROZEN)
    assert row.facts.year == 2021


def test_it_takes_the_right_to_take_snapshots(demo, alena, yury):
    with pytest.raises(NotAllowed, match="role"):
        load("year\n2021\n", alena)
    load("year\n2021\n", yury)
    with pytest.raises(NotAllowed):
        list(source.persons(by=alena, verb=FROZEN))


def test_loading_and_reading_leave_an_event_each(demo, yury):
    start = log.size()
    load("year\n2021\n", yury)
    list(source.persons(by=yury, verb=FROZEN))
    assert log.verbs_since(start) == [Verb.STATISTICS_LOADED, Verb.STATISTICS_FROZEN]


def test_a_snapshot_is_of_the_rows_until_they_are_cleared(demo, alena, yury, tmp_path, client_for):
    register(alena, 30)
    file = tmp_path / "facts.csv"
    file.write_text("year,gender\n" + "2019,Feminine\n" * 40)
    for _again in range(services.PER_YEAR + 1):  # made-up persons need no protection from averaging
        call_command("statistics", "load", str(file), "--as", yury.username)
        taken = services.take_snapshot(by=yury)
    assert taken.of_loaded_rows and 35 <= taken.persons <= 45
    surface = services.surface_of(taken.pk)
    assert surface.figure({"year": "2021"}, 0).value is None
    page = client_for(yury).get(reverse("reporting:snapshots")).content.decode()
    assert "loaded to try statistics" in page
    call_command("statistics", "load", "--clear", "--as", yury.username)
    taken = services.take_snapshot(by=yury)
    assert taken.of_loaded_rows is None
    assert services.surface_of(taken.pk).figure({"year": "2021"}, 0).value is not None


def test_the_command_says_what_is_wrong(demo, yury, tmp_path, capsys):
    file = tmp_path / "facts.csv"
    file.write_text("year\nsoon\n")
    with pytest.raises(CommandError, match="Line 2, column year"):
        call_command("statistics", "load", str(file), "--as", yury.username)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("statistics", "load", str(tmp_path / "none.csv"), "--as", yury.username)
    assert not LoadedRows.objects.exists()
