"""The base of every sealed section: a typed record that travels as JSON inside ciphertext."""

from typing import Any

import msgspec


class Section(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Fields of one sensitivity class of one row.

    Every field has a default, so that a section sealed before a field was born still opens.
    An empty string, an empty list or None means "not recorded".
    """

    def as_dict(self) -> dict[str, Any]:
        """Field name to value, in the order of definition."""
        return msgspec.structs.asdict(self)
