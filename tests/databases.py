"""Databases for processes of tests: their tables are made from the models, all at once.

Migrations render every model anew after each step, which takes as long as many tests.
`tests/config/test_migrations.py` sees to it that both ways lead to the same tables.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from tests.guards.source import ROOT
from vault.keyring import keyring


def make_databases() -> None:
    """Both databases of this process's settings with tables, guards and cache; keys unlocked."""
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    for alias in ("keys", "default"):
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    keyring.unlock()
    call_command("createcachetable", verbosity=0)


def run_beside(
    module: str, *words: str, databases: Mapping[str, str], timeout: int = 240
) -> "subprocess.CompletedProcess[str]":
    """Run this module of the tests in a process of its own on these databases, `timeout` seconds at
    most. The test fails when it does.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"tests.{module}", *words],
        cwd=ROOT,
        env=os.environ | databases,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done
