"""Releases that are published, as it is done and without anybody's persons being read."""

from fractions import Fraction

from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from reporting.releases import dp_tables, ledger, services
from reporting.releases.folder import pack
from reporting.releases.models import Release, ReleaseFiles, ReleaseState
from vault.secrets import seal_system


def approve_and_make(release: Release, *, by: User) -> Release:
    """Approve it and go on at once, as the command does."""
    return services.make_release(services.approve_release(release, by=by), by=by)


def published_release(*, proposed_by: User, approved_by: User, year: int = 2021) -> Release:
    """A release of one table with its entry in the ledger, and a folder of one file."""
    rho = Fraction(1, 10)
    release = Release(
        kind="dp_tables",
        year=year,
        title=f"Of {year}",
        definition=dp_tables.define({"year": year, "tables": [["gender"]], "rho": rho}),
        state=ReleaseState.PUBLISHED,
        asked_by=proposed_by,
        asked_as="analyst",
        decided_by=approved_by,
        decided_as="director",
        decided_at=timezone.now(),
        published_at=timezone.now(),
    )
    trail.save(release, verb=Verb.RELEASE_PUBLISHED, by=approved_by)
    charge = ledger.Charge(rho, "made up")
    ledger.spend(release, year, charge, ledger.entries(year), by=approved_by)
    files = ReleaseFiles(release=release, part="folder")
    archive = pack({"index.html": b"<p>Figures</p>"})
    files.content_sealed = seal_system(services.PURPOSE, f"{release.pk}/folder", archive)
    trail.save(files, verb=Verb.RELEASE_PUBLISHED, by=approved_by)
    return release
