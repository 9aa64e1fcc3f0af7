"""Shares of long tests: every change is tried with the first ones, the drill goes through the others."""

from collections.abc import Iterable
from typing import Any

import pytest


def first_of(values: Iterable[Any], share: int = 1) -> list[Any]:
    """The values for `parametrize`, of which `make test` takes the first `share`."""
    values = list(values)
    others = [pytest.param(value, marks=pytest.mark.drill) for value in values[share:]]
    return [*values[:share], *others]
