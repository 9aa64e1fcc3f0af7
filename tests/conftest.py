"""The cast. Every test knows them: Alena keeps the case, the others have their reasons to look at it."""

import gc
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    record_authentication,
)
from django.conf import settings
from django.db import connections
from django.db.transaction import Atomic
from django.test import Client, TransactionTestCase
from django.utils import timezone, translation

from accounts.models import Office, Team, User
from accounts.services import make_office, make_organisation, make_user
from audit import guards
from cases.models import Case
from cases.search.live import live_index
from cases.sections import CaseSummary, ConsentTerms, Contact, Identity, VictimContext
from cases.services.grants import give_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from vault.keyring import keyring

PAIR = ("DATABASE_URL", "KEYS_DATABASE_URL")
PASSWORD = "correct horse battery staple"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever touches the database may touch the key store, too.

    Who touches none is left out on PostgreSQL: nothing is other there than on SQLite.
    """
    if "DATABASE_URL" in os.environ:
        elsewhere = [item for item in items if not _touches_database(item)]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if _touches_database(item)]
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker or "db" in getattr(item, "fixturenames", ()):
            wanted = (marker.kwargs if marker else {}) | {"databases": "__all__"}
            item.add_marker(pytest.mark.django_db(**wanted), append=False)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: collecting garbage need not go through it, nor so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _touches_database(item: pytest.Item) -> bool:
    used = {"db", "transactional_db", "own_databases"}
    fixtures = set(getattr(item, "fixturenames", ()))
    marked = any(item.get_closest_marker(name) for name in ("django_db", "either_database"))
    return bool(marked or used & fixtures)


@pytest.fixture(autouse=True)
def unlocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keys of this test alone: what an earlier one unwrapped is forgotten."""
    keyring.forget()
    live_index.forget()
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        keyring.unlock()
    yield
    keyring.forget()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """The language of a request stays with its thread until the next one, and so would a test's."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True, scope="session")
def flush_past_the_guards() -> None:
    """Emptying tables between transactional tests is what the guards exist to refuse."""
    flush = TransactionTestCase._fixture_teardown

    def without_guards(self: TransactionTestCase) -> None:
        guards.remove()
        flush(self)  # emits post_migrate, which puts the guards back

    TransactionTestCase._fixture_teardown = without_guards  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def commits_within_tests() -> None:
    """What waits for a commit runs when it would, though the transaction around a test never ends.

    Not in the key store: what waits there empties SQLite's journal, which needs a real commit.
    """
    leave = Atomic.__exit__

    def leave_and_go_on(self: Atomic, *error: object) -> None:
        leave(self, *error)
        connection = connections[self.using or "default"]
        blocks = connection.atomic_blocks
        if (
            self.using in (None, "default")
            and blocks
            and all(block._from_testcase for block in blocks)
        ):
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for _savepoints, work, _robust in waiting:
                work()

    Atomic.__exit__ = leave_and_go_on  # type: ignore[method-assign]


@pytest.fixture
def password_alone(settings) -> None:
    """Nobody has to have a second factor, as in a demonstration."""
    settings.SECOND_FACTOR_REQUIRED = False


@pytest.fixture(autouse=True, scope="session")
def forced_sign_ins_are_whole() -> None:
    """`Client.force_login` signs in with both factors; with one alone, tests go through the page."""
    sign_in = Client._login

    def sign_in_with_both(self: Client, user: User, backend: str | None = None) -> None:
        sign_in(self, user, backend)
        session = self.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": 0}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()

    Client._login = sign_in_with_both  # type: ignore[method-assign]


@pytest.fixture
def office(db: None) -> Office:
    own = make_organisation(name="Our mission", kind="NGO", by=None)
    return make_office(code="BY-MSQ", name="Minsk", country="BY", organisation=own, by=None)


@pytest.fixture
def other_office(office: Office) -> Office:
    return make_office(
        code="BY-BRE", name="Brest", country="BY", organisation=office.organisation, by=None
    )


@pytest.fixture
def person(office: Office) -> Callable[..., User]:
    """Make a member of staff: person("alena", "case_officer")."""

    def make(username: str, *roles: str, at: Office | None = office, **fields: object) -> User:
        return make_user(
            username=username,
            display_name=username.replace("_", " ").title(),
            password=PASSWORD,
            roles=roles,
            office=at,
            by=None,
            **fields,
        )

    return make


@pytest.fixture
def alena(person: Callable[..., User]) -> User:
    """The case officer who keeps the case."""
    return person("alena", "case_officer")


@pytest.fixture
def ihar(person: Callable[..., User]) -> User:
    """A case officer of the same office, with cases of his own: a stranger to this one."""
    return person("ihar", "case_officer")


@pytest.fixture
def volha(person: Callable[..., User]) -> User:
    """A psychologist."""
    return person("volha", "psychological")


@pytest.fixture
def pavel(person: Callable[..., User]) -> User:
    """The supervisor of the office."""
    return person("pavel", "supervisor")


@pytest.fixture
def iryna(person: Callable[..., User], other_office: Office) -> User:
    """The supervisor of another office."""
    return person("iryna", "supervisor", at=other_office)


@pytest.fixture
def outsider(person: Callable[..., User]) -> User:
    """A case officer of another organisation."""
    other = make_organisation(name="Linden House", kind="NGO", by=None)
    linden = make_office(code="BY-LIN", name="Linden", country="BY", organisation=other, by=None)
    return person("hanna", "case_officer", at=linden)


@pytest.fixture
def daria(person: Callable[..., User]) -> User:
    """The data-protection officer."""
    return person("daria", "data_protection", at=None)


@pytest.fixture
def kastus(person: Callable[..., User]) -> User:
    """The head of mission."""
    return person("kastus", "director", at=None)


@pytest.fixture
def ingrid(person: Callable[..., User]) -> User:
    """Somebody of a donor."""
    return person("ingrid", "donor", at=None)


@pytest.fixture
def rita(person: Callable[..., User]) -> User:
    """The auditor."""
    return person("rita", "auditor", at=None)


@pytest.fixture
def yury(person: Callable[..., User]) -> User:
    """The analyst."""
    return person("yury", "analyst", at=None)


@pytest.fixture
def viktar(person: Callable[..., User]) -> User:
    """The administrator."""
    return person("viktar", "administrator", at=None)


@pytest.fixture
def zoya(person: Callable[..., User]) -> User:
    """A superuser without a role, such as `createsuperuser` makes."""
    return person("zoya", is_superuser=True, is_staff=True)


# Words that must appear nowhere but under seal or on the page of somebody who may read them.
SENTINELS = {
    "identity": "Снежаньская",
    "contact": "+375290001122",
    "narrative": "Kept in a sawmill near Pskov",
}


@pytest.fixture
def new_case() -> NewCase:
    return NewCase(
        identity=Identity(
            first_name="Ганна",
            second_name=SENTINELS["identity"],
            gender="Feminine",
            citizenship=["BY"],
            identity_number="4010199A001PB1",
        ),
        contact=Contact(mobile_phone=SENTINELS["contact"]),
        victim=VictimContext(
            types_of_exploitation=["ForcedLabour"], account=SENTINELS["narrative"]
        ),
        summary=CaseSummary(referring_organisation="Red Cross"),
        consent=ConsentTerms(consented=True, purposes=["assistance", "referral"]),
    )


@pytest.fixture
def case(alena: User, new_case: NewCase) -> Case:
    """Alena's case."""
    return register_case(new_case, by=alena)


