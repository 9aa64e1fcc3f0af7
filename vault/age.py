"""Files for named recipients, encrypted with age (https://age-encryption.org)."""

from collections.abc import Sequence

import pyrage
from pyrage import x25519

SECRET = "AGE-SECRET-KEY-"  # how the half begins that nobody gives away


class NoRecipient(ValueError):
    """The text is not the public half of a pair of keys."""


class NoIdentity(ValueError):
    """The text holds no secret half, or something else besides."""


class CannotDecrypt(ValueError):
    """The content was made for somebody else, or was changed or cut."""


def recipient_of(text: str) -> x25519.Recipient:
    """The recipient with this public key, which begins with age1. Raises NoRecipient."""
    try:
        return x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise NoRecipient from None


def identities_of(text: str) -> list[x25519.Identity]:
    """The identities in a text as `age-keygen` writes it. Raises NoIdentity."""
    lines = [line.strip() for line in text.splitlines()]
    try:
        found = [x25519.Identity.from_str(line) for line in lines if line and line[0] != "#"]
    except pyrage.IdentityError:
        raise NoIdentity from None
    if not found:
        raise NoIdentity
    return found


def encrypt(content: bytes, recipient: str) -> bytes:
    """The content, for whoever has the other half. Raises NoRecipient."""
    return bytes(pyrage.encrypt(content, [recipient_of(recipient)]))


def decrypt(content: bytes, identities: Sequence[x25519.Identity]) -> bytes:
    """What was encrypted to one of these identities. Raises CannotDecrypt."""
    try:
        return bytes(pyrage.decrypt(content, list(identities)))
    except pyrage.DecryptError:
        raise CannotDecrypt from None
