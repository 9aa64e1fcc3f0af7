"""What signing in and asking who somebody is costs, in statements to the database."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from cases.access import access_to
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

# On a server an event gets its place in the log in a transaction of its own.
MOST_AT_SIGN_IN = 48 if connection.vendor == "sqlite" else 53


def _cost(work):
    """Statements that read or write; savepoints stand for transactions, which tests are inside of."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return len([query for query in captured if "SAVEPOINT" not in query["sql"]])


@pytest.mark.usefixtures("password_alone")
def test_signing_in(alena):
    first = Client()
    first.post("/account/sign-in/", {"login": "nobody", "password": "x"})  # keys are at hand now
    browser = Client()
    answers = {"login": "alena", "password": PASSWORD}
    assert _cost(lambda: browser.post("/account/sign-in/", answers)) <= MOST_AT_SIGN_IN
    assert _cost(lambda: browser.get("/account/second-factor/")) <= 8


def test_who_somebody_is_and_what_they_see(pavel, case):
    user = User.objects.get(pk=pavel.pk)
    assert _cost(lambda: user.roles) == 1
    assert _cost(lambda: access_to(user, [case.pk])) == 2
