"""Each start is an event, and so is a setting that changed since the one before."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings as in_use

from audit.verbs import Verb
from config import effective
from config.models import Configuration
from tests.guards import log

pytestmark = pytest.mark.django_db

SECRET = "5ecret-" + "x" * 30


def _told(start):
    return [(event.verb, log.told(event)["reason"]) for event in log.since(start)]


def test_a_start_is_recorded_and_the_settings_of_the_first_are_kept():
    start = log.size()
    effective.tell_of_start()
    (kept, first), (started, digest) = _told(start)
    assert (kept, first, started) == (Verb.SETTINGS_CHANGED, "first start", Verb.SYSTEM_STARTED)
    assert re.fullmatch(r"settings [0-9a-f]{16}", digest)
    assert Configuration.objects.get().settings == effective.in_force()
    effective.tell_of_start()
    assert _told(start)[2:] == [(Verb.SYSTEM_STARTED, digest)]


def test_settings_that_changed_are_named_and_kept_side_by_side(settings):
    effective.tell_of_start()
    before = effective.in_force()
    settings.BACKUP_KEYS_DAYS, settings.CLAMD = 30, "127.0.0.1:3310"
    start = log.size()
    effective.tell_of_start()
    (changed, names), (_started, digest) = _told(start)
    assert (changed, names) == (Verb.SETTINGS_CHANGED, "BACKUP_KEYS_DAYS CLAMD")
    assert digest != _told(0)[1][1]
    versions = Configuration.history.order_by("revision").values_list("settings", flat=True)
    assert list(versions) == [before, effective.in_force()]


def test_no_secret_is_told(settings, monkeypatch):
    settings.SECRET_KEY = SECRET
    for alias in ("default", "keys"):
        one = {"ENGINE": "postgresql", "HOST": alias, "NAME": "tutela", "PASSWORD": SECRET}
        monkeypatch.setitem(in_use.DATABASES, alias, one)
    settings.EMAIL_HOST_PASSWORD = SECRET
    options = {"bucket_name": "files", "secret_key": SECRET, "access_key": SECRET}
    place = {"BACKEND": "cases.s3.Bucket", "OPTIONS": options}
    settings.STORAGES = in_use.STORAGES | {"attachments": place}
    told = effective.in_force()
    assert SECRET not in str(told)
    assert told["DATABASES.keys"] == "postgresql keys - tutela -"
    assert told["STORAGES.attachments"] == "cases.s3.Bucket - - - files"


def test_every_setting_out_of_the_environment_is_told_or_withheld_on_purpose():
    """A new variable fails here until somebody says whether it is a secret."""
    tree = ast.parse((Path(in_use.BASE_DIR) / "config" / "settings.py").read_text())
    from_outside = set()
    for node in tree.body:
        for inner in ast.walk(node):
            if not isinstance(inner, ast.Assign):
                continue
            calls = [call for call in ast.walk(inner.value) if isinstance(call, ast.Call)]
            if any(
                "env" in ast.unparse(call.func) for call in calls
            ) or "env_secret" in ast.unparse(inner.value):
                names = [name.id for name in inner.targets if isinstance(name, ast.Name)]
                from_outside |= {name for name in names if name.isupper()}
    from_outside |= {"DATABASES", "EMAIL_HOST_PASSWORD"}
    assert len(from_outside) > 25
    listed = {*effective.TOLD, *effective.WITHHELD}
    assert from_outside - listed == set()
    assert not {*effective.TOLD} & {*effective.WITHHELD}
    for name in effective.TOLD:
        assert hasattr(in_use, name), name
