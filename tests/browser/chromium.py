"""Where Chromium is on this machine, and how the tests start it."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"  # without windows, a quarter quicker; keeps no profile
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


def find_chromium(*, whole: bool = False) -> str | None:
    """Path of the browser: what CHROMIUM names, else one of the usual names; None without one.

    `whole`: one that keeps on the disk what a browser at a desk does.
    """
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    names = NAMES if whole else (SHELL, *NAMES)
    return next(filter(None, map(shutil.which, names)), None)
