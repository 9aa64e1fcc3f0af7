"""Every write is an event: each table is tracked, or there is a reason why it is not.

A model or a table that is new stands in neither list, and fails here until somebody decides.
"""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from guardian.models import UserObjectPermission

from accounts.models import Organisation, Team, User
from accounts.services import join_team, make_team
from audit import guards, migrating
from audit.guards import tracked_models
from audit.models import Event
from audit.verbs import Verb
from cases.access import access_to
from tests.guards import log

# Label → why its writes need no event of their own; and, where somebody's act changes it, which
# events tell of that act.
LOG = "the log itself, which takes additions only"
KEYS = "the key store: wrapped keys, no person's data"
DERIVED = "made out of other rows, and again when it is lost"
UNREAD = "a library's table that Tutela never reads"
FIXED = "Django's own list; the database refuses to change what is in it (audit/guards.py)"
UNTRACKED: dict[str, tuple[str, set[Verb]]] = {
    "audit.Event": (LOG, set()),
    "audit.Pending": (LOG, set()),
    "audit.EventCase": (LOG, set()),
    "audit.Resealing": (LOG, {Verb.CASE_SEALED_ANEW}),
    "audit.LogState": (DERIVED, set()),
    "audit.Tile": (DERIVED, set()),
    "audit.Checkpoint": ("a signature under the log; one more event would ask for the next", set()),
    "audit.Cosignature": ("a witness's signature under a checkpoint", set()),
    "audit.WitnessState": ("how the last attempt to reach a witness ended", set()),
    "audit.Verification": ("how far and when the log was verified", {Verb.LOG_VERIFIED}),
    "audit.Reviewed": (
        "how far the rules looked through the log; what they found is tracked",
        set(),
    ),
    "cases.Reach": (DERIVED, set()),
    "cases.Reminded": ("the day of the last mail to somebody of the staff", {Verb.REMINDERS_SENT}),
    "cases.ReferenceCounter": ("a counter; each number stands in a tracked case", set()),
    "cases.SearchChange": ("which cases the name index reads again", {Verb.SEARCH_INDEX_BUILT}),
    "vault.KeyEncryptionKey": (
        KEYS,
        {Verb.KEY_ROTATION_BEGUN, Verb.KEY_ROTATED, Verb.KEY_DESTROYED, Verb.KEYS_RECOVERED},
    ),
    "vault.DataKey": (KEYS, {Verb.CASE_REGISTERED, Verb.KEY_ROTATED, Verb.KEY_DESTROYED}),
    "vault.KeyStore": (KEYS, {Verb.KEY_ROTATED, Verb.KEY_DESTROYED}),
    "vault.RecoveryKey": (KEYS, {Verb.RECOVERY_SHARES_MADE, Verb.RECOVERY_DRILLED}),
    "vault.SignedHead": ("the head of the log that was signed last, kept apart from it", set()),
    "auth.Permission": (FIXED, {Verb.MIGRATED}),
    "contenttypes.ContentType": (FIXED, {Verb.MIGRATED}),
    "auth.Group": (
        "a number that grants point to; its tracked Team says what it is",
        {Verb.TEAM_MADE},
    ),
    "auth.Group_permissions": (UNREAD, set()),
    "guardian.UserObjectPermission": (UNREAD, set()),
    "guardian.GroupObjectPermission": (UNREAD, set()),
    "account.EmailAddress": ("Tutela sends no mail to people: allauth's table stays empty", set()),
    "account.EmailConfirmation": ("Tutela sends no mail: allauth's table stays empty", set()),
    "accounts.Session": (
        "sealed, and gone after a working day",
        {Verb.SIGNED_IN, Verb.SIGNED_OUT, Verb.SESSION_ENDED, Verb.SESSION_CUT, Verb.CONFIRMED},
    ),
    "cases.Draft": (
        "an unfinished form under seal, gone when it is sent or after a week; no part of the record",
        {Verb.DRAFT_KEPT, Verb.DRAFT_OPENED, Verb.DRAFT_DROPPED},
    ),
    "jobs.Job": (
        "background work and how far it is, with words and files under seal, gone after a month; no "
        "part of the record",
        {Verb.JOB_ASKED, Verb.JOB_ENDED, Verb.JOB_FETCHED},
    ),
    "django_tasks_database.DBTaskResult": (
        "what a worker is to do next: ids of jobs and nothing else, gone after a day",
        {Verb.JOB_ASKED, Verb.JOB_ENDED},
    ),
    "cases.SavedList": (
        "what one person looks for again and again, under seal; no part of the record",
        {Verb.LIST_SAVED, Verb.LIST_CHANGED, Verb.LIST_REMOVED},
    ),
    "reporting.LoadedRows": (
        "what statistics are tried with, under seal, in tests and demonstrations; no part of the record",
        {Verb.STATISTICS_LOADED},
    ),
    "accounts.UsedCode": ("which codes opened something once", {Verb.SECOND_FACTOR_USED}),
    "accounts.Tally": (
        "counts of attempts, for a while",
        {Verb.SIGN_IN_FAILED, Verb.SECOND_FACTOR_FAILED, Verb.TRIED_TOO_OFTEN},
    ),
    "mfa.Authenticator": (
        "allauth's; sealed to its person, and an event stands before each write (accounts/signals.py)",
        {Verb.SECOND_FACTOR_CHANGED, Verb.SECOND_FACTOR_USED, Verb.RECOVERY_CODES_SHOWN},
    ),
}
# Tables of no model.
TABLES = {
    "django_migrations": ("which migrations were applied", {Verb.MIGRATED}),
    "core_cache": (
        "counts of attempts, for a while, and when a worker was last seen",
        {Verb.TRIED_TOO_OFTEN},
    ),
}
ENGINES_OWN = {"sqlite_sequence"}


