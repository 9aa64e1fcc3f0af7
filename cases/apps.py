from collections.abc import Iterable
from uuid import UUID

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.rights import Right


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from audit.presenters import CASE_NAMES
        from audit.verifier import PINNED
        from cases.file_panel import FILE_PANEL
        from cases.files.types import KINDS
        from cases.panels import CASE_PANELS
        from cases.presenters import CODES
        from cases.storage import check_all
        from core.classes import SHORT_NAMES
        from core.context import NAV, NavItem
        from core.templatetags.ui import STATUS_TONES

        NAV.insert(0, NavItem(_("Cases"), "cases:list", Right.CASE_READ))
        CASE_NAMES.append(_references)
        PINNED.append(check_all)
        CASE_PANELS.append(FILE_PANEL)
        CODES.update(cls=SHORT_NAMES, media_type={code: kind.label for code, kind in KINDS.items()})
        STATUS_TONES.update(quarantined="wait")
        STATUS_TONES.update(
            Active="info", FollowUp="wait", Closed="neutral", ClosedReferred="neutral"
        )
        STATUS_TONES.update(Erased="stop")


def _references(cases: Iterable[UUID]) -> dict[UUID, str]:
    from cases.models import Case

    return dict(Case.objects.filter(pk__in=set(cases)).values_list("pk", "reference"))
