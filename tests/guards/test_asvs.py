"""docs/asvs.yaml covers the whole standard, and names tests that exist or says why there is none."""

import ast
from collections import Counter
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
REGISTER = yaml.safe_load((ROOT / "docs" / "asvs.yaml").read_text())
REQUIREMENTS, ELSEWHERE = REGISTER["requirements"], REGISTER["does_not_apply"]

# How many requirements each section of ASVS 5.0.0 has, chapter by chapter: 345 in all.
SECTIONS = {
    1: (2, 10, 12, 3, 3),
    2: (3, 3, 5, 2),
    3: (1, 3, 5, 8, 8, 1, 5),
    4: (5, 5, 2, 4),
    5: (1, 6, 3, 3),
    6: (3, 12, 8, 6, 8, 4, 2, 4),
    7: (3, 4, 2, 5, 3, 2),
    8: (4, 4, 3, 2),
    9: (3, 4),
    10: (2, 3, 5, 16, 5, 2, 3),
    11: (4, 5, 5, 4, 2, 2, 2),
    12: (5, 2, 5),
    13: (4, 6, 4, 7),
    14: (2, 8, 3),
    15: (5, 5, 7, 4),
    16: (1, 5, 4, 3, 4),
    17: (2, 8, 2),
}
IDS = [
    f"{chapter}.{section}.{number}"
    for chapter, counts in SECTIONS.items()
    for section, count in enumerate(counts, start=1)
    for number in range(1, count + 1)
]


def test_every_requirement_stands_there_once():
    assert len(IDS) == 345
    covered = Counter(list(REQUIREMENTS))
    for part in ELSEWHERE:
        inside = [one for one in IDS if f"{one}.".startswith(f"{part}.")]
        assert inside, f"{part} is no part of the standard"
        covered.update(inside)
    assert covered == Counter(IDS)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_requirement_has_tests_that_exist_or_a_reason(name):
    entry = REQUIREMENTS[name]
    assert entry["level"] in (1, 2, 3) and entry["about"]
    if entry["status"] == "tested":
        assert entry.keys() == {"level", "about", "status", "tests"} and entry["tests"]
        assert [test for test in entry["tests"] if not _exists(test)] == []
    else:
        assert entry["status"] in ("exception", "open")
        assert entry.keys() == {"level", "about", "status", "why"}
        assert len(entry["why"]) > 8


def test_what_does_not_apply_has_a_reason():
    assert all(len(reason) > 5 for reason in ELSEWHERE.values())


def test_more_is_tested_than_not():
    """Of what applies; the number goes up and never down."""
    tested = sum(entry["status"] == "tested" for entry in REQUIREMENTS.values())
    assert tested >= 187


def test_a_test_that_was_renamed_would_be_noticed():
    assert not _exists("tests/guards/test_asvs.py::test_that_is_not_here")
    assert not _exists("tests/guards/test_that_is_not_here.py::test_anything")


def _exists(test: str) -> bool:
    path, _, function = test.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    return function in {
        node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    }
