"""Recovery by shares: some of them suffice, fewer do not, and nobody can plant a key on the way."""

import hmac
import io
import itertools
import os
import pty
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from uuid import UUID

import pypdf
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone
from shamir_mnemonic import combine_mnemonics

from audit.models import Event
from core.exceptions import BadInput, WrongState
from core.ids import uuid7
from tests.vault import keeping
from vault import recovery, rotation
from vault.keyring import keyring
from vault.models import DataKey, KeyEncryptionKey, RecoveryKey
from vault.sealing import Place, seal, unseal

pytestmark = pytest.mark.django_db

PLACE = Place("test.Row", "identity", uuid7(), uuid7(), 1)


@pytest.fixture
def places(settings, monkeypatch, tmp_path) -> Iterator[keeping.Places]:
    """An installation whose root key is a file of this test alone, with two key-encryption keys."""
    with keeping.set_up(settings, monkeypatch, tmp_path) as found:
        found.use("file")
        KeyEncryptionKey.objects.all().delete()
        DataKey.objects.all().delete()
        keyring.forget()
        keyring.unlock()
        keyring.create([PLACE.scope])
        rotation.begin_kek()
        yield found


@pytest.fixture
def blob(places) -> bytes:
    return seal(PLACE, b"still here")


@pytest.fixture
def shares(places) -> list[str]:
    """Five shares in use; three are needed."""
    private, words = recovery.new_shares(5, 3)
    recovery.put_to_use(private, shares=5, threshold=3)
    return words


