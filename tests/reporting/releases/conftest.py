from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from accounts.models import Office, User
from accounts.services import make_user
from cases.sections import Identity
from cases.services.intake import register_many
from cases.services.new_case import NewCase
from reporting.releases import services
from reporting.releases.models import Release

PASSWORD = "correct horse battery staple"
TABLES = [["gender"], ["gender", "exploitation"], ["age", "gender"]]


@pytest.fixture
def director(office: Office) -> User:
    return make_user(
        username="dana",
        display_name="Dana",
        password=PASSWORD,
        roles=["director"],
        office=office,
        by=None,
    )


@pytest.fixture
def of_2021(alena: User) -> None:
    """30 women of 2021, and 20 of 2022."""
    for number, year in ((30, 2021), (20, 2022)):
        facts = {"year": year, "gender": "Feminine", "types_of_exploitation": ["ForcedLabour"]}
        new = [
            NewCase(identity=Identity(second_name="Made-up"), facts=facts) for _ in range(number)
        ]
        register_many(new, office=alena.office, owner=alena, by=alena)


@pytest.fixture
def propose(yury: User) -> Callable[..., Release]:
    def propose(by: User = yury, kind: str = "dp_tables", **asked: Any) -> Release:
        first = {"year": 2021, "title": "Persons of 2021", "tables": TABLES, "rho": Fraction(1, 2)}
        return services.propose_release(kind, first | asked, by=by)

    return propose


@pytest.fixture
def make_other(office: Office) -> Callable[..., User]:
    def make_other(name: str, *roles: str) -> User:
        return make_user(
            username=name,
            display_name=name.title(),
            password=PASSWORD,
            roles=list(roles),
            office=office,
            by=None,
        )

    return make_other
