"""Pages of the documentation that are written from the code say what the code says."""

from tests.guards import roles_page


def test_the_page_of_roles_is_up_to_date():
    assert roles_page.PAGE.read_text() == roles_page.page(), "run python -m tests.guards.roles_page"
