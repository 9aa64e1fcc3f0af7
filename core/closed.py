"""Is Tutela closed for a while? Files in the data directory say so, to every process at once.

They ask nothing of the databases, which may be what is being mended.
"""

from pathlib import Path

from django.conf import settings


def maintenance_marker() -> Path:
    """The file that is there during maintenance; in it stands when that is expected to be over."""
    return settings.DATA_DIR / "maintenance"


def restore_marker() -> Path:
    """A file that is there from the first step of a restore to its last."""
    return settings.DATA_DIR / "restore-not-finished"


def is_closed() -> bool:
    """Is there maintenance, or a restore that has not ended?"""
    return maintenance_marker().exists() or restore_marker().exists()
