from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _

from core.rights import Right


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit.review import waiting_for
        from core.context import NAV, NavItem

        NAV.append(NavItem(_("Review"), "audit:review", Right.REVIEW, waiting_for))
        NAV.append(NavItem(_("Officers"), "audit:officers", Right.OFFICER_AUDIT))
        NAV.append(NavItem(_("Log"), "audit:log", Right.LOG_READ))
        NAV.append(NavItem(_("State of the log"), "audit:state", Right.LOG_STATE))
        # Rebuilding a table drops its triggers on SQLite: they are put back after every migration.
        pre_migrate.connect(_before_migrations, sender=self)
        post_migrate.connect(_after_migrations, sender=self)


def _before_migrations(using: str, **kwargs: Any) -> None:
    from audit import migrating

    if using == "default":
        migrating.take_guards_away(using)


def _after_migrations(using: str, **kwargs: Any) -> None:
    """Sent when the tables of every application are in place."""
    from audit import migrating
    from audit.models import LogState, Reviewed

    if using == "default":
        state, _new = LogState.objects.get_or_create(id=1)
        # What happened before there were rules is not looked through.
        Reviewed.objects.get_or_create(id=1, defaults={"position": state.size})
        migrating.put_guards_back(using, kwargs.get("plan") or ())
