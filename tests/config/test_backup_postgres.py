"""Backups on a real PostgreSQL: as of one moment, by the server's own programs, its password hidden."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from config.backups import BackupError, databases
from tests import postgres
from tests.config import runbook
from tests.config.conftest import CASES
from tests.config.places import FOR_EVER, Place, without_databases

MARKER = "restore-not-finished"
PASSWORD = r"a:b\c d"  # everything that a password file has to escape


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of these tests alone, which asks for the password of the role `keeper`."""
    with postgres.server() as address:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE ROLE keeper LOGIN CREATEDB PASSWORD '{PASSWORD}'")
            [file] = connection.execute("SHOW hba_file").fetchone()
            lines = Path(file).read_text()
            Path(file).write_text(f"host all keeper 127.0.0.1/32 scram-sha-256\n{lines}")
            connection.execute("SELECT pg_reload_conf()")
        yield address


@pytest.fixture(scope="module")
def programs() -> str:
    return str(postgres._programs(postgres._user()))


def on(server: str, place: Place, name: str, programs: str) -> Place:
    """Give a place two new databases, which are kept by `keeper`."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for database in (name, f"{name}_keys"):
            connection.execute(f"CREATE DATABASE {database} OWNER keeper")
    quoted = "a%3Ab%5Cc%20d"
    address = server.replace("tutela@", f"keeper:{quoted}@")
    place.variables |= {
        "DATABASE_URL": f"{address}/{name}",
        "KEYS_DATABASE_URL": f"{address}/{name}_keys",
        "TUTELA_PG_BIN": programs,
    }
    return place


@pytest.fixture(scope="module")
def here(server, programs, tmp_path_factory) -> Place:
    place = on(server, Place(tmp_path_factory.mktemp("here")), "here", programs)
    place.install(CASES)
    place.do("add_files", 2)
    return place


@pytest.fixture
def there(request, server, programs, here, tmp_path) -> Place:
    name = f"there_{abs(hash(request.node.name))}"
    return on(server, without_databases(here, tmp_path / "there"), name, programs)


@pytest.mark.drill
def test_a_backup_made_under_load_comes_back_on_another_server(
    here, there, tmp_path, recipient, identity
):
    """What the password is shows in no command line while it is made, and in no environment."""
    directory = tmp_path / "backups"
    directory.mkdir()
    before = here.contents()
    with here.doing("register", FOR_EVER) as writer, here.doing("add_files", FOR_EVER) as files:
        assert writer.stdout.readline() and files.stdout.readline()
        process = here.begin("backup", directory, "--to", recipient)
        told = _told_of_processes(process, "pg_dump")
        assert "made" in process.communicate()[0] and process.returncode == 0
        assert writer.poll() is files.poll() is None
    assert told and not [text for text in told if PASSWORD in text]

    said = there.manage("restore", directory, "--identity", identity)

    assert "Restored, and the record holds." in said
    after = there.contents()
    assert set(after) > set(before)
    assert set(after.values()).isdisjoint({"erased", "Damaged", "NotFound"})
    assert "The record holds." in there.manage("verify_audit")
    told = json.loads(next(directory.glob("*.json")).read_text())
    assert told["data"]["engine"] == told["keys"]["engine"] == "postgresql"
    assert not (there.data / "tutela.sqlite3").exists()


def _told_of_processes(process: subprocess.Popen[str], name: str) -> set[str]:
    """Command lines and environments of the programs of this name, while a process runs."""
    found = set()
    while process.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode()
                if name in words.split("\0")[0]:
                    found |= {words, (folder / "environ").read_bytes().decode()}
            except OSError:
                continue
    return found


@pytest.mark.drill
def test_a_killed_restore_begins_anew(here, there, tmp_path, recipient, identity):
    directory = tmp_path / "backups"
    directory.mkdir()
    here.manage("backup", directory, "--to", recipient)
    words = ("restore", directory, "--identity", identity)
    killed = 0
    for delay in (0, 0.3, 0.8, 1.5):
        process = there.begin(*words)
        while process.poll() is None and not (there.data / MARKER).exists():
            time.sleep(0.005)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if not (there.data / MARKER).exists():
            break  # it was quicker
        killed += 1
        assert "was not finished" in there.refusal("start", "--port", 1)
    assert killed
    if (there.data / MARKER).exists():
        assert "Restored, and the record holds." in there.manage(*words)
    assert "is not empty" in there.refusal(*words)
    assert "The record holds." in there.manage("verify_audit")


def test_programs_of_another_version_are_named(monkeypatch, settings, tmp_path):
    """What a newer pg_dump writes need not load into an older server, and an older one refuses."""
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    program.chmod(0o755)
    settings.PG_BIN = str(tmp_path)
    server = SimpleNamespace(pg_version=99_0001)
    monkeypatch.setattr(databases, "connections", {"default": server})
    with pytest.raises(BackupError) as refused:
        databases._program("pg_dump", "default")
    said = str(refused.value)
    assert "The server is PostgreSQL 99, and there is no pg_dump of this version" in said
    assert f"{program} is of version 9" in said
    assert "postgresql-client-99" in said and "TUTELA_PG_BIN" in said
    server.pg_version = 9_0001
    assert databases._program("pg_dump", "default") == str(program)


def test_a_backup_of_one_engine_does_not_go_into_the_other(there, backed_up, identity):
    said = there.refusal("restore", backed_up[1], "--identity", identity)
    assert "The backup is of sqlite, and DATABASE_URL names postgresql here" in said


def test_the_runbook_on_postgresql(here, server, programs, tmp_path, recipient, identity):
    home = tmp_path / "world"
    for place in runbook.PLACES[1:]:
        runbook.at(home, place).mkdir(parents=True)
    before = here.contents()
    here.manage("backup", runbook.at(home, "/mnt/backup"), "--to", recipient)
    (runbook.at(home, "/media/safe") / "root.key").write_bytes(here.key_file.read_bytes())
    key = f"# public key: {recipient}\n{identity.read_text()}"
    (runbook.at(home, "/media/usb") / "identity.txt").write_text(key)
    address = server.removeprefix("postgres://tutela@")
    host, port = address.split(":")
    variables = {"PGHOST": host, "PGPORT": port, "PGUSER": "tutela"}
    variables |= {"PATH": f"{programs}:{os.environ['PATH']}"}
    code = "".join(runbook.blocks(["", "postgresql"]))

    said = runbook.run(
        code, home, other={"@localhost/": f"@{address}/"}, variables=variables
    ).stdout

    assert "Restored, and the record holds." in said
    there = Place(home)
    there.variables = {
        "TUTELA_DATA_DIR": str(runbook.at(home, "/srv/tutela")),
        "TUTELA_KEY_FILE": str(runbook.at(home, "/etc/tutela") / "root.key"),
        "DATABASE_URL": f"{server}/tutela_new",
        "KEYS_DATABASE_URL": f"{server}/tutela_new_keys",
    }
    assert there.contents() == before
