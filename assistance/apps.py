from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "assistance"

    def ready(self) -> None:
        from assistance import reference
        from assistance.forms import FORMS
        from assistance.models import Assistance, AssistanceStatus
        from assistance.panels import ASSISTANCE_PANEL, is_payment
        from assistance.plans import SUPPORT_PLAN
        from audit.verbs import Verb
        from cases import drafts
        from cases.approvals import APPROVABLE, Approvable
        from cases.entries import ENTRY_KINDS, panel_of
        from cases.panels import CASE_PANELS
        from cases.presenters import CODES, LABELLED
        from cases.reference import SUPPORT_PLAN_TYPE
        from core.templatetags.ui import STATUS_TONES

        ENTRY_KINDS["plan"] = SUPPORT_PLAN
        LABELLED.extend([*FORMS.values(), SUPPORT_PLAN.form])
        CODES.update(
            status=dict(AssistanceStatus.choices),
            method=reference.PSYCHOLOGICAL_METHODS,
            stage=reference.LEGAL_STAGES,
            dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_dimension=reference.REINTEGRATION_DIMENSIONS,
            plan_type=SUPPORT_PLAN_TYPE,
            type={
                code: label
                for types in reference.REINTEGRATION_TYPES.values()
                for code, label in types.items()
            },
        )
        CASE_PANELS.extend([panel_of("plan"), ASSISTANCE_PANEL])
        drafts.FORMS |= {"assistance:record", "assistance:change"}
        recorded = frozenset({Verb.ASSISTANCE_RECORDED, Verb.ASSISTANCE_CHANGED})
        APPROVABLE[Assistance._meta.label] = Approvable(Assistance, recorded, is_payment)
        STATUS_TONES.update(planned="info", under_way="wait", delivered="good", cancelled="neutral")
