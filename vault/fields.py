"""The column of a sealed section."""

from typing import Any

from django.db import models

from vault.sealing import HEAD


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Holds a sealed blob, or nothing. Refuses bytes that cannot be one, as plaintext would be."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"null": True, "blank": True, "editable": False} | kwargs))

    def get_prep_value(self, value: Any) -> Any:
        if value is not None and (len(value) < HEAD.size + 72 or bytes(value[:1]) != b"\x01"):
            raise ValueError(f"{self.name} takes sealed bytes only")
        return super().get_prep_value(value)
