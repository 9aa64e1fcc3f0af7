"""The key of the log, and checkpoints signed with it.

A log never signs two trees of which one is not the beginning of the other. What was signed last stands
in the key store, apart from the log, and nothing is signed that is not proven to fit it.
"""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import notes, tiles
from audit.merkle import is_consistent
from audit.models import Checkpoint, LogState
from audit.sequencer import sequence, waits
from core.exceptions import DomainError
from vault.models import SignedHead
from vault.secrets import system_secret


class LogRewritten(DomainError):
    """The log is not a continuation of what was signed before."""

    status = 503


def signing_key() -> Ed25519PrivateKey:
    """The key that signs checkpoints; kept in the key store, apart from the log."""
    return Ed25519PrivateKey.from_private_bytes(system_secret("log-signing-key"))


def verifier_key() -> str:
    """What an auditor keeps to check the signatures of this log."""
    return verifier_keys()[0]


def verifier_keys() -> list[str]:
    """The verifier key under each name that this log had, newest first: a restore gives it another."""
    public = signing_key().public_key()
    return [notes.verifier_key(name, public) for name in _names()]


def installation_key() -> str:
    """The verifier key under the name in the settings: it stays when a restore renames the log."""
    return notes.verifier_key(settings.ORIGIN, signing_key().public_key())


def name() -> str:
    """What this log is called in its checkpoints."""
    return _names()[0]


def _names() -> list[str]:
    """Every name that this log had, newest first."""
    names = list(SignedHead.objects.order_by("-id").values_list("name", flat=True))
    if not names or not _is_of_here(names[0]):
        names.insert(0, settings.ORIGIN)
    elif settings.ORIGIN not in names:
        names.append(settings.ORIGIN)
    return names


def take_new_name(now: datetime) -> None:
    """Go on under another name: an older copy was restored, and what was signed since is not in it."""
    root = tiles.tree(0).root()
    SignedHead.objects.create(
        name=f"{settings.ORIGIN}/restored-{now:%Y%m%d-%H%M%S}", size=0, root=root
    )


def checkpoint(size: int | None = None) -> Checkpoint:
    """Sign the log as it stands, or its first `size` events. The checkpoint there is, if there is one.

    Raises LogRewritten when the log does not continue what was signed before.
    """
    size = _settled(size)
    if existing := Checkpoint.objects.filter(size=size).first():
        return existing
    tree = tiles.tree(size)
    root = tree.root()
    with transaction.atomic(using="keys"):
        head = _head()
        if not _fits(head, tree):
            raise LogRewritten(
                _("The log is not what it was when it was signed last. Tell your auditor at once.")
            )
        if size > head.size:
            head.size, head.root = size, root
            head.save()
    note = notes.sign(signing_key(), head.name, size, root)
    made, _new = Checkpoint.objects.get_or_create(size=size, defaults={"note": note})
    return made


def _settled(size: int | None) -> int:
    """How far the log goes, or `size`, once that is on the disk and its tiles are stored."""
    sequence()
    with transaction.atomic():
        state = LogState.objects.select_for_update().get(id=1)
        size = state.size if size is None else size
        tiles.store(size)
        # Places are given without waiting for the disk. This commit waits, for all before it as well.
        if waits():
            state.save(update_fields=["size"])
    return size


def _head() -> SignedHead:
    """What was signed last under the name of now."""
    head = SignedHead.objects.select_for_update().order_by("id").last()
    if head is None:
        return SignedHead(name=settings.ORIGIN, size=0, root=tiles.tree(0).root())
    if not _is_of_here(head.name):
        return SignedHead(name=settings.ORIGIN, size=head.size, root=head.root)
    return head


def _is_of_here(name: str) -> bool:
    return name == settings.ORIGIN or name.startswith(f"{settings.ORIGIN}/restored-")


def _fits(head: SignedHead, tree: tiles.Tree) -> bool:
    """Is either tree, that signed last and that to be signed, the beginning of the other?"""
    older, newer = sorted([(head.size, bytes(head.root)), (tree.size, tree.root())])
    larger = tree if tree.size == newer[0] else tiles.tree(newer[0])
    try:
        proof = larger.consistency(older[0])
    except LookupError:  # the log is shorter than what was signed
        return False
    return is_consistent(*older, *newer, proof)
