"""Which backups are past their time: data for years, one a month in the end; keys for days.

A copy of the key store opens cases that were erased after it was made. So all of them go when their days
are over, and only then is an erasure complete. Old data open with the newest key store.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from config.backups.manifest import made_at

EVERY = timedelta(days=35)  # data of these days stay whole; of older months, the first backup stays
DATA, KEYS, MANIFEST = ".data.age", ".keys.age", ".json"


def past_retention(paths: Iterable[Path], now: datetime) -> list[Path]:
    """Those of these files whose time is over. The newest backup always stays."""
    moments = {path: moment for path in paths if (moment := made_at(path))}
    if not moments:
        return []
    newest = max(moments.values())
    keys_until = now - timedelta(days=settings.BACKUP_KEYS_DAYS)
    data_until = now - timedelta(days=settings.BACKUP_DATA_DAYS)
    first_of_month: dict[str, datetime] = {}
    for moment in sorted(moments.values()):
        first_of_month.setdefault(f"{moment:%Y-%m}", moment)

    def is_past(path: Path, moment: datetime) -> bool:
        if moment == newest:
            return False
        if path.name.endswith(KEYS):
            return moment < keys_until
        if moment < data_until:
            return True
        return moment < now - EVERY and moment != first_of_month[f"{moment:%Y-%m}"]

    return sorted(path for path, moment in moments.items() if is_past(path, moment))
