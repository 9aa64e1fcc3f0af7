"""One installation with invented cases, made once, and copies of it to do things to."""

import os
from pathlib import Path

import pytest
from pyrage import x25519

from tests.config.places import Place, copied

CASES = 6
FILES = 3


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever database pytest has, installations of their own say the same: once is enough."""
    if "DATABASE_URL" not in os.environ:
        return
    here = Path(__file__).parent
    own = {"installed", "server"}
    once = [i for i in items if i.path.parent == here and own & set(i.fixturenames)]
    config.hook.pytest_deselected(items=once)
    items[:] = [item for item in items if item not in once]


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Place:
    """Never changed: tests take a copy."""
    place = Place(tmp_path_factory.mktemp("installed"))
    place.install(CASES)
    place.do("add_files", FILES)
    return place


@pytest.fixture
def place(installed, tmp_path_factory) -> Place:
    """An installation of this test alone."""
    return copied(installed, tmp_path_factory.mktemp("place") / "home")


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    """The file with what decrypts the backups of the tests."""
    path = tmp_path_factory.mktemp("identity") / "identity.txt"
    path.write_text(f"{x25519.Identity.generate()}\n")
    return path


@pytest.fixture(scope="session")
def recipient(identity) -> str:
    return str(x25519.Identity.from_str(identity.read_text().strip()).to_public())


@pytest.fixture(scope="session")
def backed_up(installed, recipient, tmp_path_factory):
    """An installation with one backup, and the directory of that. Neither is changed."""
    place = copied(installed, tmp_path_factory.mktemp("backed-up") / "home")
    directory = tmp_path_factory.mktemp("backups")
    place.manage("backup", directory, "--to", recipient)
    return place, directory
