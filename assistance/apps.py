from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "assistance"

    def ready(self) -> None:
        from assistance import reference
        from assistance.forms import FORMS
        from assistance.panels import ASSISTANCE_PANEL
        from cases.panels import CASE_PANELS
        from cases.presenters import CODES, LABELLED
        from core.templatetags.ui import STATUS_TONES

        LABELLED.extend(FORMS.values())
        CODES.update(
            method=reference.PSYCHOLOGICAL_METHODS,
            stage=reference.LEGAL_STAGES,
            dimension=reference.REINTEGRATION_DIMENSIONS,
            type={
                code: label
                for types in reference.REINTEGRATION_TYPES.values()
                for code, label in types.items()
            },
        )
        CASE_PANELS.append(ASSISTANCE_PANEL)
        STATUS_TONES.update(planned="info", under_way="wait", delivered="good", cancelled="neutral")
