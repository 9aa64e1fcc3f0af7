"""Tutela as a self-hoster starts it: `manage.py start --demo` in a folder of its own."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CASES = 120  # enough that some figures of the statistics are shown and some are not
OUTPUT = "output.log"
START = 240  # seconds until it must serve, on a machine that is busy with other things
STOP = 15  # seconds until it must have ended


@dataclass(frozen=True)
class Served:
    """A running Tutela and the folder with everything it writes."""

    home: Path
    port: int
    group: int  # of the server's processes

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def output(self) -> Path:
        """What the server printed."""
        return self.home / OUTPUT

    @property
    def password(self) -> str:
        """Of every account of the demonstration."""
        text = (self.data / "demo-accounts.txt").read_text()
        return re.search(r"password of all of them: (\S+)", text)[1]

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command beside the server, on the same data."""
        return manage(self.home, *words)

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """The server stops where it is, with the journals of its databases on the disk."""
        os.killpg(self.group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.group, signal.SIGCONT)

    @contextmanager
    def worker_held_still(self) -> Iterator[None]:
        """The pages are served, and nobody does background work."""
        words = ["pgrep", "-g", str(self.group), "-f", "manage.py work"]
        found = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        for pid in found:
            os.kill(int(pid), signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in found:
                os.kill(int(pid), signal.SIGCONT)

    def database(self) -> closing[sqlite3.Connection]:
        """The database file behind the application's back."""
        return closing(sqlite3.connect(self.data / "tutela.sqlite3", timeout=20))


def environment(home: Path) -> dict[str, str]:
    """This process's environment without its settings, and with folders below `home`."""
    names = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "KEYS_DATABASE_URL", "PGHOST")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith("TUTELA_")
    }
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return kept | {
        "TUTELA_DATA_DIR": str(home / "data"),
        "TUTELA_KEY_FILE": str(home / "keys" / "root.key"),
        "TUTELA_DEMO": "1",
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
    }


def manage(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with its data below `home` and wait for it."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=START,
    )


@contextmanager
def serving(home: Path, *, cases: int = CASES, **variables: str) -> Iterator[Served]:
    """Start Tutela with made-up cases, and end it with everything it started.

    `variables` are settings, as in the environment.
    """
    port = _free_port()
    words = ["start", "--demo", "--demo-cases", str(cases), "--port", str(port)]
    with (home / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=environment(home) | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    served = Served(home, port, process.pid)
    try:
        _wait_until_served(served, process)
        yield served
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_served(served: Served, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + START
    while time.monotonic() < last:
        if process.poll() is not None:
            raise RuntimeError(f"Tutela did not start:\n{served.output.read_text()}")
        if _answers(served.port):
            return
        time.sleep(0.2)
    raise RuntimeError(f"Tutela does not answer after {START} s:\n{served.output.read_text()}")


def _answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", "/account/sign-in/")
            return connection.getresponse().status in (200, 301)  # 301: it wants TLS
        except OSError:
            return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the server and its workers; those who linger are killed."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
