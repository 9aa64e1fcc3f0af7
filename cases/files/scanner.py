"""Asks a virus scanner, where the settings name one. It speaks clamd's INSTREAM."""

import re
import socket
from enum import StrEnum

from django.conf import settings

from cases.files.problems import Problem, Readable

PIECE = 2**17  # bytes
SECONDS = 30.0  # without a word from the scanner


class Scan(StrEnum):
    """How it went; stands in the event as a code."""

    CLEAN = "scanned_clean"
    NO_SCANNER = "not_scanned"
    UNREACHABLE = "scanner_unreachable"


class Infected(Problem):
    """The scanner knows what this is."""

    def __init__(self, signature: str) -> None:
        super().__init__("infected")
        self.signature = signature


def scan(content: Readable) -> Scan:
    """Have a file scanned. Raises Infected, and Problem when the scanner takes none of that size."""
    if not settings.CLAMD:
        return Scan.NO_SCANNER
    try:
        answer = _ask(content)
    except OSError:
        return Scan.UNREACHABLE
    if answer == "stream: OK":
        return Scan.CLEAN
    if found := re.fullmatch(r"stream: (.+) FOUND", answer):
        raise Infected(found[1][:100])
    return Scan.UNREACHABLE


def _ask(content: Readable) -> str:
    with _connected() as scanner:
        scanner.sendall(b"zINSTREAM\0")
        while piece := content.read(PIECE):
            scanner.sendall(len(piece).to_bytes(4) + piece)
        scanner.sendall(bytes(4))
        answer = b""
        while len(answer) < 1000 and not answer.endswith(b"\0"):
            part = scanner.recv(1000)
            if not part:
                break
            answer += part
    return answer.rstrip(b"\0\n").decode(errors="replace")


def _connected() -> socket.socket:
    """`/run/clamav/clamd.ctl` is a socket on this machine, `host:port` one elsewhere."""
    if settings.CLAMD.startswith("/"):
        scanner = socket.socket(socket.AF_UNIX)
        scanner.settimeout(SECONDS)
        scanner.connect(settings.CLAMD)
        return scanner
    host, _colon, port = settings.CLAMD.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)
