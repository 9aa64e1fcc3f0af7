"""What these tests count is said aloud, past pytest's capture."""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def out(figures: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{figures}\n")

    return out
