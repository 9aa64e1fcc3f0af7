"""Sets a long document as a PDF, in a process of its own: `python -m cases.typesetting TEMPLATE`.

The typesetter keeps what it has set in its memory for as long as its process lives. Here the process
ends with the document. What it says comes in on the standard input, as JSON, and the PDF goes out on
the standard output: nothing of it lies on the disk.
"""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import override

from core.demonstration import band

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ROOT / "templates" / "documents"  # what templates share is there
FONTS = ROOT / "cases" / "fonts"
SECONDS = 120  # from start to end
NOT_DISPLAYED = re.compile(r'the text `"(.+?)"` could not be displayed')
# Stands before a template where the document has a band: above every page, and what the file is about.
BAND = b"""#let band = json(bytes(sys.inputs.at("document"))).band
#set document(description: band)
#set page(header: align(center, block(
  width: 100%, inset: 5pt, radius: 2pt, fill: rgb("#fbe3c4"), text(size: 9pt, weight: "bold", band),
)))
"""
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")  # of what is no letter, as \u{fffe}


class TypesettingFailed(Exception):
    """The document was not set. The message says nothing of what is in it."""


def as_pdf(template: Path, document: dict[str, Any], *, at: int) -> bytes:
    """A PDF that a screen reader can read (PDF/UA-1), made at `at` (seconds since 1970).

    Raises TypesettingFailed.
    """
    words = [sys.executable, "-E", "-s", "-B", "-m", "cases.typesetting", str(template), str(at)]
    try:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env={},
            input=json.dumps(_with_band(document)).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise TypesettingFailed(type(error).__name__) from None
    return done.stdout


def typeset(template: Path, document: dict[str, Any], *, at: int) -> bytes:
    """The same in this process, for a short document. Nothing is put on the disk.

    A character that no font of ours has is written out, as in [U+4E2D]: the standard lets nobody set it.
    """
    return _typeset(template, _with_band(document), at)


def _with_band(document: dict[str, Any]) -> dict[str, Any]:
    """In a demonstration every paper says so, in its own language."""
    with override(document.get("lang")):
        told = band()
    return document | {"band": told} if told else document


def _typeset(template: Path, document: dict[str, Any], at: int) -> bytes:
    try:
        return _compile(template, document, at)
    except typst.TypstError as error:
        missing = _not_displayed(error.diagnostic)
        if not missing:
            raise
    return _compile(template, _written_out(document, missing), at)


def _compile(template: Path, document: dict[str, Any], at: int) -> bytes:
    compiler = typst.Compiler(
        input=(BAND if "band" in document else b"") + template.read_bytes(),
        root=DOCUMENTS,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"document": json.dumps(document)},
    )
    made = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=at)
    assert isinstance(made, bytes)
    return made


def _not_displayed(diagnostic: str) -> dict[int, str]:
    """Each character that the typesetter could not set, as it is written out instead."""
    told = "".join(NOT_DISPLAYED.findall(diagnostic))
    found = {int(code, 16) for code in ESCAPED.findall(told)}
    found |= {ord(character) for character in ESCAPED.sub("", told) if not character.isascii()}
    return {code: f"[U+{code:04X}]" for code in found}


def _written_out(value: Any, missing: dict[int, str]) -> Any:
    match value:
        case str():
            return value.translate(missing)
        case dict():
            return {name: _written_out(each, missing) for name, each in value.items()}
        case list() | tuple():
            return [_written_out(each, missing) for each in value]
    return value


def main() -> None:
    template, at = Path(sys.argv[1]), int(sys.argv[2])
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(what, (0, 0))  # not a byte into any file
    sys.stdout.buffer.write(_typeset(template, json.load(sys.stdin), at))


if __name__ == "__main__":
    main()