def _models():
    return apps.get_models(include_auto_created=True)


def _covered():
    """Tracked models and their histories."""
    tracked = tracked_models()
    return {*tracked, *(model.history.model for model in tracked)}


def test_every_model_is_tracked_or_there_is_a_reason():
    loose = {model._meta.label for model in _models() if model not in _covered()}
    assert loose - UNTRACKED.keys() == set(), "track it, or say why its writes need no event"
    assert UNTRACKED.keys() - loose == set(), "the list names what is not there or is tracked"


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "keys"])
def test_every_table_belongs_to_a_model_or_there_is_a_reason(alias):
    known = {model._meta.db_table for model in _models()} | TABLES.keys() | ENGINES_OWN
    found = set(connections[alias].introspection.table_names())
    assert found - known == set()
    assert alias == "keys" or found >= {model._meta.db_table for model in _covered()}


def test_every_reason_is_one():
    for reason, told_by in (UNTRACKED | TABLES).values():
        assert len(reason) > 10 and told_by <= set(Verb)


@pytest.mark.django_db
def test_every_tracked_table_and_history_is_guarded():
    names = {name for name, _table, _statements in guards._wanted(connections["default"])}
    for model in _covered():
        table = model._meta.db_table
        for guard in ("before_insert", "before_update", "before_delete"):
            assert f"tutela_{table}_{guard}" in names
    assert guards.missing() == []


def test_people_their_roles_teams_and_offices_are_tracked():
    labels = {model._meta.label for model in tracked_models()}
    assert labels >= {
        *("accounts.Organisation", "accounts.Office", "accounts.Team", "accounts.User"),
        *("accounts.RoleHolding", "accounts.TeamMembership", "config.Configuration"),
        *("cases.RetentionRule", "cases.ImportRun", "reporting.Snapshot"),
        *("reporting.Release", "reporting.LedgerEntry", "reporting.ReleaseFiles"),
    }


# --- What the list above promises of tables that are not ours -------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    "table",
    [
        *("auth_group_permissions", "guardian_userobjectpermission"),
        *("guardian_groupobjectpermission", "account_emailaddress", "account_emailconfirmation"),
    ],
)
def test_what_is_never_read_is_never_written(table, case, pavel, share, volha):
    share(volha, "psychological")
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] == 0


@pytest.mark.django_db
def test_permissions_of_a_group_or_of_guardian_open_nothing(case, ihar, viktar):
    """Why those tables are of no meaning: nobody asks them."""
    read = Permission.objects.get(codename="read_case")
    team = make_team(name="Night", by=viktar)
    join_team(user=ihar, team=team, by=viktar)
    team.group.permissions.add(read)
    kind = ContentType.objects.get_for_model(case)
    UserObjectPermission.objects.create(
        user=ihar, permission=read, content_type=kind, object_pk=str(case.pk)
    )
    ihar = User.objects.get(pk=ihar.pk)
    assert not ihar.has_perm("cases.read_case", case)
    assert access_to(ihar, [case.pk]) == {}


# --- Migrations -----------------------------------------------------------------------
class _Step:
    app_label, name = "accounts", "0009_more"


@pytest.mark.django_db
def test_a_migration_of_a_log_that_is_there_is_an_event(alena):
    start = log.size()
    migrating.take_guards_away("default")
    assert len(guards.missing()) > 100
    migrating.put_guards_back("default", [(_Step, False)])
    assert guards.missing() == []
    [event] = log.since(start)
    assert (event.verb, log.told(event)["reason"]) == (Verb.MIGRATED, "accounts.0009_more")


@pytest.mark.django_db
def test_a_guard_that_was_missing_and_is_put_back_is_an_event(alena):
    table = User._meta.db_table
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute(guards._drop(connection, f"tutela_{table}_before_update", table))
    start = log.size()
    migrating.take_guards_away("default")
    migrating.put_guards_back("default", [])
    [event] = log.since(start)
    assert event.verb == Verb.GUARDS_RESTORED
    assert log.told(event)["reason"] == "1 guards, the first tutela_accounts_user_before_update"


@pytest.mark.django_db
def test_the_first_migrations_leave_no_event():
    assert not Event.objects.exists(), "the log begins with what people do"
    assert not Organisation.objects.exists() and not Team.objects.exists()
    migrating.take_guards_away("default")
    migrating.put_guards_back("default", [(_Step, False)])
    assert log.size() == 0


def test_the_tables_of_users_that_nobody_guards_are_gone():
    assert settings.AUTH_USER_MODEL == "accounts.User"
    assert not User._meta.many_to_many
