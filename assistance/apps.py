from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistanceConfig(AppConfig):
    name = "assistance"

    def ready(self) -> None:
        from assistance import kinds, reference
        from assistance.forms import FORMS
        from assistance.models import Assistance, AssistanceStatus
        from assistance.panels import ASSISTANCE_PANEL, is_payment
        from assistance.plans import SUPPORT_PLAN
        from assistance.sittings import SESSION, SessionForm
        from audit.verbs import Verb
        from cases import drafts
        from cases.approvals import APPROVABLE, Approvable
        from cases.entries import ENTRY_KINDS, panel_of
        from cases.panels import CASE_PANELS
        from cases.presenters import CODES, LABELLED, LABELS, LINKS
        from cases.reference import SUPPORT_PLAN_TYPE
        from core.templatetags.ui import STATUS_TONES

        ENTRY_KINDS["plan"] = SUPPORT_PLAN
        LABELLED.extend([*FORMS.values(), SUPPORT_PLAN.form, SessionForm])
        LABELS.update(
            kind=_("Kind of assistance"),
            planned_from=_("Planned from"),
            planned_until=_("Planned until"),
        )
        LINKS.update({"goal", "assistance"})
        CODES.update(
            status=dict(AssistanceStatus.choices),
            method=reference.PSYCHOLOGICAL_METHODS,
            stage=reference.LEGAL_STAGES,
            dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_type=SUPPORT_PLAN_TYPE,
            type=kinds.TYPES,
            kind=reference.KINDS,
            phase=reference.RETURN_PHASES,
            satisfaction=reference.SATISFACTION,
        )
        CASE_PANELS.extend([panel_of("plan"), ASSISTANCE_PANEL, panel_of("session", SESSION)])
        drafts.FORMS |= {f"assistance:{name}" for name in ("record", "change", "session")}
        recorded = frozenset({Verb.ASSISTANCE_RECORDED, Verb.ASSISTANCE_CHANGED})
        APPROVABLE[Assistance._meta.label] = Approvable(Assistance, recorded, is_payment)
        STATUS_TONES.update(planned="info", under_way="wait", delivered="good", cancelled="neutral")
