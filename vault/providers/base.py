"""What every provider of a root key does.

It is asked at start, when a key-encryption key is made and when one is rotated, never for a request: a
slow or distant one costs nothing in between.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class RootKey(ABC):
    """Wraps key-encryption keys. Every method raises ImproperlyConfigured, with what to do."""

    name: ClassVar[str]  # as TUTELA_ROOT_KEY has it

    @abstractmethod
    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Seal a key-encryption key for `context` under the newest key of this provider."""

    @abstractmethod
    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """What `wrap` was given for this context, whichever key of this provider it was under."""

    def rewrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The same key-encryption key under the newest key."""
        return self.wrap(self.unwrap(wrapped, context), context)

    @abstractmethod
    def key_id(self) -> str:
        """Names the newest key, without telling anything of it."""

    def root_id(self) -> str:
        """Provider and newest key, as it stands beside what is wrapped."""
        return f"{self.name}:{self.key_id()}"

    @abstractmethod
    def health(self) -> None:
        """Look that the provider answers and its key is kept as a key should be."""

    def create(self) -> None:  # noqa: B027  most have nothing to make
        """Make the key if Tutela makes the keys of this provider and this one is not there yet."""

    @abstractmethod
    def successor(self) -> RootKey:
        """The provider with a new key. Raises when the new key has to be named in a setting first."""

    def settle(self, root_id: str) -> None:  # noqa: B027  nor anything to move
        """Everything is wrapped under the key of this id: put it in its place if it is not there."""

    def is_sealed(self) -> bool:
        """Does the provider wait for somebody to give it its key?"""
        return False

    def is_spelled(self, text: str) -> bool:
        """Is this text the root key in one of its spellings? Then it must not do another job."""
        return False
