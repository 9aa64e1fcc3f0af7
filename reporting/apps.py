from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.context import NAV, NavItem
from core.rights import Right


class ReportingConfig(AppConfig):
    name = "reporting"

    def ready(self) -> None:
        NAV.append(NavItem(_("Statistics"), "reporting:table", Right.STATISTICS_BUILD))
