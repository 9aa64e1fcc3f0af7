"""An auditor's desk: `check` runs the program in this process and returns what it said."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.verify.logs import Log, put
from verify import tutela_verify


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[str]:
        return self.json["findings"]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


Check = Callable[..., Said]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """check(folder, "--key", …) runs the program as the command line would, printing JSON."""

    def run(*arguments: object, plain: bool = False) -> Said:
        words = [str(argument) for argument in arguments] + ([] if plain else ["--json"])
        try:
            code = tutela_verify.main(words)
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return run


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """keep("kept.txt", text): a file on the auditor's disk."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        put(path, content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def log() -> Log:
    """600 events: two full bundles and a partial one."""
    return Log().fill(600)
