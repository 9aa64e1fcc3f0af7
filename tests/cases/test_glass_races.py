"""Broken glass under races: the limit, one case twice, access that ends while its reader waits."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cases.breaking import AT_ONCE

ROOT = Path(__file__).resolve().parent.parent.parent


def test_what_happens_at_once_breaks_no_rule(own_databases: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cases.breaking"],
        cwd=ROOT,
        env=os.environ | own_databases,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        "limit": [*["WrongState"] * (AT_ONCE - 1), "done"],
        "one_case": [*["NotAllowed"] * (AT_ONCE - 1), "done"],
        "open": 3,
        "expiring": ["NotFound"],
        "ends": 4,
        "sees": 0,
    }
