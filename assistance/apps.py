from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "assistance"

    def ready(self) -> None:
        from assistance.panels import ASSISTANCE_PANEL
        from cases.panels import CASE_PANELS
        from core.templatetags.ui import STATUS_TONES

        CASE_PANELS.append(ASSISTANCE_PANEL)
        STATUS_TONES.update(planned="info", under_way="wait", delivered="good", cancelled="neutral")
