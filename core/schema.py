"""The base of every sealed section: a typed record that travels as JSON inside ciphertext."""

from typing import Any, ClassVar

import msgspec


class Section(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields of one sensitivity class of one row.

    Every field has a default, so that a section sealed before a field was born still opens.
    An empty string, an empty list or None means "not recorded" and is not stored; a default must never
    mean anything else, for it is what a field missing from the stored bytes comes back as.
    """

    # Plaintext is padded to a multiple of this many bytes, so that its length says little.
    QUANTUM: ClassVar[int] = 256

    def as_dict(self) -> dict[str, Any]:
        """Field name to value, in the order of definition."""
        return msgspec.structs.asdict(self)


def is_recorded(value: Any) -> bool:
    """Does a field hold an answer? 0 and False are answers."""
    return value is not None and value not in ("", [], {})
