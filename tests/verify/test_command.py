"""The program as an auditor meets it: its words, its JSON, its exit codes."""

import ast
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, put, tile

PROGRAM = Path(__file__).parents[2] / "verify" / "tutela_verify.py"
Keep = Callable[[str, str | bytes], Path]


def test_the_report_tells_what_was_checked_and_how_it_ended(
    log: Log, tmp_path: Path, check: Check, keep: Keep
) -> None:
    kept = keep("kept.txt", log.note(300))
    rows = keep("rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in log.rows()))
    arguments = [log.write(tmp_path / "log"), "--key", log.signer.vkey]
    told = check(*arguments, "--checkpoint", kept, "--rows", rows, plain=True).out.splitlines()
    assert told[0].startswith("registry.example.org/log: 600 events, ")
    assert "           600  events read" in told
    assert "             4  hash tiles compared" in told
    assert f"{len(log.versions):>14}  rows compared" in told
    assert f"compared with {kept}: the log at 300 events" in told
    assert not [line for line in told if "not checked" in line]
    assert told[-2:] == ["", "The record holds."]


def test_the_report_tells_what_was_not_checked(log: Log, tmp_path: Path, check: Check) -> None:
    out = check(log.write(tmp_path), "--key", log.signer.vkey, plain=True).out
    assert "not checked: whether somebody who has the log's key wrote it anew" in out
    assert "not checked: whether the tables are as the log tells" in out


def test_findings_come_last_but_for_the_verdict(log: Log, tmp_path: Path, check: Check) -> None:
    log.write(tmp_path)
    tile(tmp_path, 0, 1).unlink()
    told = check(tmp_path, "--key", log.signer.vkey, plain=True).out.splitlines()
    assert told[-3:] == [
        "",
        "tile/0/001 is missing, or has not the size of 256 hashes.",
        "The record does NOT hold.",
    ]


def test_json_tells_the_same(log: Log, tmp_path: Path, check: Check) -> None:
    said = check(log.write(tmp_path), "--key", log.signer.vkey)
    assert said.json["holds"] is True
    assert said.json["log"] == log.signer.name
    assert said.json["root"] == log.note().split("\n")[2]
    assert said.json["more_findings"] == 0
    assert said.json["seconds"] > 0
    tile(tmp_path, 0, 1).unlink()
    assert check(tmp_path, "--key", log.signer.vkey).json["holds"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: --key"),
        (["--key", "K"], "give a log, or a proof"),
        (["--key", "K", "LOG", "--proof", "x"], "--proof and --entry go together"),
        (["--key", "K", "LOG", "--entry", "x"], "--proof and --entry go together"),
        (
            ["--key", "K", "--proof", "x", "--entry", "x", "--rows", "x"],
            "--rows needs the whole log",
        ),
        (["--key", "K", "LOG", "--jobs", "0"], "--jobs is 1 or more"),
        (["--key", "K", "LOG", "--tolerance", "-1"], "--tolerance 0 or more"),
        (["--key", "K", "LOG", "--tolerance", "nan"], "invalid int value"),
        (["--key", "K", "nowhere"], "There is no checkpoint in nowhere."),
        (["--key", "K", "LOG", "--checkpoint", "nowhere"], "nowhere cannot be read: No such file"),
        (["--key", "K", "LOG", "--rows", "nowhere"], "nowhere cannot be read: No such file"),
        (["--key", "K", "LOG", "--checkpoint", "/"], "/ cannot be read: Is a directory"),
        (["--key", "K", "--proof", "nowhere", "--entry", "x"], "nowhere cannot be read"),
    ],
)
def test_unusable_input_is_2(
    log: Log, tmp_path: Path, check: Check, arguments: list[str], words: str
) -> None:
    log.write(tmp_path)
    known = {"K": log.signer.vkey, "LOG": str(tmp_path)}
    said = check(*(known.get(word, word) for word in arguments))
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_a_folder_in_place_of_a_file_is_unusable(log: Log, tmp_path: Path, check: Check) -> None:
    log.write(tmp_path)
    tile(tmp_path, 0, 1).unlink()
    tile(tmp_path, 0, 1).mkdir()
    said = check(tmp_path, "--key", log.signer.vkey)
    assert said.code == 2
    assert "tile/0/001 in" in said.err


def test_several_processes_find_the_same(log: Log, tmp_path: Path, check: Check) -> None:
    log.fill(256 * 40)
    log.write(tmp_path)
    tile(tmp_path, 0, 1).unlink()
    put(tile(tmp_path, "entries", 20), b"")
    one = check(tmp_path, "--key", log.signer.vkey)
    two = check(tmp_path, "--key", log.signer.vkey, "--jobs", 2)
    assert len(one.findings) > 2
    assert {**one.json, "seconds": 0} == {**two.json, "seconds": 0}


# --- on a computer that has nothing else --------------------------------------------------


def test_the_program_needs_the_standard_library_and_cryptography_alone() -> None:
    tree = ast.parse(PROGRAM.read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            imported.add(str(node.module).split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_program_runs_alone(log: Log, tmp_path: Path) -> None:
    """A copy of the one file, in a folder of its own, with no word of where Tutela is."""
    put(tmp_path / "alone" / "tutela_verify.py", PROGRAM.read_bytes())
    log.write(tmp_path / "log")
    command = [sys.executable, "-I", tmp_path / "alone" / "tutela_verify.py", tmp_path / "log"]
    key = ["--key", log.signer.vkey]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *key, *more], capture_output=True, text=True, env={}, cwd=tmp_path
        )

    good = run("--jobs", "2")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith("\nThe record holds.\n")
    tile(tmp_path / "log", 0, 1).unlink()
    bad = run()
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.endswith("\nThe record does NOT hold.\n")
    (tmp_path / "log" / "checkpoint").unlink()
    none = run()
    assert (none.returncode, none.stdout) == (2, "")


def test_a_terminal_sees_how_far_it_is(log: Log, tmp_path: Path) -> None:
    log.write(tmp_path)
    mine, its = pty.openpty()
    subprocess.run(
        [sys.executable, PROGRAM, tmp_path, "--key", log.signer.vkey],
        stderr=its,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    os.close(its)
    assert b"\r100.0% of 600 events" in os.read(mine, 10_000)
    os.close(mine)
