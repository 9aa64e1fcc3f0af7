"""The list of cases somebody sees: python -m bench.lists

At 200,000 and at 1,000,000 cases, for people with few and many grants, a first page and one half-way
down, each beside the best hand-written SQL for the same page in the same run; then filters and the other
order, whole pages with what rights add to them, and what keeping the sorted rows costs a write. Both
databases.

Cases and grants are put into their tables in bulk, with the guards off: the rows that the queries touch,
and no content. Whole pages show cases that were registered as usual.
"""

import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

SIZES = (200_000, 1_000_000)
GRANTS = (5, 50, 500, 5_000)
OLDEST = 50  # cases that changed before all others
OTHERS = 5  # officers who hold everything else
PAGE = 26  # rows of a page, and one to know whether there is a next
BATCH = 500
ROUNDS = 101
MOST_SECONDS = 2.0  # spent on what is slow
TURNS = 7  # of ours and the best by hand
WRITES = 20  # a block of writes of one kind


def main() -> None:
    from bench.trail import make_databases
    from tests.postgres import server

    run = [sys.executable, "-m", "bench.lists"]
    subprocess.run([*run, "SQLite"], check=True)
    with server(settings=("max_wal_size=8GB", "shared_buffers=512MB")) as address:
        databases = {"DATABASE_URL": f"{address}/tutela", "KEYS_DATABASE_URL": f"{address}/keys"}
        make_databases(address)
        subprocess.run([*run, "PostgreSQL"], env=os.environ | databases, check=True)


def measure(engine: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tutela-bench-") as home:
        prepare(Path(home))
        people = Bulk()
        for size in SIZES:
            people.grow(size)
            print(f"--- {engine}, {size:,} cases, {people.grants():,} grants", flush=True)
            pages(people)
            filters(people)
            people.register(60)
            whole_pages(people)
        keeping(people)


def prepare(home: Path) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TUTELA_DATA_DIR": str(home / "data"),
        "TUTELA_KEY_FILE": str(home / "keys" / "root.key"),
        "TUTELA_ALLOWED_HOSTS": "testserver",
        "TUTELA_HTTPS": "false",
    }
    import django

    django.setup()
    logging.getLogger("core.middleware").setLevel("WARNING")  # no line for each answer
    from django.core.management import call_command

    from vault.keyring import keyring

    call_command("migrate", database="keys", verbosity=0)
    keyring.unlock()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def staff():
    from accounts.services import make_office, make_organisation, make_user

    own = make_organisation(name="Bench", kind="NGO", by=None)
    office = make_office(code="BY-1", name="Bench", country="BY", organisation=own, by=None)
    return [
        make_user(
            username=name,
            display_name=name.title(),
            password="only for measuring",
            roles=[role],
            office=office,
            by=None,
        )
        for name, role in (
            ("officer", "case_officer"),
            ("other", "case_officer"),
            ("supervisor", "supervisor"),
        )
    ]


def register(count: int, owner, by=None) -> None:
    from cases.sections import Contact, Identity
    from cases.services.intake import register_many
    from cases.services.new_case import NewCase

    for start in range(0, count, BATCH):
        new_cases = [
            NewCase(
                identity=Identity(first_name=f"Name{n}", second_name=f"Family{n * 7919 % 100_003}"),
                contact=Contact(mobile_phone=f"+37500{n:07d}"),
            )
            for n in range(start, min(start + BATCH, count))
        ]
        register_many(new_cases, office=owner.office, owner=owner, by=by or owner)


