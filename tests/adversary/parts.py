"""Random walks in parts: every change is tried with the first, the drill goes through the others."""

from typing import Any

import pytest


def first_alone(parts: int) -> list[Any]:
    """The numbers of the parts, for `parametrize`."""
    return [0, *(pytest.param(part, marks=pytest.mark.drill) for part in range(1, parts))]
