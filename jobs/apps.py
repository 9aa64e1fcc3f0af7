from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from audit.state import CHECKS
        from core.templatetags.ui import STATUS_TONES
        from jobs.lives import check_worker

        STATUS_TONES.update(waiting="wait", running="info", failed="stop", cancelled="neutral")
        CHECKS.append(check_worker)