# --- Many cases -----------------------------------------------------------------------
class Bulk:
    """Cases and grants past the services, and the people who hold them."""

    def __init__(self) -> None:
        from django.db import connection

        from accounts.services import join_team, make_office, make_organisation, make_team
        from audit import guards
        from cases.access import READ, permission

        self.sqlite = connection.vendor == "sqlite"
        self.size, self.chance = 0, random.Random(7)
        self.key = "lower(hex(randomblob(16)))" if self.sqlite else "gen_random_uuid()"
        self.read = permission(READ).pk
        own = make_organisation(name="Bench", kind="NGO", by=None)
        self.office = make_office(
            code="BY-1", name="Bench", country="BY", organisation=own, by=None
        )
        self.others = [self.make(f"other{n}", "case_officer") for n in range(OTHERS)]
        self.supervisor = self.make("supervisor", "supervisor")
        self.officers: dict[str, Any] = {}
        self.shares: list[tuple[str, UUID, list[int]]] = []  # table, holder, numbers of cases
        for count in GRANTS:
            numbers = self.chance.sample(range(OLDEST, SIZES[0]), count)
            officer, member = self.make(f"o{count}", "medical"), self.make(f"t{count}", "medical")
            team = make_team(name=f"team {count}", by=None)
            join_team(user=member, team=team, by=None)
            self.officers |= {f"{count} grants": officer, f"{count} grants to a team": member}
            self.shares.append(("cases_caseusergrant", officer.pk, numbers))
            self.shares.append(("cases_caseteamgrant", team.group_id, numbers))
        oldest = self.make("oldest", "medical")
        self.officers[f"{OLDEST} on the oldest cases"] = oldest
        self.shares.append(("cases_caseusergrant", oldest.pk, list(range(OLDEST))))
        self.officers["supervisor with everything"] = self.supervisor
        guards.remove()
        self.sql(
            "CREATE TABLE bench_last (n INTEGER PRIMARY KEY,"
            f" case_id {self.type} UNIQUE, event {self.type} UNIQUE)"
        )
        guards.install()

    @property
    def type(self) -> str:
        return "char(32)" if self.sqlite else "uuid"

    def make(self, name: str, role: str) -> Any:
        from accounts.services import make_user

        word = "only for measuring"
        said = {"display_name": name.title(), "password": word, "roles": [role], "by": None}
        return make_user(username=name, office=self.office, **said)

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def grants(self) -> int:
        return int(self.sql("SELECT COUNT(*) FROM cases_reach")[0][0])

    def grow(self, size: int) -> None:
        """More cases, each with a grant to its officer, to one more person and to the supervisors."""
        from django.db import transaction

        from audit import guards

        first, self.size = self.size, size
        guards.remove()
        self._cache(1_000_000)
        with transaction.atomic():
            self._changes(first, size)
            self._cases(first)
            others = self._one_of([of_uuid(other.pk) for other in self.others])
            shifted = others.replace("n %%", "(n + 1) %%")
            for holder in (others, shifted):
                self._give("cases_caseusergrant", "user_id", holder, f"n >= {first}")
            group = str(self.office.supervisors_id)
            self._give("cases_caseteamgrant", "group_id", group, f"n >= {first}")
            for table, holder, numbers in self.shares if first == 0 else ():
                column = "user_id" if table == "cases_caseusergrant" else "group_id"
                value = f"'{of_uuid(holder)}'" if column == "user_id" else str(holder)
                listed = ", ".join(map(str, numbers))
                self._give(table, column, value, f"n IN ({listed})")
            self._reach()
        self._cache(2_000)
        if not self.sqlite:
            self.sql("VACUUM ANALYZE")
        guards.install()

    def _cache(self, size: int) -> None:
        """KiB of pages that SQLite keeps in memory; 2,000 are usual, and what is measured with."""
        if self.sqlite:
            self.sql(f"PRAGMA cache_size = -{size}")

    def register(self, number: int) -> None:
        """Cases as they come, with content: they are the ones that changed last."""
        register(number, self.others[0])
        self.sql(
            "INSERT INTO bench_last SELECT -ROW_NUMBER() OVER () - (SELECT COUNT(*) FROM bench_last),"
            " case_id, event FROM (SELECT DISTINCT case_id, event FROM cases_reach"
            " WHERE case_id NOT IN (SELECT case_id FROM bench_last)) registered"
        )

    def _changes(self, first: int, size: int) -> None:
        """Key and last change of each case; changes of a year in no order."""
        from django.db import connection

        begin, year = int(time.time() * 1000), 365 * 86_400_000
        rows = []
        for n in range(first, size):
            changed = (
                begin - year + self.chance.randrange(year) if n >= OLDEST else begin - 2 * year + n
            )
            rows.append(
                (n, of_uuid(self._uuid(begin - 2 * year + n)), of_uuid(self._uuid(changed)))
            )
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO bench_last VALUES (%s, %s, %s)", rows)

    def _uuid(self, milliseconds: int) -> UUID:
        return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | self.chance.getrandbits(62))

    def _one_of(self, keys: list[Any]) -> str:
        cases = " ".join(f"WHEN {place} THEN '{key}'" for place, key in enumerate(keys))
        chosen = f"CASE n %% {len(keys)} {cases} END"
        return chosen if self.sqlite else f"({chosen})::uuid"

    def _cases(self, first: int) -> None:
        owner = self._one_of([of_uuid(other.pk) for other in self.others])
        empty, false = ("'{}'", "0") if self.sqlite else ("'{}'::jsonb", "false")
        status = "CASE WHEN n %% 20 < 12 THEN 'Active' ELSE 'Closed' END"
        stage = "CASE WHEN n %% 2000 = 1 THEN 'reintegration' WHEN n %% 5 = 0 THEN 'assessment' END"
        opened = "date('2024-01-01', '+' || (n %% 700) || ' days')"
        opened = opened if self.sqlite else "DATE '2024-01-01' + n %% 700"
        self.sql(
            "INSERT INTO cases_case (id, revision, last_event, sealed_at, reference, status,"
            " stage, office_id, owner_id, opened_on, is_test) SELECT case_id, 1, event,"
            f" {empty}, 'BX-' || n, {status}, {stage}, %s, {owner}, {opened}, {false}"
            f" FROM bench_last WHERE n >= {first}",
            of_uuid(self.office.pk),
        )

    def _give(self, table: str, column: str, holder: str, which: str) -> None:
        now, classes = datetime.now(UTC), "'[\"identity\"]'"
        self.sql(
            f"INSERT INTO {table} (id, revision, last_event, permission_id, case_id, classes, reason,"
            f" granted_by_id, starts, ends, {column}) SELECT {self.key}, 1, event, {self.read}, case_id,"
            f" {classes}, 'treatment', %s, %s, %s, {holder} FROM bench_last WHERE {which}",
            of_uuid(self.others[0].pk),
            of_time(now - timedelta(days=30)),
            of_time(now + timedelta(days=300)),
        )

    def _reach(self) -> None:
        from cases.reach import COLUMNS, ORGANISATION, PRINCIPALS

        for model, (principal, join) in PRINCIPALS.items():
            principal, join = (part.format(grant="g", at="") for part in (principal, join))
            self.sql(
                f"INSERT INTO cases_reach ({COLUMNS}) SELECT g.id, {principal}, g.case_id,"
                f" {ORGANISATION.format(grant='g')}, c.status, {principal} = c.owner_id,"
                f" g.starts, g.ends, l.event FROM {model._meta.db_table} g"
                " JOIN cases_case c ON c.id = g.case_id JOIN accounts_office o ON o.id = c.office_id"
                f" JOIN bench_last l ON l.case_id = g.case_id{join}"
                " WHERE NOT EXISTS (SELECT 1 FROM cases_reach r WHERE r.grant_id = g.id)"
            )


