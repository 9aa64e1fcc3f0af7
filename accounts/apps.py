from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.rights import Right


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import second_factor, signals  # noqa: F401  connects the receivers
        from accounts.oversight import acts_on_the_machine
        from accounts.proposals import waiting_for
        from audit.rules import RULES, Rule
        from core.context import NAV, NavItem
        from core.templatetags.ui import STATUS_TONES

        NAV.append(NavItem(_("People"), "people:list", Right.ACCOUNTS_KEEP))
        NAV.append(NavItem(_("Second person"), "people:waiting", Right.ACTS_DECIDE, waiting_for))
        STATUS_TONES.update(asked="wait", approved="good", declined="stop")
        RULES.append(
            Rule(
                "machine",
                _("Done on the machine, by somebody who did not sign in"),
                _(
                    "In the pages this takes two people, or cannot be done. Ask who keeps the machine "
                    "whether they did it and why. There may be more of this kind within the hour."
                ),
                acts_on_the_machine,
            )
        )
