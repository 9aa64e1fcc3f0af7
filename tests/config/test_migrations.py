"""Migrations lead to the tables that the models make, on which all other tests run."""

import json
import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.db import connections

from tests.config.tables import Tables, tables

OWN = ("vault", "audit", "accounts", "cases", "assistance", "reporting", "config")
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def migrated(own_databases: dict[str, str]) -> dict[str, Tables]:
    """The tables of two databases that every migration was applied to."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.config.tables"],
        env=os.environ | own_databases,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_the_tables_are_the_same(migrated: dict[str, Tables]) -> None:
    """Those of libraries are not ours to compare."""
    own = {model._meta.db_table for app in OWN for model in apps.get_app_config(app).get_models()}
    for alias, found in migrated.items():
        made = json.loads(json.dumps(tables(connections[alias])))
        assert found.keys() & own == made.keys() & own != set()
        for name in found.keys() & own:
            assert found[name] == made[name], f"{alias}: {name}"
