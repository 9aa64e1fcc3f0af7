"""manage.py work: do the background work that people ask for on pages."""

import os
import signal
import time
from argparse import ArgumentParser
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from config.startup import refuse_unless_ready
from core.logs import tell_what_nobody_caught
from jobs import running, worker

STOPS_WITHIN = 4.0  # seconds; what is not over by then is taken up again by the next worker


class Command(BaseCommand):
    help = "Do the background work that people ask for on pages, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # `manage.py start` gives its own number: its worker ends with it, however that ends.
        parser.add_argument("--for", dest="parent", type=int, metavar="PID", help="end with it")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ROOT_KEY_PROVIDER == "passphrase":
            raise CommandError(
                "With TUTELA_ROOT_KEY=passphrase the keys are in one process alone, which does the "
                "background work itself. Nothing has to be started."
            )
        try:
            refuse_unless_ready(serve=False)
        except ImproperlyConfigured as error:
            raise CommandError(f"The worker does not start. {error}") from None
        tell_what_nobody_caught()
        # In a thread: this one may be holding the lock of the event just then.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: Thread(target=running.STOPPING.set).start())
        Thread(target=_end_in_time, args=(options["parent"],), daemon=True).start()
        worker.work()


def _end_in_time(parent: int | None) -> None:
    """Stop with the process this one works for, and leave what does not end by itself."""
    while not running.STOPPING.wait(1):
        if parent is not None and os.getppid() != parent:
            running.STOPPING.set()
    time.sleep(STOPS_WITHIN)
    os._exit(1)
