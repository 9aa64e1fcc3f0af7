"""What Tutela does on its own account leaves events: how many, never who."""

from datetime import UTC, datetime, timedelta

import pytest

from audit import signing
from audit.verbs import Verb
from cases.services import attachments
from config.backups import making, manifest, retention
from config.demo import office as demo
from reporting import services as reporting
from reporting.dimensions import DIMENSIONS
from reporting.tables import Definition
from tests.conftest import SENTINELS
from tests.guards import log

pytestmark = pytest.mark.django_db


def test_a_run_of_the_statistics_is_recorded_with_its_definition(case, yury):
    start = log.size()
    snapshot = reporting.take_snapshot(by=yury)
    reporting.view_table(Definition("gender", "age", ""), by=yury)
    [frozen] = [event for event in log.since(start) if event.object == snapshot.pk]
    [looked_up] = [event for event in log.since(start) if event.verb == Verb.STATISTICS_VIEWED]
    assert (frozen.verb, frozen.actor) == (Verb.STATISTICS_FROZEN, yury.pk)
    assert log.details(frozen) == {
        "dimensions": list(DIMENSIONS),
        "at once": 3,
        "threshold": 11,
        "noise": 5,
    }
    told = {"snapshot": str(snapshot.pk), "number": 1, "form": "page"}
    assert log.details(looked_up) == told
    assert log.told(looked_up)["reason"] == "gender.age"
    for event in log.since(start):
        entry = log.told(event)
        shown = str(entry) + str(log.details(event) if "sealed" in entry else "")
        assert entry["cases"] == [] and str(case.pk) not in shown, "whom it counted is not told"


def test_backups_that_are_removed_are_counted(tmp_path):
    now = datetime.now(UTC)
    key = signing.verifier_key()
    for age in (0, 1, 8, 9):
        name = manifest.name_at(key, now - timedelta(days=age))
        (tmp_path / f"{name}{retention.KEYS}").touch()
    start = log.size()
    assert len(making.prune(tmp_path, now)) == 2
    [event] = log.since(start)
    assert (event.verb, log.told(event)["reason"]) == (Verb.BACKUPS_PRUNED, "2 files")
    assert making.prune(tmp_path, now) == []
    assert log.size() == start + 1


def test_jobs_that_find_nothing_to_do_leave_nothing(case, own_files):
    start = log.size()
    attachments.sweep()
    assert log.size() == start


@pytest.mark.slow
def test_loading_the_demonstration_is_recorded(settings, tmp_path, db):
    settings.DATA_DIR = tmp_path
    assert demo.load(cases=12) == 12
    [loaded] = [event for event in log.since(0) if event.verb == Verb.DEMO_LOADED]
    assert log.told(loaded)["reason"] == "12 cases"
    first_account = next(e for e in log.since(0) if e.verb == Verb.ACCOUNT_MADE)
    assert loaded.seq < first_account.seq, "what breaks off is a demonstration, too"
    size = log.size()
    assert demo.load(cases=12) == 0
    assert log.size() == size
    assert not [word for word in SENTINELS.values() if word in str(log.told(loaded))]
