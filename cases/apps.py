from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from core.rights import Right


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from accounts.passwords import LOCAL_NAMES
        from audit.guards import FOLLOWING
        from audit.habits import GROUNDS
        from audit.presenters import CASE_NAMES
        from audit.rules import RULES, Rule, each_of
        from audit.verbs import Verb
        from audit.verifier import PINNED
        from cases import reach
        from cases.approval_panel import CLOSURE_PANEL
        from cases.entries import ENTRY_KINDS, panel_of
        from cases.file_panel import FILE_PANEL
        from cases.files.types import KINDS
        from cases.incoming_forms import ArrangedForm, DeclineIncomingForm, TakeDownForm
        from cases.incoming_panel import incoming_link
        from cases.long_work import KINDS as OWN_KINDS_OF_WORK
        from cases.models import Stage
        from cases.oversight import (
            exclusions,
            grants_to_partners,
            grounds_of,
            reads_of_decoys,
        )
        from cases.panels import CASE_PANELS, START_LINKS
        from cases.presenters import CODES, LABELLED
        from cases.services import glass, grants
        from cases.storage import check_all
        from cases.task_panel import TASK_PANEL
        from core.classes import SHORT_NAMES
        from core.context import NAV, NavItem
        from core.templatetags.ui import STATUS_TONES
        from jobs.kinds import KINDS as KINDS_OF_WORK

        NAV.insert(0, NavItem(_("Cases"), "cases:list", Right.CASE_READ))
        NAV.append(NavItem(_("Refer a person to us"), "cases:incoming", Right.PERSON_REFER))
        START_LINKS.append(incoming_link)
        KINDS_OF_WORK.update(OWN_KINDS_OF_WORK)
        CASE_NAMES.append(_references)
        LOCAL_NAMES.append(_countries_of_offices)
        PINNED.append(check_all)
        of_person = ("document", "phone")
        own_kinds = ("comment", *of_person, "screening", "decision", "protection")
        own_kinds += ("event", "perpetrator")
        CASE_PANELS[:0] = [panel_of("risk"), TASK_PANEL]
        CASE_PANELS.extend([CLOSURE_PANEL, FILE_PANEL, *map(panel_of, own_kinds)])
        GROUNDS.append(grounds_of)
        grants.ON_TAKING_BACK.append(glass.end_glass_with_grant)
        FOLLOWING.append(reach.statements)
        # What was written while there were no triggers.
        post_migrate.connect(_after_migrations, sender=self)
        RULES.append(
            Rule(
                "decoy",
                _("A decoy was opened"),
                _(
                    "Nobody has a reason to open this case, or to try. Do not tell that it is a decoy."
                ),
                reads_of_decoys,
            )
        )
        RULES.append(
            Rule(
                "partner_grant",
                _("Access given to a partner"),
                _("Somebody of a partner organisation can read a case now. Did the person agree?"),
                grants_to_partners,
            )
        )
        RULES.append(
            Rule(
                "break_glass",
                _("Emergency access"),
                _(
                    "Somebody opened a case without access to it, for an hour. Ask whether it could not "
                    "wait, and whether they need access now."
                ),
                each_of({Verb.GLASS_BROKEN}),
                also_for=Right.GLASS_OVERSEE,
                waits=timedelta(hours=72),
            )
        )
        RULES.append(
            Rule(
                "exclusion",
                _("A conflict of interest was declared or ended"),
                _("Somebody is kept out of a case, or let in again. Ask whether it is so."),
                exclusions,
                also_for=Right.GLASS_OVERSEE,
            )
        )
        LABELLED.extend([TakeDownForm, ArrangedForm, DeclineIncomingForm])
        LABELLED.extend(ENTRY_KINDS[name].form for name in ("risk", *own_kinds))
        CODES.update(cls=SHORT_NAMES, media_type={code: kind.label for code, kind in KINDS.items()})
        STATUS_TONES.update(quarantined="wait", done="good", dropped="neutral")
        STATUS_TONES.update(
            Active="info", FollowUp="wait", Closed="neutral", ClosedReferred="neutral"
        )
        STATUS_TONES.update(dict.fromkeys(list(Stage)[:4], "info"), follow_up="wait")
        STATUS_TONES.update(Erased="stop", low="good", medium="wait", high="warn", extreme="stop")


def _countries_of_offices() -> list[str]:
    from accounts.models import Office
    from cases.countries import country_name

    return [str(country_name(code)) for code in Office.objects.values_list("country", flat=True)]


def _references(cases: Iterable[UUID]) -> dict[UUID, str]:
    from cases.models import Case

    return dict(Case.objects.filter(pk__in=set(cases)).values_list("pk", "reference"))


def _after_migrations(using: str, **kwargs: Any) -> None:
    from cases import reach

    if using == "default" and kwargs.get("plan"):
        reach.mend()
