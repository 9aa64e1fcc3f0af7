from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from core.templatetags.ui import STATUS_TONES

        STATUS_TONES.update(waiting="wait", running="info", failed="stop", cancelled="neutral")
