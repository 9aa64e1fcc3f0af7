"""A database copied as of one moment while others write to it, and put back, on both engines."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from django.conf import settings
from django.db import connections
from psycopg.pq import Conninfo

from audit.reading import exported_snapshot
from config.backups import BackupError
from config.backups.archive import CHUNK

PAGES = 4_096  # SQLite pages copied in one go
BESIDE = ("", "-wal", "-shm", "-journal")  # what belongs to an SQLite file


def engine(alias: str) -> str:
    """ "sqlite" or "postgresql"."""
    return connections[alias].vendor


def place(alias: str) -> str:
    """Which database this is, without its password."""
    kept = connections[alias].settings_dict
    if engine(alias) == "sqlite":
        return str(kept["NAME"])
    return f"{kept['HOST']}:{kept['PORT']}/{kept['NAME']}"


def is_empty(alias: str) -> bool:
    """Is there no table in it?"""
    return not connections[alias].introspection.table_names()


# --- Out ------------------------------------------------------------------------------
def copy_to(path: Path, folder: Path) -> None:
    """Copy the database of the data to `path`, inside `one_moment()`: it is of that very moment."""
    if engine("default") == "sqlite":
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as target:
            connections["default"].connection.backup(target, pages=PAGES)
        return
    with path.open("xb") as file, _dumped("default", folder, exported_snapshot()) as source:
        shutil.copyfileobj(source, file, CHUNK)


@contextmanager
def key_store_copied(folder: Path) -> Iterator[IO[bytes]]:
    """A copy of the key store to read from. It stands on no disk: an erased key must leave no trace."""
    if engine("keys") == "postgresql":
        with _dumped("keys", folder) as source:
            yield source
    else:
        connections["keys"].ensure_connection()
        yield BytesIO(connections["keys"].connection.serialize())


@contextmanager
def _dumped(alias: str, folder: Path, snapshot: str = "") -> Iterator[IO[bytes]]:
    command = [_program("pg_dump", alias), "--format=custom", "--no-password"]
    command += ["--no-owner", "--no-privileges", "--no-comments"]
    command += [f"--snapshot={snapshot}"] if snapshot else []
    with _environment(alias, folder) as environment, TemporaryFile(dir=folder) as errors:
        dump = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert dump.stdout is not None
        try:
            with dump.stdout:
                yield dump.stdout
        finally:
            dump.wait()
        if dump.returncode:
            raise BackupError(f"The database {alias} was not copied: {_said(errors)}")


# --- Back in --------------------------------------------------------------------------
def check_can_load(alias: str, from_engine: str) -> None:
    """Raise BackupError when a copy from this engine cannot be put into this database."""
    if from_engine != engine(alias):
        variable = {"default": "DATABASE_URL", "keys": "KEYS_DATABASE_URL"}[alias]
        raise BackupError(
            f"The backup is of {from_engine}, and {variable} names {engine(alias)} here. Name an "
            f"empty database of {from_engine}."
        )
    if from_engine == "postgresql":
        _program("pg_restore", alias)


def load(alias: str, source: IO[bytes], folder: Path) -> None:
    """Put a copy in the place of the database, which is empty or was loaded by a broken-off try."""
    connections[alias].close()
    if engine(alias) == "sqlite":
        path = Path(place(alias))
        for end in BESIDE:
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.touch(mode=0o600)
        with path.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
        return
    command = [_program("pg_restore", alias), "--no-password", "--single-transaction"]
    command += ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--no-comments"]
    command += [f"--dbname={connections[alias].settings_dict['NAME']}"]
    with _environment(alias, folder) as environment, TemporaryFile(dir=folder) as errors:
        restore = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        assert restore.stdin is not None
        try:
            with restore.stdin:
                shutil.copyfileobj(source, restore.stdin, CHUNK)
        except BrokenPipeError:
            pass  # pg_restore says why it stopped
        finally:
            restore.wait()
        if restore.returncode:
            raise BackupError(
                f"The database {alias} was not loaded: {_said(errors)} Make an empty database (drop "
                "and create it) and run restore again."
            )


# --- PostgreSQL's programs ------------------------------------------------------------
def _program(name: str, alias: str) -> str:
    """Path of a program of the server's own version. Raises BackupError."""
    version = connections[alias].pg_version // 10_000
    places = [settings.PG_BIN] if settings.PG_BIN else []
    on_path = shutil.which(name)
    places += [os.path.dirname(on_path)] if on_path else []
    places += [f"/usr/lib/postgresql/{version}/bin", f"/usr/pgsql-{version}/bin"]
    found = []
    for folder in places:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            if _version_of(path) == version:
                return path
            found.append(f"{path} is of version {_version_of(path)}")
    raise BackupError(
        f"The server is PostgreSQL {version}, and there is no {name} of this version"
        f"{': ' + ', '.join(found) if found else ''}. Install the client programs of PostgreSQL "
        f"{version} (on Debian: postgresql-client-{version}), or name their folder in TUTELA_PG_BIN."
    )


def _version_of(path: str) -> int:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\d+", answer.stdout)
    return int(number[0]) if number else 0


@contextmanager
def _environment(alias: str, folder: Path) -> Iterator[dict[str, str]]:
    """What a program needs to reach this database. The password is in a file, gone afterwards."""
    wanted = connections[alias].get_connection_params()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LD_LIBRARY_PATH") or name.startswith("PG")
    }
    for option in Conninfo.get_defaults():
        keyword = option.keyword.decode()
        if option.envvar and keyword != "password" and wanted.get(keyword):
            environment[option.envvar.decode()] = str(wanted[keyword])
    if not wanted.get("password"):
        yield environment
        return
    path = folder / f"{alias}.pgpass"
    password = str(wanted["password"]).replace("\\", "\\\\").replace(":", "\\:")
    path.touch(mode=0o600)
    path.write_text(f"*:*:*:*:{password}\n")
    try:
        yield environment | {"PGPASSFILE": str(path)}
    finally:
        path.unlink()


def _said(errors: IO[bytes]) -> str:
    """The first error of a program. What follows it may show values of a row."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    return next((line for line in lines if "error:" in line), "it says nothing.")
