"""Has the checker look into a file, in a process of its own; see cases/files/checker.py."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import Any

from django.conf import settings

from cases.files.problems import Problem, Readable
from vault.files import Sink

SECONDS = 60  # from start to end, whatever it waits for
PATIENCE = 20  # seconds until another's file has been looked into
PIECE = 2**20  # bytes
LINE = 1000  # bytes of what was found
MOST = 400 * 2**20  # bytes of a file written anew

_one_at_a_time = Lock()  # in each web process: the memory of one checker is reckoned with


def look_into(task: str, media_type: str, content: Readable, anew: Sink | None) -> dict[str, int]:
    """What was found. A file that is written anew goes to `anew`. Raises Problem.

    `content` goes to the checker through a pipe, and so does what comes back: nothing of it lies on
    the disk.
    """
    with _turn(), _checker(task, media_type) as process:
        with suppress(BrokenPipeError):  # it ended early; what it says comes below
            while piece := content.read(PIECE):
                process.stdin.write(piece)
            process.stdin.close()
        found = _found(process.stdout.readline(LINE))
        size = 0
        while anew is not None and (piece := process.stdout.read(PIECE)):
            size += len(piece)
            if size > MOST:
                raise Problem("too_large")
            anew.write(piece)
        process.stdout.close()
        if process.wait():  # it ended in the middle of what it wrote
            raise Problem("unreadable")
    return found


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one's turn, but not so long that all who serve pages stand in line."""
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise Problem("busy")
    try:
        yield
    finally:
        _one_at_a_time.release()


@contextmanager
def _checker(task: str, media_type: str) -> Iterator[Any]:
    """The process; killed when it is left early or takes too long."""
    words = [sys.executable, "-E", "-s", "-B", "-m", "cases.files.checker", task, media_type]
    process = subprocess.Popen(
        words,
        cwd=settings.BASE_DIR,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    timer = Timer(SECONDS, process.kill)
    timer.start()
    try:
        yield process
    finally:
        timer.cancel()
        process.kill()
        with suppress(OSError):  # closing flushes into a pipe that may be broken
            process.stdin.close()
        process.stdout.close()
        process.wait()


def _found(line: bytes) -> dict[str, int]:
    """What the checker said, or Problem: it found one, or it died of the file."""
    try:
        found = json.loads(line)
    except ValueError:
        raise Problem("too_much") from None
    if "problem" in found:
        raise Problem(str(found["problem"]))
    return {str(name): int(value) for name, value in found.items()}
