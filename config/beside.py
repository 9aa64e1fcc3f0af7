"""The worker that `manage.py start` has beside the pages, in a process of its own.

So background work slows no page, and a file that is too much for its reader does not end the pages
with it.
"""

import logging
import os
import subprocess
import sys
from threading import Event, Thread

from django.conf import settings

AGAIN_AFTER = 5.0  # seconds after it ended by itself
STOPS_WITHIN = 5.0  # seconds

log = logging.getLogger(__name__)


class WorkerBeside:
    """Runs `manage.py work`, and begins it again when it ends by itself."""

    def __init__(self) -> None:
        self._ends = Event()
        self._process = self._begun()
        Thread(target=self._keep, name="worker-beside", daemon=True).start()

    def _begun(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            settings.BASE_DIR / "manage.py",
            "work",
            "--for",
            str(os.getpid()),
        ]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def _keep(self) -> None:
        while True:
            status = self._process.wait()
            if self._ends.is_set():
                return
            log.error("the worker ended; it is begun again", extra={"status": status})
            if self._ends.wait(AGAIN_AFTER):
                return
            self._process = self._begun()

    def stop(self) -> None:
        """End it, and wait for that; its job is put back or told to have been broken off."""
        self._ends.set()
        self._process.terminate()
        try:
            self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
