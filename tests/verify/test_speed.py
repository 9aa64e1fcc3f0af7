"""Fast enough to be used: measured against the hashing and parsing that nobody can leave out."""

import json
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tests.verify.conftest import Check
from tests.verify.logs import Log


def cpu_seconds(work: Callable[[], object]) -> float:
    """The best of three, in time of this process: others on the machine do not count."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def test_checking_takes_at_most_twice_as_long_as_bare_hashing_and_parsing(
    tmp_path: Path, check: Check
) -> None:
    log = Log().fill(15_000)
    log.write(tmp_path)
    two_nodes = bytes(65)

    def bare() -> None:
        for entry in log.entries:
            sha256(b"\x00" + entry).digest()  # the leaf
            sha256(two_nodes).digest()  # a node of the tree
            json.loads(entry)

    ratio = cpu_seconds(bare) / cpu_seconds(lambda: check(tmp_path, "--key", log.signer.vkey))
    assert ratio > 1 / 2, f"{ratio:.0%} of the speed of the bare loop"