def of_uuid(value: UUID) -> Any:
    from cases import reach

    return reach.of_uuid(value)


def of_time(value: datetime) -> Any:
    from cases import reach

    return reach.of_time(value)


# --- Pages ----------------------------------------------------------------------------
def pages(people: Bulk) -> None:
    from cases.lists import latest_cases

    print(f"{'':<30}{'page':<10}{'ours':>9}{'by hand':>9}{'ratio':>7}  the best by hand")
    for name, user in people.officers.items():
        user = fresh(user)
        for page, before in (("first", None), ("half-way", half_way(user))):
            ask = partial(latest_cases, user, limit=PAGE, before=before)
            ours, best, by_hand = beside_the_best(ask, candidates(user, before))
            print(
                f"{name:<30}{page:<10}{1e6 * ours:>6.0f} us{1e6 * best:>6.0f} us"
                f"{ours / best:>7.2f}  {by_hand}",
                flush=True,
            )


def fresh(user: Any) -> Any:
    """The account as a request has it: its roles are known from looking whether the page is for it."""
    from accounts.models import User

    user = User.objects.get(pk=user.pk)
    assert user.roles
    return user


def half_way(user: Any) -> UUID:
    from accounts.models import TeamMembership
    from cases.models import Reach

    teams = TeamMembership.objects.filter(user=user).values_list("team", flat=True)
    rows = Reach.objects.filter(principal__in=[user.pk, *teams]).order_by("-event")
    return rows.values_list("event", flat=True)[rows.count() // 2]


def beside_the_best(
    ask: Callable[[], Any], by_hand: dict[str, Callable[[], Any]]
) -> tuple[float, float, str]:
    """Seconds of ours and of the best by hand, taken in turns, and the name of the best."""
    expected = ask()
    for name, other in by_hand.items():
        assert other() == expected, name
    name = min(by_hand, key=lambda name: seconds(by_hand[name], most=MOST_SECONDS / 4))
    turns = [
        (seconds(ask, most=MOST_SECONDS / 8), seconds(by_hand[name], most=MOST_SECONDS / 8))
        for _turn in range(TURNS)
    ]
    ours, best = (statistics.median(column) for column in zip(*turns, strict=True))
    return ours, best, name


def candidates(user: Any, before: UUID | None) -> dict[str, Callable[[], Any]]:
    """Each statement that gives the same page, by its name. All are told the team and the rest."""
    from cases.reach import as_uuid

    groups = list(user.groups.values_list("pk", "team"))
    values = {
        "me": of_uuid(user.pk),
        "before": of_uuid(before or UUID(int=2**128 - 1)),
        "limit": PAGE,
        "group": groups[0][0] if groups else -1,
        "team": of_uuid(groups[0][1]) if groups else None,
        "organisation": of_uuid(user.organisation_id),
    }

    def ask(text: str) -> list[tuple[UUID, UUID]]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(text, values | {"now": of_time(datetime.now(UTC))})
            return [(as_uuid(case), as_uuid(event)) for case, event in cursor.fetchall()]

    return {name: partial(ask, text) for name, text in statements(bool(groups)).items()}


def statements(has_team: bool) -> dict[str, str]:
    """Ways to ask by hand: of grants and a table of last changes, or of the sorted rows.

    All of them leave out cases that the person is excluded from. Of whose people a grant counts for,
    those that ask the grants know nothing, for here all are of one organisation.
    """
    excluded = (
        "SELECT case_id FROM cases_exclusion WHERE user_id = %(me)s AND since <= %(now)s"
        " AND (until IS NULL OR until > %(now)s)"
    )
    live = (
        "starts <= %(now)s AND ends > %(now)s AND status <> 'Erased'"
        " AND (organisation_id IS NULL OR organisation_id = %(organisation)s)"
        f" AND case_id NOT IN ({excluded})"
    )
    g_live = (
        "g.starts <= %(now)s AND g.ends > %(now)s AND g.revoked_at IS NULL"
        f" AND g.case_id NOT IN ({excluded})"
    )
    own = "FROM cases_caseusergrant g WHERE g.user_id = %(me)s"
    ofteam = "FROM cases_caseteamgrant g WHERE g.group_id = %(group)s"
    order = "ORDER BY event DESC LIMIT %(limit)s"
    principals = "(%(me)s, %(team)s)" if has_team else "(%(me)s)"
    one = (
        "SELECT * FROM (SELECT DISTINCT case_id, event FROM cases_reach WHERE principal = %({who})s"
        f" AND event < %(before)s AND {live} {order}) {{who}}"
    )
    merged = " UNION ".join(one.format(who=who) for who in (["me", "team"] if has_team else ["me"]))
    granted = f"SELECT g.case_id {own} AND {g_live}"
    exists = f"EXISTS (SELECT 1 {own} AND g.case_id = l.case_id AND {g_live})"
    if has_team:
        granted += f" UNION SELECT g.case_id {ofteam} AND {g_live}"
        exists += f" OR EXISTS (SELECT 1 {ofteam} AND g.case_id = l.case_id AND {g_live})"
    last = "SELECT l.case_id, l.event FROM bench_last l"
    return {
        "sorted rows, merged": f"SELECT case_id, event FROM ({merged}) m {order}",
        "sorted rows of all principals": "SELECT DISTINCT case_id, event FROM cases_reach"
        f" WHERE principal IN {principals} AND event < %(before)s AND {live} {order}",
        "IN (subquery)": f"{last} WHERE l.event < %(before)s AND l.case_id IN ({granted}) {order}",
        "join of grants": f"{last} JOIN ({granted}) g ON g.case_id = l.case_id"
        f" WHERE l.event < %(before)s GROUP BY l.case_id, l.event {order}",
        "EXISTS": f"{last} WHERE l.event < %(before)s AND ({exists}) {order}",
    }


def seconds(ask: Callable[[], Any], most: float = MOST_SECONDS) -> float:
    """Median seconds of some rounds, of fewer when they would take more than `most` seconds."""
    began, taken = time.perf_counter(), []
    while len(taken) < ROUNDS and (not taken or time.perf_counter() - began < most):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def filters(people: Bulk) -> None:
    """First pages of a narrowed list, and its number; then of the list by registration."""
    from cases.lists import Sort, Wanted, count_cases, latest_cases
    from cases.models import CaseStatus, Stage

    narrowed = {
        "all": lambda user: Wanted(),
        "active": lambda user: Wanted(CaseStatus.ACTIVE),
        "closed": lambda user: Wanted(CaseStatus.CLOSED),
        "follow-up, of which there is none": lambda user: Wanted(CaseStatus.FOLLOW_UP),
        "own": lambda user: Wanted(is_own=True),
        "in assessment, one of five": lambda user: Wanted(stage=Stage.ASSESSMENT),
        "reintegration, one of 2,000": lambda user: Wanted(stage=Stage.REINTEGRATION),
        "follow-up by stage, of which none": lambda user: Wanted(stage=Stage.FOLLOW_UP),
        "of one officer of five": lambda user: Wanted(officer=people.others[0].pk),
        "of an officer without cases": lambda user: Wanted(officer=user.pk),
        "opened in one month of 23": lambda user: Wanted(
            opened_from=date(2025, 3, 1), opened_until=date(2025, 3, 31)
        ),
        "stage, officer and month": lambda user: Wanted(
            stage=Stage.ASSESSMENT,
            office=people.office.pk,
            officer=people.others[0].pk,
            opened_from=date(2025, 3, 1),
            opened_until=date(2025, 3, 31),
        ),
    }
    print(f"{'':<30}{'list':<36}{'page':>11}{'number':>11}")
    for name in ("500 grants", "supervisor with everything"):
        user = fresh(people.officers[name])
        for label, wanted in narrowed.items():
            asked = wanted(user)
            page = seconds(partial(latest_cases, user, limit=PAGE, wanted=asked))
            number = seconds(partial(count_cases, user, most=1_001, wanted=asked))
            print(f"{name:<30}{label:<36}{1e6 * page:>8.0f} us{1e6 * number:>8.0f} us", flush=True)
        half = latest_cases(user, limit=250, sort=Sort.REGISTERED)[-1].case
        for label, before in (("registered last first", None), ("the same, ten pages down", half)):
            asked = partial(latest_cases, user, limit=PAGE, before=before, sort=Sort.REGISTERED)
            print(f"{name:<30}{label:<36}{1e6 * seconds(asked):>8.0f} us", flush=True)


# --- Whole pages ----------------------------------------------------------------------
def whole_pages(people: Bulk) -> None:
    """Requests through the middleware, the read event and its commit included; queries for rights."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.SECOND_FACTOR_REQUIRED = False  # signed in by force, with no factor at all
    for name, user in (("officer", people.others[0]), ("supervisor", people.supervisor)):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

        def get(client: Client = client) -> None:
            response = client.get("/cases/")
            assert response.status_code == 200 and response.content.count(b"BY-20") >= 25

        get()
        taken = seconds(get)
        with CaptureQueriesContext(connection) as captured:
            get()
        rights = [
            query["sql"]
            for query in captured
            if any(table in query["sql"] for table in RIGHTS) and "cases_reach" not in query["sql"]
        ]
        print(
            f"whole page of {name}: {1e3 * taken:.1f} ms, {len(captured)} queries, {len(rights)} of them"
            " for rights beside the list and its number",
            flush=True,
        )
        assert len(rights) <= 3


RIGHTS = ("accounts_roleholding", "accounts_team", "cases_caseusergrant", "cases_caseteamgrant")


# --- Writes ---------------------------------------------------------------------------
def keeping(people: Bulk) -> None:
    """An audited write of a case with three grants, with and without the rows of lists."""
    from audit import guards, sequencer, trail
    from audit.verbs import Verb
    from cases.models import Case

    sequencer.run_beside()
    chosen = people.sql(
        f"SELECT case_id FROM bench_last WHERE n >= {OLDEST} LIMIT 4000 OFFSET 9000"
    )
    cases = list(Case.objects.filter(pk__in=[row[0] for row in chosen]))
    people.chance.shuffle(cases)
    following, taken = list(guards.FOLLOWING), {True: [], False: []}
    for _round in range(len(cases) // WRITES // 2):
        for kept in (True, False):
            guards.remove()
            guards.FOLLOWING[:] = following if kept else []
            guards.install()
            began = time.perf_counter()
            for _write in range(WRITES):
                trail.save(cases.pop(), verb=Verb.CASE_CHANGED, by=people.others[0])
            taken[kept].append((time.perf_counter() - began) / WRITES)
            sequencer.sequence()
    with_rows, without = (1e3 * statistics.median(taken[kept]) for kept in (True, False))
    print(f"audited write {with_rows:.2f} ms, without rows of lists {without:.2f} ms")
    guards.remove()
    guards.FOLLOWING[:] = following
    guards.install()


if __name__ == "__main__":
    measure(sys.argv[1]) if sys.argv[1:] else main()
