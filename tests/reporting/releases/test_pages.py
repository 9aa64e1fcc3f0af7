"""Pages and commands of releases: who sees what, and that both do what the services do."""

import io
import re
import zipfile
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import Event
from audit.verbs import Verb
from reporting.releases import services
from reporting.releases.forms import ReleaseForm
from reporting.releases.kinds import KINDS
from reporting.releases.models import Release, ReleaseState

pytestmark = pytest.mark.django_db
ASKED = {
    "kind": "dp_tables",
    "year": "2021",
    "title": "Persons of 2021",
    "tables": "Sex\nsex, Type of  exploitation\n\nage,gender",
    "rho": "1/4",
}


def test_a_release_goes_from_the_form_to_the_zip(client_for, of_2021, yury, director):
    analyst, decides = client_for(yury), client_for(director)
    answer = analyst.post(reverse("reporting:release_propose"), ASKED)
    release = Release.objects.get()
    at = reverse("reporting:release", args=[release.pk])
    assert answer.url == at
    assert release.definition["tables"] == [
        ["gender"],
        ["gender", "exploitation"],
        ["age", "gender"],
    ]
    page = analyst.get(at).content.decode()
    assert "somebody else has to decide" in page and 'value="approve"' not in page
    assert "ρ = 0.25" in page and "0.81 of 0.81" in page
    assert "Sex by Type of exploitation" in page
    page = decides.get(at).content.decode()
    assert 'value="approve"' in page
    assert decides.post(at, {"act": "approve"}).url.startswith("/jobs/")
    release.refresh_from_db()
    assert release.state == ReleaseState.PUBLISHED
    page = analyst.get(at).content.decode()
    assert "0.56 of 0.81" in page
    answer = analyst.get(reverse("reporting:release_file", args=[release.pk]))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "index.html" in archive.namelist()
    assert Event.objects.filter(verb=Verb.RELEASE_DOWNLOADED).count() == 1
    assert not re.search(r"\sstyle=", page)


def test_declining_is_one_click_and_final(client_for, propose, yury, director):
    release = propose()
    at = reverse("reporting:release", args=[release.pk])
    client_for(director).post(at, {"act": "decline"})
    assert "Declined" in client_for(yury).get(at).content.decode()
    assert client_for(director).post(at, {"act": "approve"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tables": "Sex\nOffice"}, "There is no such dimension"),
        ({"tables": "citizenship, country"}, "at most 3000 cells"),
        ({"tables": " "}, "Choose at least one table"),
        ({"tables": "sex\nsex"}, "Choose each table once"),
        ({"year": "2050"}, "Select a valid choice"),
        ({"kind": "raw"}, "What to publish"),
        ({"rho": "5"}, "Select a valid choice"),
    ],
)
def test_the_form_says_what_is_wrong(client_for, yury, change, words):
    answer = client_for(yury).post(reverse("reporting:release_propose"), ASKED | change)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Release.objects.exists()


def test_the_form_begins_with_tables_that_can_be_published(client_for, yury):
    form = ReleaseForm.first(KINDS["dp_tables"])
    asked = ASKED | {"tables": form.initial["tables"]}
    assert client_for(yury).post(reverse("reporting:release_propose"), asked).status_code == 302


def test_who_may_come_where(client_for, propose, alena, yury, director, make_other):
    release = propose()
    donor = make_other("donor", "donor")
    listed, one = reverse("reporting:releases"), reverse("reporting:release", args=[release.pk])
    assert client_for(alena).get(listed).status_code == 403
    assert release.title not in client_for(donor).get(listed).content.decode()
    assert client_for(donor).get(one).status_code == 404
    assert client_for(director).get(reverse("reporting:release_propose")).status_code == 403
    file = reverse("reporting:release_file", args=[release.pk])
    assert client_for(yury).get(file).status_code == 404  # not published yet


def say(*words: str) -> str:
    told = io.StringIO()
    call_command("statistics", *words, stdout=told)
    return told.getvalue()


def test_the_same_from_the_command_line(of_2021, yury, director, tmp_path):
    asked = (
        "--year",
        "2021",
        "--title",
        "From the shell",
        "--table",
        "gender,age",
        "--rho",
        "1/10",
    )
    assert "Proposed" in say("release", "--as", "yury", *asked)
    release = Release.objects.get()
    with pytest.raises(CommandError, match="does not include deciding"):
        say("release", str(release.pk), "--as", "yury", "--approve")
    out = tmp_path / "open"
    told = say("release", str(release.pk), "--as", "dana", "--approve", "--out", str(out))
    assert "Published" in told
    lines = (out / "SHA256SUMS").read_text().splitlines()
    assert len(lines) > 5
    for line in lines:
        digest, name = line.split("  ")
        assert sha256((out / name).read_bytes()).hexdigest() == digest
    with pytest.raises(CommandError, match="new or empty"):
        say("release", str(release.pk), "--as", "dana", "--out", str(out))
    assert "From the shell" in say("release", "--as", "yury")
    told = say("ledger", "--as", "dana")
    assert "2021/1  rho 1/10" in told and "2021: 71/100 of 81/100 left" in told
    assert "DOES NOT" not in told


def test_the_ledger_is_for_those_who_publish(alena):
    with pytest.raises(CommandError):
        say("ledger", "--as", "alena")


def test_a_wrong_table_of_the_command_is_told(yury):
    with pytest.raises(CommandError, match="no such dimension"):
        say("release", "--as", "yury", "--year", "2021", "--title", "T", "--table", "office")
    assert list(services.releases_for(yury)) == []
