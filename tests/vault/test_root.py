"""The key file: private, well formed, in a place of its own; every refusal says what to do."""

import os
import stat
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from vault.providers import file as root
from vault.providers.local import PREFIX


@pytest.fixture
def key_file(settings: object, tmp_path: Path) -> Path:
    path = root.create_key_file(tmp_path / "keys" / "root.key")
    settings.ROOT_KEY_FILE = path  # type: ignore[attr-defined]
    return path


def refusal() -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        root.KeyFile()._key()
    return str(caught.value)


def vault_errors() -> list[str]:
    return [error.msg for error in run_checks() if str(error.id).startswith("vault.")]


def test_a_new_key_file_is_for_its_owner_alone(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert len(root.KeyFile()._key()) == 32
    assert vault_errors() == []


def test_a_key_file_that_exists_is_left_alone(key_file: Path) -> None:
    before = key_file.read_bytes()
    assert root.create_key_file(key_file) == key_file
    assert key_file.read_bytes() == before


def test_two_key_files_differ(tmp_path: Path) -> None:
    one, two = (root.create_key_file(tmp_path / name) for name in ("one", "two"))
    assert one.read_bytes() != two.read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_file_open_to_others_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert f"chmod 600 {key_file}" in refusal()
    assert vault_errors() == [refusal()]


def test_a_key_file_of_another_user_is_refused(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    text = refusal()
    assert "belongs to another user" in text
    assert f"chown {uid} {key_file}" in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"tutela-root-1:",
        b"tutela-root-1:AAAA",
        b"tutela-root-2:" + b"A" * 43 + b"=",
        b"A" * 43 + b"=",
        b"tutela-root-1:" + b"!" * 44,
        b"\xff\xfe",
    ],
)
def test_a_malformed_key_file_is_refused(key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)
    text = refusal()
    assert "Put the right file back" in text
    assert str(key_file) in text
    assert len(vault_errors()) == 1


def test_no_refusal_shows_the_key(key_file: Path) -> None:
    key = key_file.read_text().removeprefix(PREFIX).strip()
    for change in (lambda: key_file.chmod(0o644), lambda: key_file.write_text(f"x{key}")):
        change()
        assert key not in refusal()


def test_a_missing_key_file_is_refused(settings: object, tmp_path: Path) -> None:
    settings.ROOT_KEY_FILE = tmp_path / "nowhere"  # type: ignore[attr-defined]
    text = refusal()
    assert "There is no key file" in text
    assert "TUTELA_KEY_FILE" in text


def test_a_folder_in_place_of_the_key_file_is_refused(settings: object, tmp_path: Path) -> None:
    settings.ROOT_KEY_FILE = tmp_path  # type: ignore[attr-defined]
    assert "cannot be read" in refusal()


@pytest.mark.parametrize("folder", ["BASE_DIR", "DATA_DIR"])
def test_a_key_file_beside_the_code_or_the_data_is_refused(
    settings: object, tmp_path: Path, folder: str
) -> None:
    setattr(settings, folder, tmp_path)
    path = tmp_path / "deep" / "root.key"
    with pytest.raises(ImproperlyConfigured, match="TUTELA_KEY_FILE"):
        root.create_key_file(path)
    assert not path.exists()
    settings.ROOT_KEY_FILE = path  # type: ignore[attr-defined]
    assert "Move it elsewhere" in refusal()


def test_a_link_to_a_key_file_in_the_source_tree_is_refused(
    settings: object, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    real = root.create_key_file(tree / "root.key")
    link = tmp_path / "root.key"
    link.symlink_to(real)
    settings.BASE_DIR, settings.ROOT_KEY_FILE = tree, link  # type: ignore[attr-defined]
    assert "source tree" in refusal()


def test_a_key_file_that_does_not_exist_yet_is_no_error_of_configuration(
    settings: object, tmp_path: Path
) -> None:
    settings.ROOT_KEY_FILE = tmp_path / "later"  # type: ignore[attr-defined]
    assert vault_errors() == []


def test_a_cryptography_without_the_cipher_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, key: bytes) -> None:
            raise NotImplementedError

    monkeypatch.setattr("vault.checks.AESGCM", Broken)
    assert any("AES-256-GCM" in error for error in vault_errors())


def test_what_was_wrapped_for_one_version_does_not_open_as_another(key_file: Path) -> None:
    wrapped = root.KeyFile().wrap(bytes(32), b"1")
    assert root.KeyFile().unwrap(wrapped, b"1") == bytes(32)
    with pytest.raises(ImproperlyConfigured):
        root.KeyFile().unwrap(wrapped, b"2")


@pytest.mark.parametrize("spelling", ["as the file has it", "base64", "hex"])
def test_the_signing_secret_must_not_be_the_root_key(
    key_file: Path, settings: object, spelling: str
) -> None:
    text = key_file.read_text().strip()
    secret = {
        "as the file has it": text,
        "base64": text.removeprefix(PREFIX),
        "hex": root.KeyFile()._key().hex(),
    }[spelling]
    settings.SECRET_KEY = secret  # type: ignore[attr-defined]
    assert vault_errors() == ["TUTELA_SECRET_KEY is the root key. Give it a value of its own."]
