"""Somebody to act in a database that has nobody yet."""

from accounts.models import Office, User
from accounts.services import make_office, make_organisation, make_user


def somebody() -> tuple[Office, User]:
    """An office and its one officer, made when they are not there."""
    if user := User.objects.select_related("office").first():
        return user.office, user
    own = make_organisation(name="Our mission", kind="NGO", by=None)
    office = make_office(code="BY-MSQ", name="Minsk", country="BY", organisation=own, by=None)
    user = make_user(
        username="alena",
        display_name="Alena",
        password="correct horse battery staple",
        roles=["case_officer"],
        office=office,
        by=None,
    )
    return office, user
