from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.rights import Right

if TYPE_CHECKING:
    from accounts.models import User


class ReportingConfig(AppConfig):
    """What is put into other applications here brings nothing along that counts or solves: each command
    would load it, for half a second.
    """

    name = "reporting"

    def ready(self) -> None:
        from audit.rules import RULES, Rule
        from core.context import NAV, NavItem
        from jobs.kinds import KINDS
        from reporting import long_work
        from reporting.oversight import around_a_small_group, many_tables
        from reporting.verification.oversight import exact_tables

        KINDS.update(long_work.KINDS)
        NAV.append(NavItem(_("Dashboards"), "reporting:dashboards", Right.STATISTICS_SEE))
        NAV.append(NavItem(_("Statistics"), "reporting:table", Right.STATISTICS_BUILD))
        NAV.append(NavItem(_("Published"), "reporting:releases", Right.STATISTICS_SEE))
        NAV.append(
            NavItem(_("Exact tables"), "verification:list", Right.STATISTICS_VERIFY, _how_many_wait)
        )
        RULES.append(
            Rule(
                "many_tables",
                _("Very many tables of statistics"),
                _(
                    "More than 100 different tables in one day. Ask what they were needed for, and "
                    "whether a program used the account."
                ),
                many_tables,
                also_for=Right.GLASS_OVERSEE,
            )
        )
        RULES.append(
            Rule(
                "small_group",
                _("Statistics around one small group"),
                _(
                    "More than ten different tables in one day, all narrowed down to the same small "
                    "group. Ask what they were needed for: somebody may look for one person."
                ),
                around_a_small_group,
                also_for=Right.GLASS_OVERSEE,
            )
        )
        RULES.append(
            Rule(
                "exact_table",
                _("Exact figures of a table"),
                _(
                    "Two people agreed that one of them sees what nobody sees by default. Ask both what "
                    "it was needed for, and whether anything was written down."
                ),
                exact_tables,
            )
        )


def _how_many_wait(user: "User") -> int:
    from reporting.verification.services import how_many_wait

    return how_many_wait(user)
