"""Recovering without the root key: a second way to every key-encryption key, held by several people.

Each key-encryption key is also sealed to a recovery key pair (HPKE, RFC 9180). The public half stays
in the key store; the private half exists as shares of words only (SLIP-39), some of which give it back.
See docs/adr/0007-recovery-key-pair.md.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from core.exceptions import BadInput, WrongState
from vault import cipher, providers
from vault.keyring import NoKey, keyring, tell_other_processes
from vault.models import KeyEncryptionKey, RecoveryKey
from vault.secrets import system_secret

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
CANARY = b"tutela/recovery/canary"
MOST_SHARES = 16  # SLIP-39 has no more
DRILL_EVERY = timedelta(days=365)

CHANGED = (
    "What is kept for recovery is not what this installation wrote: somebody changed the key store. "
    "Find out who before you go on. Take a copy of the key store from before, or, while the root key "
    "still opens it, make new shares. Nothing was changed."
)

State = KeyEncryptionKey.State


# --- Making shares --------------------------------------------------------------------
def new_shares(shares: int, threshold: int) -> tuple[bytes, list[str]]:
    """A new private key, and its shares of 33 words; any `threshold` of them give it back.

    Nothing is stored before `put_to_use`, so that no set is in use that nobody has. Raises BadInput.
    """
    if not 2 <= threshold <= shares <= MOST_SHARES:
        raise BadInput(
            f"Choose at most {MOST_SHARES} shares, and let two of them or more be needed, at most all."
        )
    private = X25519PrivateKey.generate().private_bytes_raw()
    [words] = generate_mnemonics(1, [(threshold, shares)], private)
    return private, words


def put_to_use(private: bytes, *, shares: int, threshold: int) -> None:
    """Seal every living key-encryption key to this recovery key. Former shares are worth nothing then.

    Raises ImproperlyConfigured when the root key does not open the key store.
    """
    public = _public_half(private)
    secret = _proving_secret()
    with transaction.atomic(using="keys"):
        tell_other_processes()
        for row in _living().select_for_update():
            row.recovery_sealed = _sealed_to(public, row, providers.unwrap(row), secret)
            row.save(update_fields=["recovery_sealed"])
        values = {
            "public": public,
            "proof": _proof(secret, public),
            "canary": _seal_to(public, CANARY, CANARY),
            "shares": shares,
            "threshold": threshold,
            "made_at": timezone.now(),
            "drilled_at": None,
        }
        RecoveryKey.objects.update_or_create(id=1, defaults=values)


def seal_also(row: KeyEncryptionKey, kek: bytes) -> None:
    """Put a new key-encryption key into its row sealed to the recovery key, if there is one."""
    recovery = RecoveryKey.objects.first()
    if recovery is None:
        return
    secret = _proving_secret()
    if not hmac.compare_digest(bytes(recovery.proof), _proof(secret, bytes(recovery.public))):
        raise ImproperlyConfigured(CHANGED)
    row.recovery_sealed = _sealed_to(bytes(recovery.public), row, kek, secret)


# --- Using them -----------------------------------------------------------------------
def needed() -> tuple[int, int]:
    """(how many shares are needed, how many there are). Raises WrongState when there are none."""
    recovery = _recovery()
    return recovery.threshold, recovery.shares


def words_of(share: str) -> str:
    """The words of a share, without the numbers and line ends they may have been copied with."""
    return " ".join(re.findall(r"[a-z]+", share.lower()))


def set_of(share: str) -> int:
    """The number of the set this share belongs to. Raises BadInput when a word is wrong."""
    try:
        return Share.from_mnemonic(words_of(share)).identifier
    except (MnemonicError, ValueError):
        raise BadInput("These are not the words of a share: look at each of them again.") from None


def join(shares: Sequence[str]) -> bytes:
    """The private key out of as many different shares of one set as are needed. Raises BadInput."""
    recovery = _recovery()
    try:
        private = combine_mnemonics(map(words_of, shares))
    except (MnemonicError, ValueError):
        raise BadInput(
            "These shares do not belong together: they must be different ones of one set, and as "
            "many as it needs. Nothing was changed."
        ) from None
    if not hmac.compare_digest(_public_half(private), bytes(recovery.public)):
        raise BadInput(
            "These shares are of another set than the one in use, which was made on "
            f"{timezone.localdate(recovery.made_at)}. Nothing was changed."
        )
    return private


def drill(private: bytes) -> int:
    """See that the recovery key gives every living key-encryption key; returns how many.

    Nothing is changed but the date of the drill. Raises WrongState when one cannot be recovered.
    """
    recovery = _recovery()
    if _open(private, bytes(recovery.canary), CANARY) != CANARY:
        raise WrongState(CHANGED)
    rows = list(_living())
    opened = {row.version: _opened(private, row) for row in rows}
    _refuse_planted(recovery, opened)
    if any(providers.unwrap(row) != opened[row.version][0] for row in rows):
        raise WrongState(CHANGED)
    recovery.drilled_at = timezone.now()
    recovery.save(update_fields=["drilled_at"])
    return len(rows)


def recover(private: bytes) -> list[int]:
    """Wrap every living key-encryption key under the root key that is configured now: versions.

    For when the former root key is lost; a new one is made where Tutela makes it. All or nothing, so it
    can be begun again. Raises WrongState when the key store was tampered with.
    """
    opened = {row.version: _opened(private, row) for row in _living()}
    keyring.adopt({version: kek for version, (kek, _proof) in opened.items()})
    try:
        _refuse_planted(_recovery(), opened)
        providers.configured().create()
        with transaction.atomic(using="keys"):
            tell_other_processes()
            for row in _living().select_for_update():
                providers.wrap(row, opened[row.version][0])
                providers.refuse_unless(row, opened[row.version][0])
                row.save(update_fields=["wrapped", "root_id"])
    finally:
        keyring.forget()
    return list(opened)


def is_drill_due() -> bool:
    """Are there no shares, or did nobody try them for a year?"""
    recovery = RecoveryKey.objects.first()
    if recovery is None:
        return True
    return (recovery.drilled_at or recovery.made_at) < timezone.now() - DRILL_EVERY


# --- Inside ---------------------------------------------------------------------------
def _recovery() -> RecoveryKey:
    recovery = RecoveryKey.objects.first()
    if recovery is None:
        raise WrongState(
            "There are no recovery shares. Make them with manage.py make_recovery_shares."
        )
    return recovery


def _living() -> QuerySet[KeyEncryptionKey]:
    return KeyEncryptionKey.objects.exclude(state=State.DESTROYED).order_by("version")


def _public_half(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _seal_to(public: bytes, content: bytes, info: bytes) -> bytes:
    return SUITE.encrypt(content, X25519PublicKey.from_public_bytes(public), info)


def _open(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """What was sealed to the recovery key, or WrongState."""
    try:
        return SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private), info)
    except InvalidTag:
        raise WrongState(CHANGED) from None


def _sealed_to(public: bytes, row: KeyEncryptionKey, kek: bytes, secret: bytes) -> bytes:
    """A key-encryption key and its proof, sealed to the recovery key."""
    place = _place(row.version)
    return _seal_to(public, kek + _proof(secret, place + kek), place)


def _opened(private: bytes, row: KeyEncryptionKey) -> tuple[bytes, bytes]:
    """(key-encryption key, its proof) out of the sealed copy in a row."""
    content = _open(private, bytes(row.recovery_sealed or b""), _place(row.version))
    return content[: cipher.KEY_SIZE], content[cipher.KEY_SIZE :]


def _place(version: int) -> bytes:
    return f"tutela/recovery/kek/{version}".encode()


# Anybody can seal something to a public key. A proof shows that this installation did: it takes a
# secret that lies under the key-encryption keys, so who plants a key of their own cannot make one.
def _proving_secret() -> bytes:
    return system_secret("recovery-key")


def _proof(secret: bytes, content: bytes) -> bytes:
    return hmac.digest(secret, content, "sha256")


def _refuse_planted(recovery: RecoveryKey, opened: dict[int, tuple[bytes, bytes]]) -> None:
    """Raise WrongState when the recovery key or a sealed copy was not written by this installation."""
    try:
        secret = _proving_secret()
    except (NoKey, cipher.CannotOpen):
        raise WrongState(CHANGED) from None
    proofs = [(bytes(recovery.proof), bytes(recovery.public))]
    proofs += [(proof, _place(version) + kek) for version, (kek, proof) in opened.items()]
    if not all(hmac.compare_digest(proof, _proof(secret, content)) for proof, content in proofs):
        raise WrongState(CHANGED)
