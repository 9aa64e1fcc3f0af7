"""What `manage.py start` refuses, and how it says so."""

import pytest

from tests.browser.served import manage

OTHER_KEY = "tutela-root-1:" + "A" * 43 + "=\n"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder in which Tutela could start."""
    home = tmp_path_factory.mktemp("prepared")
    assert manage(home, "migrate", "--database", "keys").returncode == 0
    make_key = "from vault.keyring import keyring; keyring.unlock()"
    assert manage(home, "shell", "--no-imports", "--command", make_key).returncode == 0
    return home


@pytest.fixture
def key(prepared):
    """The key file, which is put back as it was."""
    path = prepared / "keys" / "root.key"
    right = path.read_text()
    yield path
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(right)


def refusal(home) -> str:
    """What a refused start says."""
    ended = manage(home, "start", "--port", "1")
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_does_not_start_without_its_key(prepared, key):
    key.unlink()
    said = refusal(prepared)
    assert f"There is no key file at {key}" in said and "Put back" in said
    assert not key.exists()  # a new key would open nothing


def test_it_does_not_start_with_another_key(prepared, key):
    key.write_text(OTHER_KEY)
    said = refusal(prepared)
    assert "is not the one this installation was made with" in said


def test_it_does_not_start_with_a_file_that_is_no_key(prepared, key):
    key.write_text("hello\n")
    assert "is not a key file of Tutela" in refusal(prepared)


def test_it_does_not_start_when_others_can_read_the_key(prepared, key):
    key.chmod(0o644)
    said = refusal(prepared)
    assert f"Others can read the key file {key}. Run: chmod 600 {key}" in said
