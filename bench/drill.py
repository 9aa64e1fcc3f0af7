"""The drill: keys rotate, a case is erased, an old backup comes back, all is killed over and over.

python -m bench.drill [--cases 1000] [--rounds 50] runs it in a temporary directory, says what it found,
and ends with an error when anything was lost, came back, or lay about in clear.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyrage import x25519

from tests.browser.sweep import find_words
from tests.config.places import FOR_EVER, IN_FILE, NAME, TOLD, Place, without_databases

CLEAR = (NAME, TOLD, IN_FILE)  # what the deeds write about people who do not exist
ROUND_CASES = 40  # of the installation that is killed
PAUSE = 0.1  # seconds between two cases, or two files, that come meanwhile
FEW = 3  # cases that an erasure is killed in, each round


class Failure(Exception):
    """Something is not as it must be; the message says what."""


def main(cases: int, rounds: int, seed: int) -> None:
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="tutela-drill-") as folder:
        home = Path(folder)
        here = installed(home / "here", cases)
        rotate_under_load(here)
        restore_from_before_an_erasure(here, home)
    with tempfile.TemporaryDirectory(prefix="tutela-drill-") as folder:
        kill_at_random(installed(Path(folder) / "here", ROUND_CASES), rounds, random.Random(seed))
    say("Nothing was lost, nothing came back, nothing lay about in clear.")


# --- The parts ------------------------------------------------------------------------
def installed(home: Path, cases: int) -> Place:
    """An installation with this many cases, and files in some of them."""
    home.mkdir()
    place = Place(home, patience=3600)
    with taking(f"{cases} cases written"):
        place.install(cases)
        place.do("add_files", 20)
    return place


def rotate_under_load(here: Place) -> None:
    """New keys for everything, while cases and files come."""
    before = here.contents()
    done: list[str] = []
    with (
        here.doing("register", FOR_EVER, PAUSE) as writer,
        here.doing("add_files", FOR_EVER, PAUSE) as uploads,
    ):
        first(writer), first(uploads)
        for what in ("--kek", "--dek"):
            with taking(f"rotate_keys {what} under load"):
                here.manage("rotate_keys", what)
        require(writer.poll() is None and uploads.poll() is None, "a writer broke off")
        done += killed(writer)
        files = killed(uploads)
    after = here.contents()
    lost = [case for case in done if case not in after]
    require(not lost, f"{len(lost)} registered cases are gone")
    check_contents(before, after, files)
    check_log(here)
    say(f"  {len(done)} cases and {len(files)} files came meanwhile, every one opens")


def restore_from_before_an_erasure(here: Place, home: Path) -> None:
    """A case that was erased after the backup opens nowhere when the backup is restored."""
    key = x25519.Identity.generate()
    (home / "identity.txt").write_text(f"{key}\n")
    backups = home / "backups"
    backups.mkdir()
    before = here.contents()
    with taking("backup"):
        here.manage("backup", backups, "--to", key.to_public())
    here.variables["TUTELA_BACKUP_DIR"] = str(backups)
    erased = next(case for case, content in before.items() if "=" in content)  # it has a file
    with taking("erasure of a case"):
        require(
            here.do("erase", erased)[-1] == f"finished {erased}", "the erasure was not finished"
        )
    there = without_databases(here, home / "there")
    there.patience = here.patience
    with taking("restore of the backup from before"):
        said = there.manage("restore", backups, "--identity", home / "identity.txt")
    require("Erased again: 1." in said, "the erasure was not repeated")
    for place in (here, there):
        after = place.contents()
        require(after.pop(erased) == "erased", "the erased case opens")
        require(after == {c: before[c] for c in before if c != erased}, "other cases changed")
        proofs = place.do("prove_erasures")
        require(len(proofs) == 1, "the erasure is not proven")
        require(place.do("half_erased") == [], "something of the erased case is left")
        check_log(place)
        check_clear(place)
    check_clear(backups)
    say(f"  {len(before) - 1} cases open in both, the erased one in neither; {proofs[0]} proven")


def kill_at_random(here: Place, rounds: int, rng: random.Random) -> None:
    """kill -9 while keys rotate, cases are erased and files come, all at once."""
    here.variables["TUTELA_BACKUP_DIR"] = str(here.home / "ledger")
    (here.home / "ledger").mkdir()
    known = here.contents()
    files: list[str] = []
    finished: set[str] = set()
    with taking(f"{rounds} rounds of kill -9"):
        for number in range(rounds):
            doomed = here.do("register", FEW)
            known |= {case: content for case, content in here.contents().items() if case in doomed}
            told = one_round(here, doomed, rng)
            files += told["add_files"]
            finished |= {c for line in told["erase"] for s, c in [line.split()] if s == "finished"}
            here.do("finish_erasures")
            after = here.contents()
            gone = {case for case, content in after.items() if content == "erased"}
            require(finished <= gone, "an erased case opens")
            require(here.do("half_erased") == [], "an erasure is half done")
            known = {case: content for case, content in known.items() if case not in gone}
            check_contents(known, after, files)
            check_clear(here)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r  round {number + 1}, {len(gone)} erased, {len(files)} files ")
    check_log(here)
    require(len(here.do("prove_erasures")) == len(gone), "an erasure is not proven")
    say(
        f"  {len(gone)} cases erased, {len(gone - finished)} of them after a kill in the middle;"
        f" {len(files)} files told of; {here.do('sealed_anew')[0]} times a case sealed anew"
    )


def one_round(here: Place, doomed: list[str], rng: random.Random) -> dict[str, list[str]]:
    """Begin three deeds, kill all of them at once; what each had told until then."""
    with (
        here.doing("renew_every") as renewal,
        here.doing("add_files", FOR_EVER) as uploads,
        here.doing("erase", *doomed) as erasure,
    ):
        processes = {"renew_every": renewal, "add_files": uploads, "erase": erasure}
        told = {"erase": [first(erasure)], "add_files": [], "renew_every": []}
        time.sleep(rng.uniform(0, 0.6))
        for process in processes.values():
            os.killpg(process.pid, signal.SIGKILL)
        for name, process in processes.items():
            told[name] += killed(process)
    return told


# --- What must be true ----------------------------------------------------------------
def check_contents(before: dict[str, str], after: dict[str, str], files: list[str]) -> None:
    """Every case reads as before, but for files that came; every file that was told of is there."""
    for case, content in before.items():
        missing = set(content.split()) - set(after.get(case, "").split())
        require(not missing, f"case {case} reads {after.get(case)} instead of {content}")
    for line in files:
        case, row = line.split()
        content = after.get(case, "")
        require(content == "erased" or f"{row}=" in content, f"the file {row} of {case} is gone")
    broken = {
        content for content in after.values() if content in ("Damaged", "NotFound", "CannotOpen")
    }
    require(not broken, f"cases are {broken}")


def check_log(place: Place) -> None:
    with taking("verify_audit"):
        require("The record holds." in place.manage("verify_audit"), "the record does not hold")


def check_clear(place: Place | Path) -> None:
    """Search everything below a place, its temporary directory included, for what was written."""
    home = place.home if isinstance(place, Place) else place
    found = find_words(CLEAR, (path for path in home.rglob("*") if path.is_file()))
    require(not found, f"in clear: {found[:3]}")


def require(is_true: bool, otherwise: str) -> None:
    if not is_true:
        raise Failure(otherwise)


# --- Processes ------------------------------------------------------------------------
def first(process: subprocess.Popen[str]) -> str:
    """The first line it tells."""
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line:
        raise Failure(f"a deed could not begin: {process.communicate()[1][-2000:]}")
    return line


def killed(process: subprocess.Popen[str]) -> list[str]:
    """Kill it, if it lives; whatever it told and was not read. A line that was cut is none."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    text, errors = process.communicate()
    require("Traceback" not in errors, f"a deed broke off: {errors[-2000:]}")
    return [line.strip() for line in text.splitlines(True) if line.endswith("\n")]


@contextmanager
def taking(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    say(f"{time.perf_counter() - started:7.1f} s  {what}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    try:
        main(chosen.cases, chosen.rounds, chosen.seed)
    except Failure as failure:
        sys.exit(f"The drill failed: {failure}")
