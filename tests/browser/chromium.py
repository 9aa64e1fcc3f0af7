"""Where Chromium is on this machine, and how the tests start it."""

import os
import shutil

NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
# Nothing is fetched from anywhere while a test runs, and no sandbox is needed for our own pages.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Path of the browser: what CHROMIUM names, else one of the usual names; None without one."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)
