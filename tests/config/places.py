"""Installations of Tutela in folders of their own, which the tests of backups lose and restore."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.served import ROOT, environment

FOR_EVER = 1_000_000
# What these deeds write about people who do not exist, to be searched for in what lies about.
NAME = "Сентинельская"
TOLD = "Held behind the brickworks near Hlybokaye"
IN_FILE = "Scanned statement of the witness Karavaeva"


@dataclass
class Place:
    """A folder with data and root key, and the databases if they are elsewhere."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    patience: int = 240  # seconds for one command

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def key_file(self) -> Path:
        return self.home / "keys" / "root.key"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.home) | self.variables

    def run(self, *words: object, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a management command here, with these lines as its input, and wait for it."""
        return subprocess.run(
            self.command(*words),
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=self.patience,
        )

    def manage(self, *words: object) -> str:
        """Run a management command that must succeed; what it says."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def refusal(self, *words: object) -> str:
        """Run a management command that must fail with a message; the message."""
        ended = self.run(*words)
        assert ended.returncode != 0, ended.stdout
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.stderr

    def shell(self, code: str) -> str:
        """Run Python code here; what it prints."""
        return self.manage("shell", "--no-imports", "--command", code)

    def begin(self, *words: object) -> subprocess.Popen[str]:
        """Begin a management command in a process group of its own."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def do(self, what: str, *words: object) -> list[str]:
        """Let something be done here (tests/config/deeds.py), and wait for it; what it tells."""
        ended = subprocess.run(
            self.deed(what, *words),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=self.patience,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout.splitlines()

    def contents(self) -> dict[str, str]:
        """Case → digest of everything that can be read in it, or "erased"."""
        return json.loads(self.do("contents")[0])

    @contextmanager
    def doing(self, what: str, *words: object) -> Iterator[subprocess.Popen[str]]:
        """Let something be done while the block runs; whatever is left of it is killed then."""
        process = subprocess.Popen(
            self.deed(what, *words),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    @staticmethod
    def deed(what: str, *words: object) -> list[str]:
        return [sys.executable, "-m", "tests.config.deeds", what, *map(str, words)]

    @staticmethod
    def command(*words: object) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *map(str, words)]

    def install(self, cases: int) -> None:
        """What `manage.py start --demo` does before it serves; without cases there are no people."""
        unlock = "from config.startup import unlock; unlock()"
        self.manage("migrate", "--database", "keys", "--verbosity", 0)
        self.shell(unlock)
        self.manage("migrate", "--verbosity", 0)
        self.manage("createcachetable", "--verbosity", 0)
        if cases:
            self.manage("load_demo", "--cases", cases)

    def files(self) -> Iterator[Path]:
        """Every file of the data."""
        return (path for path in self.data.rglob("*") if path.is_file())


def copied(place: Place, home: Path) -> Place:
    """The same installation once more: nobody may be using it."""
    subprocess.run(["cp", "-a", place.home, home], check=True)
    return Place(home, dict(place.variables))


def without_databases(place: Place, home: Path) -> Place:
    """An empty place with the root key of this one: where a backup is restored."""
    home.mkdir()
    os.makedirs(home / "keys", mode=0o700)
    (home / "keys" / "root.key").write_bytes(place.key_file.read_bytes())
    (home / "keys" / "root.key").chmod(0o600)
    return Place(home)
