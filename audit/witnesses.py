"""Asking witnesses to cosign a checkpoint (c2sp.org/tlog-witness): programs of other organisations.

A witness remembers the last checkpoint it cosigned, and cosigns the next one only with a proof that it
continues that. So who has the database and the log's key still cannot write the log anew unnoticed.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from audit import notes, tiles
from audit.models import Checkpoint, Cosignature, LogState, WitnessState
from audit.trail import record
from audit.verbs import Verb

TIMEOUT = 10  # seconds a witness may take
MOST_BYTES = 10_000  # of an answer
UNREACHABLE = "unreachable"
REFUSED = "refused"  # it does not know this log, or answers something else
FORK = "fork"  # it has seen another log under this name: an alarm
ATTEMPTS = 3  # a witness may be elsewhere than we remember, twice while we ask


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness that this installation asks."""

    address: str
    key: str  # its verifier key

    @property
    def name(self) -> str:
        return self.key.split("+")[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a witness has come."""

    name: str
    size: int  # of the newest checkpoint it cosigned; 0 for none
    behind: int  # events since
    at: datetime | None  # when it cosigned that
    trouble: str  # what the last attempt met with: "", UNREACHABLE, REFUSED or FORK


class _Failed(Exception):
    """A witness did not cosign."""

    def __init__(self, word: str, size: int | None = None) -> None:
        super().__init__(word)
        self.word, self.size = word, size


def witnesses() -> list[Witness]:
    """Those of the settings. Raises ImproperlyConfigured for one that is not “address key”."""
    found = []
    for text in settings.WITNESSES:
        address, _space, key = text.partition(" ")
        try:
            notes.parse_verifier_key(key, notes.COSIGNATURE)
        except notes.BadNote:
            raise ImproperlyConfigured(
                "TUTELA_WITNESSES: each witness is an address, a space and its verifier key."
            ) from None
        found.append(Witness(address.rstrip("/"), key.strip()))
    return found


def ask_all(checkpoint: Checkpoint) -> None:
    """Have every witness cosign a checkpoint. What one will not is recorded and tried again."""
    for witness in witnesses():
        if Cosignature.objects.filter(size=checkpoint.size, witness=witness.name).exists():
            continue
        try:
            _ask(witness, checkpoint)
            trouble = ""
        except _Failed as failure:
            trouble = failure.word
        _note(witness, trouble)


def standing() -> Iterator[Standing]:
    """How far each witness is."""
    log = LogState.objects.get(id=1).size
    troubles = dict(WitnessState.objects.values_list("name", "trouble"))
    for witness in witnesses():
        last = Cosignature.objects.filter(witness=witness.name).order_by("size").last()
        size, at = (last.size, last.at) if last else (0, None)
        yield Standing(witness.name, size, log - size, at, troubles.get(witness.name, ""))


def _note(witness: Witness, trouble: str) -> None:
    """Remember how a witness answered; that it refuses from now on is an event, once."""
    state, _new = WitnessState.objects.get_or_create(name=witness.name)
    if state.trouble == trouble:
        return
    state.trouble = trouble
    with transaction.atomic():
        state.save()
        if trouble:
            outcome = "error" if trouble == FORK else "denied"
            reason = f"{trouble} {witness.name}"
            record(Verb.WITNESS_REFUSED, by=None, outcome=outcome, reason=reason)


def _ask(witness: Witness, checkpoint: Checkpoint) -> None:
    last = Cosignature.objects.filter(witness=witness.name, size__lt=checkpoint.size)
    old = last.order_by("size").values_list("size", flat=True).last() or 0
    for _attempt in range(ATTEMPTS):
        try:
            line = _post(witness, _request(checkpoint, old))
        except _Failed as failure:
            if failure.size is None or failure.size == old:
                raise
            if failure.size > checkpoint.size:  # it has seen more of this log than there is
                raise _Failed(FORK) from None
            old = failure.size
            continue
        try:
            at = notes.verify_cosignature(checkpoint.note, line, witness.key)
        except notes.BadNote:
            raise _Failed(REFUSED) from None
        Cosignature.objects.get_or_create(  # another process may have asked meanwhile
            size=checkpoint.size, witness=witness.name, defaults={"at": at, "line": line}
        )
        return
    raise _Failed(REFUSED)


def _request(checkpoint: Checkpoint, old: int) -> bytes:
    """The body of an add-checkpoint request."""
    proof = tiles.tree(checkpoint.size).consistency(old)
    hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in proof)
    return f"old {old}\n{hashes}\n{checkpoint.note}".encode()


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        """A witness that sends us elsewhere is not the one that was named."""


def _post(witness: Witness, body: bytes) -> str:
    """The cosignature line that a witness answers. Raises _Failed, with its size when it told one."""
    request = Request(
        f"{witness.address}/add-checkpoint",
        body,
        {"Content-Type": "text/plain; charset=utf-8"},
    )
    try:
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
            return str(answer.read(MOST_BYTES).decode())
    except HTTPError as error:
        told = error.read(MOST_BYTES).decode(errors="replace").strip()
        if error.code == 409 and told.isdecimal() and len(told) < 19:
            raise _Failed(FORK, int(told)) from None
        raise _Failed(FORK if error.code == 422 else REFUSED) from None
    except (OSError, HTTPException, ValueError):
        raise _Failed(UNREACHABLE) from None
