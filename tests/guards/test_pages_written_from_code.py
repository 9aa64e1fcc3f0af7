"""Pages of the documentation that are written from the code say what the code says."""

from cases.imports.htcds_fields import HTCDS_FIELDS
from tests.guards import htcds_page, roles_page, stages_page


def test_the_page_of_roles_is_up_to_date():
    assert roles_page.PAGE.read_text() == roles_page.page(), "run python -m tests.guards.roles_page"


def test_the_page_of_stages_is_up_to_date():
    page = stages_page.PAGE.read_text()
    assert page == stages_page.page(), "run python -m tests.guards.stages_page"


def test_the_page_of_htcds_fields_is_up_to_date_and_names_each():
    page = htcds_page.PAGE.read_text()
    assert page == htcds_page.page(), "run python -m tests.guards.htcds_page"
    assert all(f"| `{name}` |" in page for name in HTCDS_FIELDS)
