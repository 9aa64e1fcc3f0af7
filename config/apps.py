from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.long_work import KINDS as OWN_KINDS_OF_WORK
        from jobs.kinds import KINDS

        KINDS.update(OWN_KINDS_OF_WORK)