@pytest.fixture
def share(case: Case, alena: User) -> Callable[..., object]:
    """Alena shares the case: share(volha, "psychological", days=7)."""

    def give(
        to: User | Team, *classes: str, days: float = 7, may_write: bool = True, **more: object
    ) -> object:
        is_partner = isinstance(to, User) and to.is_partner
        return give_grant(
            case,
            to=to,
            classes=classes,
            may_write=may_write,
            ends=timezone.now() + timedelta(days=days),
            by=alena,
            **{"reason": "referral" if is_partner else "treatment"} | more,
        )

    return give


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """A browser in which this person is signed in, `ago` seconds since: client_for(alena, ago=600)."""

    def make(user: User, *, ago: float = 0) -> Client:
        client = Client()
        sign_in(client, user, ago=ago)
        return client

    return make


def sign_in(client: Client, user: User, *, ago: float = 0) -> None:
    """As somebody who gave the password `ago` seconds since, without the time it takes to check it."""
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request = SimpleNamespace(session=client.session)
    record_authentication(request, user, "password")
    request.session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= ago
    request.session.save()


@pytest.fixture
def own_databases() -> Iterator[dict[str, str]]:
    """Names of two databases that nobody else uses; on SQLite the process makes files of its own."""
    if "DATABASE_URL" not in os.environ:
        yield {}
        return
    names = [f"own_{os.getpid()}_{part}" for part in ("log", "keys")]
    urls = [urlsplit(os.environ[variable]) for variable in PAIR]
    server = urlunsplit(urls[0]._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        yield {
            variable: urlunsplit(url._replace(path=f"/{name}"))
            for variable, url, name in zip(PAIR, urls, names, strict=True)
        }
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_files(tmp_path, settings):
    """A folder of this test alone for the sealed files of cases; gives it."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    local = {"location": tmp_path, "file_permissions_mode": 0o600}
    settings.STORAGES = settings.STORAGES | {
        "attachments": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": local | {"directory_permissions_mode": 0o700},
        }
    }
    return tmp_path
