from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _

from core.rights import Right


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from core.context import NAV, NavItem

        NAV.append(NavItem(_("Officers"), "audit:officers", Right.OFFICER_AUDIT))
        NAV.append(NavItem(_("Log"), "audit:log", Right.LOG_READ))
        NAV.append(NavItem(_("Verify"), "audit:verify", Right.LOG_VERIFY))
        # Rebuilding a table drops its triggers on SQLite: they are put back after every migration.
        pre_migrate.connect(_before_migrations, sender=self)
        post_migrate.connect(_after_migrations, sender=self)


def _before_migrations(using: str, **kwargs: Any) -> None:
    from audit import guards

    if using == "default":
        guards.remove(using)


def _after_migrations(using: str, **kwargs: Any) -> None:
    """Sent when the tables of every application are in place."""
    from audit import guards
    from audit.models import LogState

    if using == "default":
        LogState.objects.get_or_create(id=1)
        guards.install(using)
