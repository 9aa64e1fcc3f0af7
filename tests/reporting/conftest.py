import pytest

from reporting.frame import Row
from reporting.surface import Surface
from reporting.tables import Definition, Table, make_table
from tests.reporting.people import DAY, people, surface_of


@pytest.fixture(scope="session")
def many() -> list[Row]:
    return people(3000)


@pytest.fixture(scope="session")
def surface(many: list[Row]) -> Surface:
    return surface_of(many)


@pytest.fixture
def look_up(surface: Surface):
    """A table of the shared surface from the names of its dimensions."""

    def look_up(rows: str, columns: str = "", split: str = "", **others: object) -> Table:
        return make_table(surface, Definition(rows, columns, split, **others), DAY)

    return look_up
