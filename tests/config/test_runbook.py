"""Somebody follows docs/runbooks/restore.md after the machine is gone."""

import shutil
import time
from pathlib import Path

import pytest

from tests.browser.served import _answers, _end, _free_port
from tests.config import runbook
from tests.config.places import Place, copied


@pytest.fixture
def lost(installed, recipient, identity, tmp_path) -> Path:
    """A world in which the database is gone and everything else is where the runbook says."""
    home = tmp_path / "world"
    for place in runbook.PLACES[1:]:
        runbook.at(home, place).mkdir(parents=True)
    before = copied(installed, tmp_path / "before")
    backups = runbook.at(home, "/mnt/backup")
    before.manage("backup", backups, "--to", recipient)
    erased = next(iter(before.contents()))
    before.do("erase", erased)  # only the list in the data directory knows of it
    time.sleep(1.1)  # names tell the second
    data = runbook.at(home, "/srv/tutela")
    (data / "tutela.sqlite3").write_bytes(b"nothing that could be read")
    shutil.copy(before.data / "erasures.txt", data)
    shutil.copy(before.key_file, runbook.at(home, "/media/safe"))
    key = identity.read_text()
    (runbook.at(home, "/media/usb") / "identity.txt").write_text(
        f"# public key: {recipient}\n{key}"
    )
    return home


def test_the_runbook_brings_everything_back(lost, installed, tmp_path):
    code = "".join(runbook.blocks())
    said = runbook.run(code, lost, other={}, variables={}).stdout

    assert "Restored, and the record holds." in said
    assert "Erased again: 1." in said
    assert said.count("The record holds.") == 1 and "The backup is made." in said
    there = Place(lost)
    there.variables = {
        "TUTELA_DATA_DIR": str(runbook.at(lost, "/srv/tutela")),
        "TUTELA_KEY_FILE": str(runbook.at(lost, "/etc/tutela") / "root.key"),
    }
    contents = copied(installed, tmp_path / "copy").contents()
    erased = next(iter(contents))
    assert there.contents() == contents | {erased: "erased"}
    port = _free_port()
    served = there.begin("start", "--port", port)
    try:
        last = time.monotonic() + 60
        while served.poll() is None and not _answers(port) and time.monotonic() < last:
            time.sleep(0.2)
        assert _answers(port)
    finally:
        _end(served)


@pytest.mark.drill
def test_the_way_further_back_works(installed, recipient, identity, tmp_path):
    place = copied(installed, tmp_path / "before")
    home = tmp_path / "world"
    backups = runbook.at(home, "/mnt/backup")
    backups.mkdir(parents=True)
    before = place.contents()
    place.manage("backup", backups, "--to", recipient)
    [old] = backups.glob("tutela-*.json")
    place.do("register", 1)
    time.sleep(1.1)
    place.manage("backup", backups, "--to", recipient)
    new = max(backups.glob("tutela-*.keys.age"))
    (backups / old.name.replace(".json", ".keys.age")).unlink()
    for folder in ("/srv/tutela", "/etc/tutela", "/media/usb"):
        runbook.at(home, folder).mkdir(parents=True)
    shutil.copy(place.key_file, runbook.at(home, "/etc/tutela"))
    shutil.copy(identity, runbook.at(home, "/media/usb") / "identity.txt")
    variables = {
        "TUTELA_DATA_DIR": str(runbook.at(home, "/srv/tutela")),
        "TUTELA_KEY_FILE": str(runbook.at(home, "/etc/tutela") / "root.key"),
    }
    [code] = runbook.blocks(["older"])
    names = {
        "tutela-0a1b2c3d-20260101T023000Z.json": old.name,
        "tutela-0a1b2c3d-20261123T023000Z.keys.age": new.name,
    }
    said = runbook.run("cd /opt/tutela\n" + code, home, other=names, variables=variables).stdout
    assert "Restored, and the record holds." in said
    there = Place(home, variables)
    assert there.contents() == before


def test_every_block_is_run_by_a_test():
    tags = {tag for tag, _code in runbook.BLOCK.findall(runbook.RUNBOOK.read_text())}
    assert tags == {"", "postgresql", "older"}
