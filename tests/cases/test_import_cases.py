"""The command that brings in a file: checks by default, writes when told, never doubles."""

import pytest
from django.core.management import CommandError, call_command

from accounts.services import make_office, make_organisation, make_user
from cases.imports import runner
from cases.models import Case, ImportRun
from core.exceptions import NotAllowed

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

HEADER = "prs_FirstName,prs_Gender,vic_TypeOfExploitation,cas_IncomingReferralDate"


@pytest.fixture
def office():
    organisation = make_organisation(name="Mission", kind="NGO", by=None)
    return make_office(code="minsk", name="Minsk", country="BY", organisation=organisation, by=None)


def member(username, role, office):
    return make_user(
        username=username,
        display_name=username.title(),
        password="correct horse battery staple",
        roles=[role],
        office=office,
        by=None,
    )


@pytest.fixture
def officer(office):
    return member("olga", "case_officer", office)


@pytest.fixture
def supervisor(office):
    """Whose role includes bringing in cases."""
    return member("vera", "supervisor", office)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "records.csv"
    rows = [f"Person {number},Feminine,ForcedLabour,2024-03-{number:02}" for number in range(1, 8)]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def bad_file(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        f"{HEADER}\nAnna,Feminine,ForcedLabour,\nSecret Name,Woman,ForcedLabour,\n", "utf-8"
    )
    return path


@pytest.fixture
def options(officer, supervisor, office):
    return {
        "commit": True,
        "office": office.code,
        "owner": officer.username,
        "by": supervisor.username,
    }


def test_a_dry_run_reports_and_writes_nothing(file, capsys):
    call_command("import_cases", file)
    said = capsys.readouterr().out
    assert "Layout: HTCDS" in said
    assert "Rows read: 7, acceptable: 7, refused: 0" in said
    assert "Nothing was written" in said
    assert not Case.objects.exists() and not ImportRun.objects.exists()


def test_commit_opens_a_case_for_each_row(file, options, officer, office, capsys):
    call_command("import_cases", file, batch=3, **options)
    assert "Cases opened: 7" in capsys.readouterr().out
    assert Case.objects.filter(owner=officer, office=office).count() == 7
    run = ImportRun.objects.get()
    assert (run.layout, run.rows_total, run.rows_done) == ("htcds", 7, 7)


def test_a_bad_row_stops_the_whole_file(bad_file, options, capsys):
    with pytest.raises(CommandError, match="Refused"):
        call_command("import_cases", bad_file, **options)
    said = capsys.readouterr().out
    assert "prs_Gender: is not in the list" in said and "(1 row: 3)" in said
    assert "Secret" not in said and "Woman" not in said
    assert not Case.objects.exists() and not ImportRun.objects.exists()


def test_good_rows_are_taken_when_told_so(bad_file, options):
    call_command("import_cases", bad_file, accept_good_rows=True, **options)
    assert Case.objects.count() == 1
    assert ImportRun.objects.get().rows_done == 2


def test_the_same_file_is_brought_in_once(file, options):
    call_command("import_cases", file, **options)
    with pytest.raises(CommandError, match="brought in before"):
        call_command("import_cases", file, **options)
    assert Case.objects.count() == 7
    call_command("import_cases", file, again=True, **options)
    assert Case.objects.count() == 14


def test_an_interrupted_run_goes_on_and_doubles_nothing(file, options, monkeypatch, capsys):
    batches = []

    def lose_power_in_the_third(run, new_cases, **kwargs):
        batches.append(len(new_cases))
        if len(batches) == 3:
            raise KeyboardInterrupt
        return register_batch(run, new_cases, **kwargs)

    register_batch = runner.register_batch
    monkeypatch.setattr(runner, "register_batch", lose_power_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        call_command("import_cases", file, batch=2, **options)
    assert Case.objects.count() == ImportRun.objects.get().rows_done == 4
    monkeypatch.setattr(runner, "register_batch", register_batch)
    capsys.readouterr()
    call_command("import_cases", file, batch=2, **options)
    said = capsys.readouterr().out
    assert "behind row 4" in said and "Cases opened: 3" in said
    assert Case.objects.count() == 7
    assert sorted(str(day) for day in Case.objects.values_list("opened_on", flat=True)) == [
        f"2024-03-{day:02}" for day in range(1, 8)
    ]
    assert ImportRun.objects.get().is_finished


@pytest.mark.parametrize("missing", ["office", "owner", "by"])
def test_commit_needs_to_know_for_whom(file, options, missing):
    with pytest.raises(CommandError, match="needs --office"):
        call_command("import_cases", file, **options | {missing: None})
    with pytest.raises(CommandError, match="There is no"):
        call_command("import_cases", file, **options | {missing: "nobody"})
    assert not Case.objects.exists()


def test_somebody_without_the_right_writes_nothing(file, options, officer):
    with pytest.raises(CommandError, match="role"):
        call_command("import_cases", file, **options | {"by": officer.username})
    with pytest.raises(NotAllowed):
        runner.commit(file, office=officer.office, owner=officer, by=officer)
    assert not Case.objects.exists()


def test_a_file_that_is_no_table_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "scan.csv"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError, match="PDF file"):
        call_command("import_cases", path)
