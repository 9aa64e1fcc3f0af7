"""Which backups go: keys after days, data one by one until a month keeps its first."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.backups.manifest import STAMP
from config.backups.retention import past_retention

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
ENDINGS = (".data.age", ".keys.age", ".json")


@pytest.fixture(autouse=True)
def times(settings):
    settings.BACKUP_DATA_DAYS, settings.BACKUP_KEYS_DAYS = 5 * 365, 7


def files_of(moment: datetime) -> list[Path]:
    return [Path(f"tutela-0a1b2c3d-{moment.strftime(STAMP)}{ending}") for ending in ENDINGS]


def left_after(days: int) -> dict[str, set[int]]:
    """Age in days of what is left of daily backups, of each kind, when each run also prunes."""
    kept: set[Path] = set()
    for ago in range(days, -1, -1):
        now = NOW - timedelta(days=ago)
        kept |= set(files_of(now))
        kept -= set(past_retention(kept, now))
    age = {path: (NOW - _moment(path)).days for path in kept}
    return {e: {days for path, days in age.items() if path.name.endswith(e)} for e in ENDINGS}


def _moment(path: Path) -> datetime:
    return datetime.strptime(path.name.split("-")[2].split(".")[0], STAMP).replace(tzinfo=UTC)


def test_keys_are_kept_for_seven_days_and_never_longer():
    assert left_after(400)[".keys.age"] == set(range(8))


def test_data_are_kept_daily_then_monthly_then_not_at_all():
    left = left_after(7 * 365)
    data = left[".data.age"]
    assert set(range(36)) <= data
    older = sorted(days for days in data if days > 35)
    assert 57 <= len(older) <= 61 and max(older) <= 5 * 365
    assert {(NOW - timedelta(days=days)).day for days in older} == {1}
    assert left[".json"] == data


def test_the_newest_stays_however_old_it_is():
    lonely = files_of(NOW - timedelta(days=4000))
    assert past_retention(lonely, NOW) == []
    assert past_retention([*lonely, *files_of(NOW)], NOW) == sorted(lonely)


def test_nothing_else_is_ever_named():
    other = [
        "erasures.txt",
        "tutela-0a1b2c3d-20200101T000000Z.data.age.part",
        "notes.json",
        "root.key",
    ]
    assert past_retention([*map(Path, other), *files_of(NOW)], NOW) == []
