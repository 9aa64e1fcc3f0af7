"""The shell blocks of docs/runbooks/restore.md, run as they stand in other places."""

import os
import re
import subprocess
from collections.abc import Collection
from pathlib import Path

from tests.browser.served import ROOT

RUNBOOK = ROOT / "docs" / "runbooks" / "restore.md"
BLOCK = re.compile(r"^```sh(?: (\w+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACES = ("/opt/tutela", "/srv/tutela", "/etc/tutela", "/mnt/backup", "/media/safe", "/media/usb")


def blocks(tags: Collection[str] = ("",)) -> list[str]:
    """The blocks in their order: those without a tag, and those with one of `tags`."""
    return [code for tag, code in BLOCK.findall(RUNBOOK.read_text()) if tag in tags]


def at(home: Path, place: str) -> Path:
    """Where a place of the runbook is in a test."""
    return ROOT if place == "/opt/tutela" else home / place[1:]


def run(
    code: str, home: Path, *, other: dict[str, str], variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a block with its places below `home`, and these other words exchanged. It must succeed."""
    places = {place: str(at(home, place)) for place in PLACES}
    for word, instead in (places | other).items():
        code = code.replace(word, instead)
    left = {name: value for name, value in os.environ.items() if not name.startswith("TUTELA_")}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "KEYS_DATABASE_URL"):
        left.pop(name, None)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        env=left | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended
