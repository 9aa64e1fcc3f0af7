"""Every provider of a root key, with the real thing or a server that speaks its protocol."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from audit.models import Event
from core.ids import uuid7
from tests.shares import first_of
from tests.vault import keeping, transit
from tests.vault.keeping import Places
from vault import cipher, providers, rotation
from vault.keyring import Keyring, keyring
from vault.models import DataKey, KeyEncryptionKey
from vault.providers.passphrase import HEAD, Passphrase, Sealed
from vault.sealing import Place, seal, unseal

KEY = bytes(range(32))
FOR = b"tutela/kek/1"


@pytest.fixture
def places(settings, monkeypatch, tmp_path) -> Iterator[Places]:
    with keeping.set_up(settings, monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture(params=keeping.NAMES)
def kept(request, places: Places) -> Places:
    """The root key is kept in each of the places, one after the other."""
    places.use(request.param)
    return places


@pytest.fixture
def provider(kept: Places) -> providers.RootKey:
    """The provider, with its key."""
    found = providers.configured()
    found.create()
    return found


def vault_errors() -> list[str]:
    return [error.msg for error in run_checks() if str(error.id).startswith("vault.")]


# --- What holds for each of them ------------------------------------------------------
def test_what_is_wrapped_opens_for_its_place_alone(provider):
    wrapped = provider.wrap(KEY, FOR)
    assert provider.unwrap(wrapped, FOR) == KEY
    with pytest.raises(ImproperlyConfigured, match="Nothing was changed"):
        provider.unwrap(wrapped, b"tutela/kek/2")


def test_what_is_wrapped_shows_nothing_and_differs_each_time(provider):
    one, two = provider.wrap(KEY, FOR), provider.wrap(KEY, FOR)
    assert one != two
    assert KEY not in one and base64.b64encode(KEY) not in one


def test_a_changed_bit_is_noticed(provider):
    wrapped = bytearray(provider.wrap(KEY, FOR))
    wrapped[-3] ^= 1
    with pytest.raises(ImproperlyConfigured):
        provider.unwrap(bytes(wrapped), FOR)


def test_rewrapping_gives_other_bytes_and_the_same_key(provider):
    wrapped = provider.wrap(KEY, FOR)
    again = provider.rewrap(wrapped, FOR)
    assert again != wrapped
    assert provider.unwrap(again, FOR) == KEY


def test_the_name_of_a_key_tells_nothing_of_it_and_fits_its_column(provider):
    assert provider.root_id().startswith(f"{provider.name}:")
    assert len(provider.root_id()) <= 255
    assert KEY.hex() not in provider.root_id()


def test_a_provider_that_is_well_passes_the_check(provider):
    assert vault_errors() == []


# --- With a key store -----------------------------------------------------------------
PLACE = Place("test.Row", "identity", uuid7(), uuid7(), 1)


@pytest.fixture
def blob(kept: Places, db: None) -> bytes:
    """Something sealed in an installation that was made with this provider."""
    return installed()


def installed() -> bytes:
    KeyEncryptionKey.objects.all().delete()
    DataKey.objects.all().delete()
    keyring.forget()
    keyring.unlock()
    keyring.create([PLACE.scope])
    return seal(PLACE, b"still here")


def restart(places: Places, *typed: str) -> None:
    """Another process, in which somebody types this where it is asked for."""
    keyring.forget()
    places.type(*typed)


def root_ids() -> set[str]:
    return set(KeyEncryptionKey.objects.values_list("root_id", flat=True))


def test_an_installation_opens_in_another_process(kept, blob):
    restart(kept, keeping.FIRST)
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"
    assert root_ids() == {providers.configured().root_id()}


def test_another_key_is_refused_with_what_to_do(kept, blob):
    kept.another_key()
    with pytest.raises(ImproperlyConfigured) as caught:
        Keyring().unlock()
    assert "passphrase" in str(caught.value) or "TUTELA_" in str(caught.value)


def test_a_new_root_key_opens_everything(kept, blob):
    rotation.begin_kek()
    before = {row.version: bytes(row.wrapped) for row in KeyEncryptionKey.objects.all()}
    former = root_ids()
    kept.name_a_new_key()

    call_command("rotate_keys", root=True)

    after = {row.version: bytes(row.wrapped) for row in KeyEncryptionKey.objects.all()}
    assert len(after) == 2 and not set(after.values()) & set(before.values())
    assert not former & root_ids() and len(root_ids()) == 1
    restart(kept, keeping.SECOND)
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"
    assert (
        Event.objects.filter(
            verb="key_rotated",
        ).count()
        == 1
    )


def test_a_rotation_broken_off_among_the_rows_leaves_all_and_goes_on(kept, blob, monkeypatch):
    rotation.begin_kek()
    before = {row.version: bytes(row.wrapped) for row in KeyEncryptionKey.objects.all()}
    kept.name_a_new_key()
    save = KeyEncryptionKey.save

    def fail(self, **options):
        if self.version == 2:
            raise KeyboardInterrupt
        save(self, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(KeyEncryptionKey, "save", fail)
        rotation.rotate_root()

    assert before == {row.version: bytes(row.wrapped) for row in KeyEncryptionKey.objects.all()}
    restart(kept, keeping.FIRST, keeping.SECOND)
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"
    new, _former = rotation.rotate_root()
    assert root_ids() == {new}
    restart(kept, keeping.SECOND)
    keyring.unlock()
    assert unseal(PLACE, blob) == b"still here"


def test_keys_move_from_a_file_to_each_provider_and_back(kept, db):
    there = kept.settings.ROOT_KEY_PROVIDER
    kept.use("file")
    blob = installed()
    if there != "file":
        kept.settings.ROOT_KEY_PROVIDER = there
        restart(kept, keeping.FIRST)
        rotation.rotate_root()
    assert {text.partition(":")[0] for text in root_ids()} == {there}
    restart(kept, keeping.FIRST)
    assert unseal(PLACE, blob) == b"still here"

    kept.settings.ROOT_KEY_PROVIDER = "file"
    restart(kept, keeping.FIRST)
    _new, former = rotation.rotate_root()
    assert former[0].startswith(there)
    restart(kept)
    assert unseal(PLACE, blob) == b"still here"


def test_a_process_that_has_its_keys_asks_the_provider_nothing(kept, blob, monkeypatch):
    other = uuid7()
    keyring.create([other])

    def asked(*arguments):
        raise AssertionError("the root key was used")

    monkeypatch.setattr(type(providers.configured()), "unwrap", asked)
    keyring.destroy(other)  # what makes every process look again
    keyring.load([PLACE.scope])
    assert unseal(PLACE, blob) == b"still here"


def test_a_provider_that_gives_back_another_key_changes_nothing(kept, blob, monkeypatch):
    before = KeyEncryptionKey.objects.get()
    kept.name_a_new_key()
    kind = type(providers.configured())
    wrap = kind.wrap
    monkeypatch.setattr(kind, "rewrap", lambda self, wrapped, context: wrap(self, KEY, context))
    with pytest.raises(ImproperlyConfigured, match="another key than it was given"):
        rotation.rotate_root()
    assert bytes(KeyEncryptionKey.objects.get().wrapped) == bytes(before.wrapped)


# --- Choosing one ---------------------------------------------------------------------
def test_an_unknown_provider_is_refused_with_the_known_ones(settings):
    settings.ROOT_KEY_PROVIDER = "enviroment"
    [error] = vault_errors()
    assert all(name in error for name in keeping.NAMES)


@pytest.mark.parametrize(
    "name, library, extra",
    [
        ("transit", "hvac", "requirements-transit.in"),
        ("aws-kms", "boto3", "requirements-aws-kms.in"),
        ("pkcs11", "pkcs11", "requirements-pkcs11.in"),
    ],
)
def test_a_missing_library_is_named(places, monkeypatch, name, library, extra):
    places.use(name)
    monkeypatch.setitem(sys.modules, library, None)
    [error] = vault_errors()
    assert extra in error and "pip install" in error


# --- systemd --------------------------------------------------------------------------
def test_without_systemd_the_check_says_how_to_start(places, monkeypatch):
    places.use("systemd")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    [error] = vault_errors()
    assert "systemd-run" in error


def test_a_credential_that_is_not_there_or_no_key_is_told(places, settings):
    places.use("systemd")
    settings.ROOT_KEY_CREDENTIAL = "absent"
    assert "gave no credential absent" in vault_errors()[0]
    settings.ROOT_KEY_CREDENTIAL = "mail-password"
    assert "is not a key file of Tutela" in vault_errors()[0]


def test_the_signing_secret_must_not_be_the_credential(places, settings):
    places.use("systemd")
    settings.SECRET_KEY = (places.folder / "credentials" / "first").read_text().strip()
    assert "TUTELA_SECRET_KEY is the root key" in vault_errors()[0]


@pytest.mark.parametrize(
    "name, variable",
    [
        ("systemd", "TUTELA_CREDENTIAL"),
        ("aws-kms", "TUTELA_AWS_KMS_KEY"),
        ("pkcs11", "TUTELA_PKCS11_KEY"),
    ],
)
@pytest.mark.django_db
def test_where_people_make_the_keys_rotating_asks_for_a_new_name(places, name, variable):
    places.use(name)
    installed()
    before = root_ids()
    with pytest.raises(ImproperlyConfigured, match=variable):
        rotation.rotate_root()
    assert root_ids() == before


# --- Passphrase -----------------------------------------------------------------------
def test_a_process_that_must_not_ask_stays_sealed(places, monkeypatch, db):
    places.use("passphrase")
    installed()
    restart(places, keeping.FIRST)
    monkeypatch.setattr(Passphrase, "may_ask", False)
    assert keyring.is_sealed()
    with pytest.raises(Sealed):
        keyring.unlock()
    assert not keyring.open_with("wrong " + keeping.FIRST)
    assert keyring.is_sealed()
    assert keyring.open_with(keeping.FIRST)
    assert not keyring.is_sealed()
    keyring.unlock()


def test_a_passphrase_changed_elsewhere_seals_when_a_new_key_is_met(places, monkeypatch, db):
    places.use("passphrase")
    installed()
    restart(places, keeping.FIRST)
    monkeypatch.setattr(Passphrase, "may_ask", False)
    keyring.open_with(keeping.FIRST)
    row = KeyEncryptionKey.objects.get()
    elsewhere = Passphrase()
    places.type(keeping.SECOND)
    monkeypatch.setattr(Passphrase, "may_ask", True)
    elsewhere.create()
    monkeypatch.setattr(Passphrase, "may_ask", False)
    row.wrapped = elsewhere.wrap(providers.unwrap(row), FOR)
    with pytest.raises(Sealed):
        providers.unwrap(row)
    assert keyring.is_sealed()


@pytest.mark.parametrize(
    "typed, why",
    [
        ("too short a one", "20 characters or more"),
        ("  " + "x" * 17 + "    ", "20 characters or more"),
        ("the secret key", "must not be TUTELA_SECRET_KEY"),
        (None, "sealed"),
    ],
)
def test_a_new_passphrase_is_looked_at(places, settings, typed, why):
    places.use("passphrase")
    settings.SECRET_KEY = "the secret key of this place"
    typed = settings.SECRET_KEY if typed == "the secret key" else typed
    places.type(*[typed] if typed else [])
    with pytest.raises(ImproperlyConfigured, match=why):
        providers.configured().create()
    assert providers.configured().is_sealed()


def test_a_passphrase_may_be_typed_in_another_composition_of_letters(places):
    places.use("passphrase")
    places.type("пароль с буквой й и ещё слово")
    provider = providers.configured()
    provider.create()
    wrapped = provider.wrap(KEY, FOR)
    decomposed = "пароль с буквой и\u0306 и еще\u0308 слово"
    assert Passphrase().try_on(wrapped, FOR, f" {decomposed} ")


def test_the_costs_of_a_passphrase_are_high_and_stand_beside_what_it_wraps():
    from vault.providers import passphrase

    assert passphrase.MEMORY >= 256 * 1024 and passphrase.PASSES >= 3
    assert HEAD.size == 26


def test_a_stranger_opens_what_a_passphrase_wraps_by_what_docs_format_1_says(places):
    places.use("passphrase")
    provider = providers.configured()
    provider.create()
    wrapped = provider.wrap(KEY, FOR)
    head = wrapped[:26]
    passes, memory = int.from_bytes(head[1:5]), int.from_bytes(head[5:9])
    root = hash_secret_raw(
        keeping.FIRST.encode(), head[10:], passes, memory, head[9], 32, Type.ID, version=19
    )
    assert (head[0], cipher.unseal(root, wrapped[26:], FOR + head)) == (1, KEY)


def test_weaker_costs_written_into_the_key_store_open_nothing(places):
    places.use("passphrase")
    provider = providers.configured()
    provider.create()
    wrapped = provider.wrap(KEY, FOR)
    version, _passes, _memory, lanes, salt = HEAD.unpack(wrapped[: HEAD.size])
    weaker = HEAD.pack(version, 2, 32, lanes, salt) + wrapped[HEAD.size :]
    assert not Passphrase().try_on(weaker, FOR, keeping.FIRST)
    absurd = HEAD.pack(version, 2**31, 2**32 - 1, lanes, salt) + wrapped[HEAD.size :]
    with pytest.raises(ImproperlyConfigured, match="too little memory"):
        Passphrase().try_on(absurd, FOR, keeping.FIRST)


# --- Transit --------------------------------------------------------------------------
def test_a_key_is_rewrapped_inside_the_engine(places, db):
    places.use("transit")
    installed()
    rotation.rotate_root()
    assert "POST /v1/transit/rewrap/tutela" in places.engine.asked
    assert bytes(KeyEncryptionKey.objects.get().wrapped).startswith(b"vault:v2:")


def test_a_version_made_elsewhere_is_taken_without_making_another(places, db):
    places.use("transit")
    installed()
    places.engine.keys["tutela"].versions.append(os.urandom(32))  # auto_rotate_period did it
    new, former = rotation.rotate_root()
    assert (new, former) == ("transit:transit/tutela:v2", ["transit:transit/tutela:v1"])


def test_old_copies_are_dead_once_their_version_is(places, db):
    places.use("transit")
    installed()
    copy = KeyEncryptionKey.objects.get()
    rotation.rotate_root()
    places.engine.keys["tutela"].min_decryption_version = 2
    with pytest.raises(ImproperlyConfigured, match="min_decryption_version"):
        providers.unwrap(copy)


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda places: places.engine.keys.clear(), "derived=true"),
        (lambda places: setattr(places.engine.keys["tutela"], "derived", False), "not a derived"),
        (lambda places: setattr(places.engine.keys["tutela"], "exportable", True), "exportable"),
        (
            lambda places: setattr(places.engine.keys["tutela"], "deletion_allowed", True),
            "deletion_allowed",
        ),
        (lambda places: setattr(places.engine, "is_sealed", True), "VaultDown"),
        (lambda places: setattr(places.settings, "TRANSIT_TOKEN", lambda: "no"), "token"),
        (
            lambda places: setattr(places.settings, "TRANSIT_ADDRESS", "http://127.0.0.1:1"),
            "ConnectionError",
        ),
        (lambda places: setattr(places.settings, "TRANSIT_ADDRESS", "http://vault"), "https://"),
        (lambda places: setattr(places.settings, "TRANSIT_ADDRESS", ""), "https://"),
    ],
)
def test_what_is_wrong_with_the_engine_is_told(places, change, told):
    places.use("transit")
    change(places)
    [error] = vault_errors()
    assert told in error
    assert transit.TOKEN not in error


# --- AWS KMS --------------------------------------------------------------------------
def test_a_kms_key_that_cannot_be_used_is_told(places, settings):
    places.use("aws-kms")
    name = settings.AWS_KMS_KEY.rpartition("/")[2]
    places.kms().disable_key(KeyId=name)
    assert "in the state Disabled" in vault_errors()[0]
    places.kms().schedule_key_deletion(KeyId=name)
    assert "in the state PendingDeletion" in vault_errors()[0]


def test_a_kms_key_of_another_kind_is_told(places, settings):
    places.use("aws-kms")
    made = places.kms().create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    settings.AWS_KMS_KEY = made["KeyMetadata"]["Arn"]
    assert "not a symmetric one" in vault_errors()[0]


@pytest.mark.parametrize("text", ["", "alias/tutela", "arn:aws:kms:eu-central-1:1:alias/tutela"])
def test_a_kms_key_is_named_by_its_arn(places, settings, text):
    places.use("aws-kms")
    settings.AWS_KMS_KEY = text
    assert "must be the ARN" in vault_errors()[0]


def test_a_kms_that_is_out_of_reach_is_told(places, monkeypatch):
    places.use("aws-kms")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    assert "cannot be asked (EndpointConnectionError)" in vault_errors()[0]


def test_what_a_key_of_another_account_wrapped_is_refused(places, settings):
    """Whoever writes to the key store could plant what a key of their own account wraps."""
    places.use("aws-kms")
    wrapped = providers.configured().wrap(KEY, FOR)
    settings.AWS_KMS_KEY = settings.AWS_KMS_KEY.replace("123456789012", "210987654321")
    with pytest.raises(ImproperlyConfigured, match="another account"):
        providers.configured().unwrap(wrapped, FOR)


# --- PKCS#11 --------------------------------------------------------------------------
def test_the_key_cannot_be_taken_out_of_the_module(places, settings):
    places.use("pkcs11")
    providers.configured().create()
    import pkcs11
    from pkcs11 import Attribute
    from pkcs11.exceptions import AttributeSensitive

    module = pkcs11.lib(settings.PKCS11_MODULE)
    with module.get_token(token_label="first").open(user_pin=keeping.PIN) as session:
        [key] = session.get_objects({Attribute.LABEL: "first"})
        with pytest.raises(AttributeSensitive):
            key[Attribute.VALUE]
    module.finalize()


def test_a_key_that_can_be_taken_out_is_told(places, settings):
    places.use("pkcs11")
    import pkcs11
    from pkcs11 import Attribute, KeyType

    module = pkcs11.lib(settings.PKCS11_MODULE)
    with module.get_token(token_label="first").open(rw=True, user_pin=keeping.PIN) as session:
        template = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}
        session.generate_key(KeyType.AES, 256, label="first", store=True, template=template)
    module.finalize()
    assert "can be taken out" in vault_errors()[0]


@pytest.mark.parametrize(
    "setting, value, told",
    [
        ("PKCS11_TOKEN", "absent", "no token absent"),
        ("PKCS11_PIN", lambda: "999999", "refuses the PIN"),
        ("PKCS11_MODULE", "/nowhere.so", "/nowhere.so"),
        ("PKCS11_MODULE", "", "TUTELA_PKCS11_MODULE"),
    ],
)
def test_what_is_wrong_with_the_module_is_told(places, settings, setting, value, told):
    places.use("pkcs11")
    setattr(settings, setting, value)
    [error] = vault_errors()
    assert told in error and "999999" not in error


def test_a_key_missing_from_the_module_is_told(places, settings):
    places.use("pkcs11")
    provider = providers.configured()
    provider.create()
    wrapped = provider.wrap(KEY, FOR)
    settings.PKCS11_TOKEN = places._token("another")
    with pytest.raises(ImproperlyConfigured, match="holds 0 keys labelled first"):
        provider.unwrap(wrapped, FOR)


# --- Killed ---------------------------------------------------------------------------
KILLED = """
import os, sys, signal, django
django.setup()
from django.core.management import call_command
from django.db import transaction
from vault import rotation
from vault.keyring import keyring
from vault.models import KeyEncryptionKey
from vault.sealing import Place, seal, unseal
from uuid import UUID
place, step = Place("test.Row", "identity", UUID(int=1), UUID(int=2), 1), sys.argv[1]
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
def after(function):
    def run(*a, **k):
        function(*a, **k)
        die()
    return run
if step == "install":
    call_command("migrate", database="keys", verbosity=0)
    keyring.unlock(); keyring.create([place.scope]); rotation.begin_kek()
    sys.stdout.write(seal(place, b"still here").hex())
elif step == "open":
    keyring.unlock()
    assert unseal(place, bytes.fromhex(sys.argv[2])) == b"still here"
    ids = set(KeyEncryptionKey.objects.values_list("root_id", flat=True))
    assert len(ids) == 1, ids
    sys.stdout.write(ids.pop())
else:
    if step == "before the rows": rotation.tell_other_processes = die
    if step == "after one row": KeyEncryptionKey.save = after(KeyEncryptionKey.save)
    if step == "after the rows": os.replace = die
    if step == "after one file": os.replace = after(os.replace)
    rotation.rotate_root()
"""
STEPS = ["after one row", "before the rows", "after the rows", "after one file"]


@pytest.mark.parametrize("step", first_of(STEPS))
def test_a_root_rotation_that_is_killed_goes_on(step: str, tmp_path: Path) -> None:
    """A real process, a real SIGKILL, a real file of SQLite."""
    kept = ("DATABASE_URL", "KEYS_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    environment |= {"TUTELA_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": os.getcwd()}
    environment |= {"TUTELA_KEY_FILE": str(tmp_path / "keys" / "root.key")}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    blob = run("install").stdout
    first = run("open", blob).stdout
    assert first.startswith("file:")
    assert run(step).returncode == -9
    between = run("open", blob)
    assert between.returncode == 0, between.stderr
    assert run("rotate").returncode == 0
    last = run("open", blob).stdout
    assert last.startswith("file:") and last != first
