import pytest

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from reporting.frame import Row
from reporting.models import Snapshot
from reporting.surface import Surface, pack
from reporting.tables import Definition, Table, make_table
from tests.reporting.people import DAY, people, surface_of, with_amounts


@pytest.fixture(scope="session")
def many() -> list[Row]:
    return with_amounts(people(3000))


@pytest.fixture(scope="session")
def surface(many: list[Row]) -> Surface:
    return surface_of(many)


@pytest.fixture
def look_up(surface: Surface):
    """A table of the shared surface from the names of its dimensions."""

    def look_up(rows: str, columns: str = "", split: str = "", **others: object) -> Table:
        return make_table(surface, Definition(rows, columns, split, **others), DAY)

    return look_up


@pytest.fixture
def snapshot(surface: Surface, yury: User) -> Snapshot:
    """A snapshot of the 3000 made-up persons."""
    taken = Snapshot(number=1, taken_at=DAY, taken_by=yury, surface=pack(surface))
    taken.epochs, taken.digests = {"2026": 1}, {"2026": "ab"}
    trail.save(taken, verb=Verb.STATISTICS_FROZEN, by=yury)
    return taken
