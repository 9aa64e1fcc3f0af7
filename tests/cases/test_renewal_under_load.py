"""Data keys are renewed while officers write and read: nobody is refused, nothing is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cases.renewing import CASES, ROUNDS

ROOT = Path(__file__).resolve().parent.parent.parent


def test_renewing_under_load_loses_nothing(own_databases: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cases.renewing"],
        cwd=ROOT,
        env=os.environ | own_databases,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["changes"] > CASES
    del told["changes"]
    assert told == {
        "errors": [],
        "renewed": CASES * (ROUNDS + 1),
        "findings": [],
        "unsettled": 0,
        "under_old_keys": 0,
        "wrong_names": 0,
    }