def run(name: str, *lines: str, monkeypatch: pytest.MonkeyPatch, **options: object) -> str:
    """A command, with these lines coming in. Gives what it printed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    out = io.StringIO()
    call_command(name, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def command(monkeypatch) -> Callable[..., str]:
    return lambda name, *lines, **options: run(name, *lines, monkeypatch=monkeypatch, **options)


def verbs() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("seq").values_list("verb", "outcome"))


# --- Shares ---------------------------------------------------------------------------
def test_any_three_of_five_give_the_key_back_and_no_two(shares):
    keys = {recovery.join(chosen) for chosen in itertools.permutations(shares, 3)}
    assert len(keys) == 1
    for chosen in itertools.combinations(shares, 2):
        with pytest.raises(BadInput):
            recovery.join(chosen)


def test_a_share_is_33_words_and_may_be_typed_with_its_numbers(shares):
    assert all(len(share.split()) == 33 for share in shares)
    numbered = "\n".join(f"{n}. {word.upper()}" for n, word in enumerate(shares[0].split(), 1))
    assert recovery.set_of(numbered) == recovery.set_of(shares[1])
    recovery.join([numbered, *shares[1:3]])


def test_a_wrong_word_is_noticed_and_not_repeated(shares):
    words = shares[0].split()
    for wrong in ("banana", "academic" if words[7] != "academic" else "acid"):
        changed = " ".join([*words[:7], wrong, *words[8:]])
        with pytest.raises(BadInput) as caught:
            recovery.set_of(changed)
        assert not set(str(caught.value).split()) & set(words)


@pytest.mark.parametrize("total, threshold", [(5, 1), (1, 1), (3, 4), (17, 3), (0, 0)])
def test_a_choice_that_protects_nothing_is_refused(total, threshold):
    with pytest.raises(BadInput):
        recovery.new_shares(total, threshold)


def test_the_key_store_holds_neither_the_private_key_nor_a_share(places):
    private, words = recovery.new_shares(5, 3)
    recovery.put_to_use(private, shares=5, threshold=3)
    rows = [*RecoveryKey.objects.values_list(), *KeyEncryptionKey.objects.values_list()]
    stored = b"".join(bytes(v) for row in rows for v in row if isinstance(v, bytes | memoryview))
    assert len(stored) > 500
    assert private not in stored
    assert words[0].split()[5].encode() not in stored


def test_shares_of_an_earlier_set_are_refused_with_the_date(shares):
    private, _words = recovery.new_shares(2, 2)
    recovery.put_to_use(private, shares=2, threshold=2)
    with pytest.raises(BadInput, match=str(timezone.localdate())):
        recovery.join(shares[:3])


# --- What is sealed to the recovery key -----------------------------------------------
def test_every_living_key_is_sealed_and_a_new_one_as_well(shares):
    private = recovery.join(shares[:3])
    while rotation.rewrap_some():
        pass
    rotation.begin_kek()
    rows = list(KeyEncryptionKey.objects.order_by("version"))
    assert [row.version for row in rows] == [1, 2, 3]
    assert [recovery._opened(private, row)[0] for row in rows] == [
        keyring._kek(row.version) for row in rows
    ]


def test_a_destroyed_key_has_no_copy_for_recovery(shares):
    while rotation.rewrap_some():
        pass
    assert rotation.destroy_due(today=timezone.localdate() + 2 * rotation.KEEP) == [1]
    assert KeyEncryptionKey.objects.get(version=1).recovery_sealed is None
    recovery.drill(recovery.join(shares[:3]))


def test_without_shares_a_new_key_is_made_all_the_same(places):
    assert KeyEncryptionKey.objects.get(version=2).recovery_sealed is None


def test_a_stranger_recovers_a_key_by_what_docs_format_1_says(shares):
    private = X25519PrivateKey.from_private_bytes(combine_mnemonics(shares[2:]))
    stored = RecoveryKey.objects.get()
    assert private.public_key().public_bytes_raw() == bytes(stored.public)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"tutela/recovery/kek/2"
    sealed = bytes(KeyEncryptionKey.objects.get(version=2).recovery_sealed)
    content = suite.decrypt(sealed, private, info)
    kek, proof = content[:32], content[32:]
    assert kek == keyring._kek(2)
    _version, system_key = keyring.data_key(UUID(int=0), 1)
    label = b"tutela/derive/1\x00secret/recovery-key"
    secret = HKDFExpand(SHA512(), 32, label).derive(system_key)
    assert proof == hmac.digest(secret, info + kek, "sha256")
    assert bytes(stored.proof) == hmac.digest(secret, bytes(stored.public), "sha256")


# --- Drill ----------------------------------------------------------------------------
def test_a_drill_tries_every_key_records_it_and_changes_nothing_else(shares, command):
    before = list(KeyEncryptionKey.objects.values_list())
    assert RecoveryKey.objects.get().drilled_at is None
    told = command("recovery_drill", *shares[1:4])
    assert "2 key-encryption keys" in told
    assert RecoveryKey.objects.get().drilled_at is not None
    assert list(KeyEncryptionKey.objects.values_list()) == before
    assert verbs() == [("recovery_drilled", "ok")]


@pytest.mark.parametrize(
    "given, told",
    [
        (lambda s: s[:2], "too few"),
        (lambda s: [s[0], s[0], s[1]], "given already"),
        (lambda s: [s[0], s[0].upper().replace(" ", "\t"), s[1]], "given already"),
        (lambda s: [s[0], recovery.new_shares(5, 3)[1][1], s[2]], "another set"),
        (lambda s: ["hello", *s], "not the words of a share"),
    ],
)
def test_a_drill_with_wrong_shares_says_what_is_wrong(shares, command, given, told):
    with pytest.raises(CommandError, match=told):
        command("recovery_drill", *given(shares))
    assert verbs() == []


def _swap_copies() -> None:
    one, two = KeyEncryptionKey.objects.order_by("version")
    one.recovery_sealed, two.recovery_sealed = two.recovery_sealed, one.recovery_sealed
    one.save()
    two.save()


def _empty_a_copy() -> None:
    KeyEncryptionKey.objects.filter(version=2).update(recovery_sealed=None)


def _change_the_canary() -> None:
    RecoveryKey.objects.update(canary=bytes(80))


def _plant(version: int = 2) -> bytes:
    """A key-encryption key of somebody who can write to the key store, but has no key of ours."""
    public, row = bytes(RecoveryKey.objects.get().public), KeyEncryptionKey.objects.get(pk=version)
    planted = os.urandom(32)
    row.recovery_sealed = recovery._sealed_to(public, row, planted, os.urandom(32))
    row.save()
    return planted


@pytest.mark.parametrize("change", [_swap_copies, _empty_a_copy, _change_the_canary, _plant])
def test_a_drill_notices_a_changed_key_store(shares, command, change):
    change()
    with pytest.raises(CommandError, match="somebody changed the key store"):
        command("recovery_drill", *shares[:3])
    assert RecoveryKey.objects.get().drilled_at is None
    assert verbs() == [("recovery_drilled", "error")]


def test_there_is_nothing_to_drill_before_there_are_shares(places, command):
    with pytest.raises(CommandError, match="make_recovery_shares"):
        command("recovery_drill")


# --- Recovery -------------------------------------------------------------------------
def test_a_lost_key_file_is_replaced_and_everything_opens(places, blob, shares, command, settings):
    former = settings.ROOT_KEY_FILE.read_bytes()
    settings.ROOT_KEY_FILE.unlink()
    keyring.forget()
    with pytest.raises(ImproperlyConfigured, match="no key file"):
        keyring.unlock()

    command("recover_keys", *shares[2:])

    assert settings.ROOT_KEY_FILE.read_bytes() != former
    assert stat.S_IMODE(settings.ROOT_KEY_FILE.stat().st_mode) == 0o600
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"
    assert verbs()[-1] == ("keys_recovered", "ok")
    command("recovery_drill", *shares[:3])


@pytest.mark.parametrize("name", [name for name in keeping.NAMES if name != "file"])
def test_keys_are_recovered_into_each_provider(places, blob, shares, command, settings, name):
    settings.ROOT_KEY_FILE.unlink()
    keyring.forget()
    places.use(name)
    command("recover_keys", *shares[:3], keeping.FIRST)
    places.type(keeping.FIRST)
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"


def test_a_recovery_broken_off_leaves_all_as_it_was_and_goes_on(
    places, blob, shares, command, settings, monkeypatch
):
    settings.ROOT_KEY_FILE.unlink()
    keyring.forget()
    before = list(KeyEncryptionKey.objects.values_list("wrapped", "root_id"))
    save = KeyEncryptionKey.save

    def fail(self, **options):
        if self.version == 2:
            raise KeyboardInterrupt
        save(self, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(KeyEncryptionKey, "save", fail)
        recovery.recover(recovery.join(shares[:3]))
    assert list(KeyEncryptionKey.objects.values_list("wrapped", "root_id")) == before
    assert keyring._keks == {}

    command("recover_keys", *shares[:3])
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"


@pytest.mark.parametrize("change", [_swap_copies, _empty_a_copy, _plant])
def test_a_planted_key_is_not_taken_over(shares, command, settings, change):
    change()
    settings.ROOT_KEY_FILE.unlink()
    keyring.forget()
    with pytest.raises(CommandError, match="somebody changed the key store"):
        command("recover_keys", *shares[:3])
    assert not settings.ROOT_KEY_FILE.exists()
    assert keyring._keks == {}


def test_planting_the_systems_key_as_well_does_not_help(places, blob, shares, settings):
    """Whoever plants a key can make a proof with a system key of their own; older keys betray it."""
    planted = _plant()
    DataKey.objects.filter(scope__lt="00000000-0000-0000-0000-000000000001").delete()
    keyring.adopt({2: planted})
    secret = recovery._proving_secret()
    public, row = bytes(RecoveryKey.objects.get().public), KeyEncryptionKey.objects.get(pk=2)
    row.recovery_sealed = recovery._sealed_to(public, row, planted, secret)
    row.save()
    RecoveryKey.objects.update(proof=recovery._proof(secret, public))
    keyring.forget()
    with pytest.raises(WrongState, match="somebody changed the key store"):
        recovery.recover(recovery.join(shares[:3]))


def test_no_new_key_is_sealed_to_a_planted_recovery_key(shares):
    while rotation.rewrap_some():
        pass
    theirs, _words = recovery.new_shares(2, 2)
    RecoveryKey.objects.update(public=recovery._public_half(theirs))
    with pytest.raises(ImproperlyConfigured, match="somebody changed the key store"):
        rotation.begin_kek()
    assert KeyEncryptionKey.objects.count() == 2


def test_shares_cannot_be_made_without_the_root_key(places, command, settings, tmp_path):
    settings.ROOT_KEY_FILE.unlink()
    keyring.forget()
    with pytest.raises(ImproperlyConfigured, match="no key file"):
        command("make_recovery_shares", sheets=tmp_path / "sheets")
    assert not RecoveryKey.objects.exists()


# --- The check ------------------------------------------------------------------------
def warned() -> bool:
    return "vault.W001" in [warning.id for warning in run_checks(databases=["keys"])]


def test_the_check_warns_without_shares_and_a_year_after_the_last_drill(shares, settings):
    assert not warned()
    RecoveryKey.objects.update(made_at=timezone.now() - timedelta(days=400))
    assert warned()
    recovery.drill(recovery.join(shares[:3]))
    assert not warned()
    RecoveryKey.objects.all().delete()
    assert warned()
    settings.DEMO = True
    assert not warned()


def test_the_check_is_quiet_where_no_database_is_asked_for(places):
    assert "vault.W001" not in [warning.id for warning in run_checks()]


# --- Giving them out ------------------------------------------------------------------
def test_sheets_hold_one_share_each_for_their_owner_alone(places, command, tmp_path):
    folder = tmp_path / "sheets"
    told = command("make_recovery_shares", shares=3, threshold=2, sheets=folder)
    assert "THESE FILES HOLD SECRETS" in told
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"recovery-share-{n}-of-3.pdf" for n in (1, 2, 3)]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shares = []
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        [page] = pypdf.PdfReader(file).pages
        words = dict(re.findall(r"\b(\d+) ([a-z]+)\b", page.extract_text().split("Set ")[1]))
        shares.append(" ".join(words[str(n)] for n in range(1, 34)))
        assert not [share for share in shares[:-1] if share in page.extract_text()]
    # Some words of shares are everyday ones; no two that follow one another are told.
    pairs = [" ".join(pair) for share in shares for pair in itertools.pairwise(share.split())]
    assert not [pair for pair in pairs if pair in told]
    command("recovery_drill", *shares[1:])
    assert verbs() == [("recovery_shares_made", "ok"), ("recovery_drilled", "ok")]


@pytest.mark.parametrize("folder", ["BASE_DIR", "DATA_DIR"])
def test_sheets_beside_the_code_or_the_data_are_refused(
    places, command, settings, tmp_path, folder
):
    setattr(settings, folder, tmp_path / "home")
    with pytest.raises(ImproperlyConfigured, match="--sheets"):
        command("make_recovery_shares", sheets=tmp_path / "home" / "sheets")
    assert not (tmp_path / "home").exists()
    assert not RecoveryKey.objects.exists()


def test_sheets_that_cannot_all_be_written_leave_nothing(places, command, tmp_path):
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "recovery-share-3-of-5.pdf").write_text("somebody's")
    with pytest.raises(CommandError, match="File exists"):
        command("make_recovery_shares", sheets=folder)
    assert [path.read_text() for path in folder.iterdir()] == ["somebody's"]
    assert not RecoveryKey.objects.exists()


def test_shares_are_not_printed_into_a_pipe_or_a_file(places, command):
    with redirect_stdout(io.StringIO()), pytest.raises(CommandError, match="on a terminal only"):
        command("make_recovery_shares")
    assert not RecoveryKey.objects.exists()


@pytest.fixture
def installation(tmp_path) -> dict[str, str]:
    """The environment of a real one, in files of its own."""
    dropped = ("DATABASE_URL", "KEYS_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    found = {name: value for name, value in os.environ.items() if name not in dropped}
    found |= {"TUTELA_DATA_DIR": str(tmp_path / "data"), "TERM": "dumb"}
    found |= {"TUTELA_KEY_FILE": str(tmp_path / "keys" / "root.key")}
    make = "from tests.databases import make_databases; make_databases()"
    words = ["shell", "--no-imports", "--command", make]
    subprocess.run([*MANAGE, *words], env=found, check=True, capture_output=True)
    return found


MANAGE = [sys.executable, "manage.py"]
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def on_a_terminal(environment: dict[str, str], *words: str, answers: list[str]) -> tuple[int, str]:
    """Run a command at a pseudo-terminal and type these answers: (exit code, what it showed)."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*MANAGE, *words], env=environment, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    try:
        while part := os.read(leader, 65536):
            shown += part
    except OSError:  # the terminal is gone: the command ended
        pass
    os.close(leader)
    return process.wait(60), shown.decode()


def test_on_a_terminal_each_keeper_sees_one_share(installation):
    answers = [*[""] * 6, "yes"]
    words = ("make_recovery_shares", "--shares", "3", "--threshold", "2")
    code, shown = on_a_terminal(installation, *words, answers=answers)
    assert code == 0, shown
    screens = [screen for screen in shown.split(CLEAR) if "are needed" in screen]
    assert len(screens) == 3
    shares = []
    for screen in screens:
        found = {int(n): word for n, word in re.findall(r"\b(\d+) ([a-z]+)\b", screen)}
        shares.append(" ".join(found[n] for n in range(1, 34)))
    given = "".join(f"{share}\n" for share in shares[:2])
    drill = [*MANAGE, "recovery_drill"]
    done = subprocess.run(drill, env=installation, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.drill
def test_shares_that_a_keeper_did_not_get_are_not_put_to_use(installation):
    words = ("make_recovery_shares", "--shares", "2", "--threshold", "2")
    code, shown = on_a_terminal(installation, *words, answers=[*[""] * 4, "no"])
    assert code == 1 and "not put to use" in shown
    done = subprocess.run([*MANAGE, "recovery_drill"], env=installation, capture_output=True)
    assert b"There are no recovery shares" in done.stderr
