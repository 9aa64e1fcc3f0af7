"""The folder that is published: it stands alone, and says how it was made and how to check it.

index.html with the report and its charts, report.pdf with the same, the files that the kind made, a
data sheet for programs, and SHA-256 checksums of them all. It is made from what was made of the
persons and from what stands in the release and its ledger entry; nobody's facts are needed for it.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cases.typesetting import as_pdf
from core import demonstration
from reporting.maps import note
from reporting.releases import ledger
from reporting.releases.figures import Published, from_files
from reporting.releases.kinds import KINDS
from reporting.releases.models import Release

CHECKSUMS = "SHA256SUMS"
PAPER = settings.BASE_DIR / "templates" / "documents" / "release.typ"
STYLES = settings.BASE_DIR / "templates" / "documents" / "release.css"
DAY = (1980, 1, 1, 0, 0, 0)  # of every file in an archive: the same files are the same bytes

Files = dict[str, bytes]


def fill(release: Release, made: Mapping[str, bytes]) -> Files:
    """Everything that is published, by name. Raises TypesettingFailed."""
    tables = from_files(dict(made))
    charts = _charts(tables)
    document = _document(release, tables)
    files = {
        **made,
        **charts,
        "datasheet.json": json.dumps(datasheet(release), ensure_ascii=False, indent=1).encode(),
        "style.css": STYLES.read_bytes(),
        "report.pdf": as_pdf(PAPER, document, at=int(document["at"])),
    }
    listed = sorted([*files, "index.html"])
    page = {"doc": document, "band": demonstration.band(), "files": listed, "checksums": CHECKSUMS}
    files["index.html"] = render_to_string("reporting/release_folder.html", page).encode()
    return files | {CHECKSUMS: checksums(files)}


def datasheet(release: Release) -> dict[str, Any]:
    """What the release is and how it was made, for programs. It names nobody."""
    kind, entries = KINDS[release.kind], ledger.entries_of(release)
    return demonstration.field() | {
        "title": release.title,
        "kind": release.kind,
        "years of registration": release.years,
        "approved on": f"{localtime(release.decided_at):%Y-%m-%d}",
        "definition": release.definition,
        "definition sha256": ledger.digest_of(release.definition),
        "method": kind.method(release.definition),
        "ledger": [
            {
                "entry": f"{entry.year}/{entry.number}",
                "rho": str(entry.rho),
                "rho of the year so far": str(_until(entry)),
                "cap of the year": str(ledger.cap()),
            }
            for entry in entries
        ],
        "notes": kind.notes(release.definition),
    }


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Lines that `sha256sum --check` understands."""
    lines = (f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return made.getvalue()


def unpack(archive: bytes) -> Files:
    """What `pack` was given."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _until(entry: ledger.LedgerEntry) -> Any:
    before = ledger.entries(entry.year)[: entry.number]
    return sum((each.rho for each in before), start=entry.rho * 0)


def _charts(tables: list[Published]) -> Files:
    return {
        name: _alone(svg).encode()
        for number, table in enumerate(tables, start=1)
        for at, section in enumerate(table.sections, start=1)
        for name, svg in (
            (_chart_name(number, at), section.chart),
            (_map_name(number, at), section.map),
        )
        if svg
    }


def _chart_name(number: int, at: int) -> str:
    return f"charts/{number:02}-{at:02}.svg"


def _map_name(number: int, at: int) -> str:
    return f"charts/{number:02}-{at:02}-map.svg"


def _alone(svg: str) -> str:
    """The drawing with its colours, as a file of its own."""
    style = STYLES.read_text().partition("/* charts */")[2]
    return svg.replace("<defs>", f"<style>{style}</style><defs>", 1)


def _document(release: Release, tables: list[Published]) -> dict[str, Any]:
    """What the page and the paper say, as JSON."""
    kind, entries = KINDS[release.kind], ledger.entries_of(release)
    rho = kind.charge(release.definition)
    assert release.decided_at is not None
    facts = [
        (_("Persons registered in"), release.period),
        (_("Kind"), str(kind.title)),
        (_("Approved on"), date_format(localtime(release.decided_at), "DATE_FORMAT")),
        (_("Ledger entry"), ", ".join(f"{entry.year}/{entry.number}" for entry in entries)),
    ]
    if rho:
        facts.append((_("Privacy cost"), f"ρ = {ledger.as_text(rho)}"))
    return {
        "lang": get_language() or settings.LANGUAGE_CODE,
        "title": release.title,
        "at": int(release.decided_at.timestamp()),
        "facts": facts,
        "tables": [
            {
                "title": table.title,
                "sections": [
                    {
                        "label": section.label,
                        "head": section.head,
                        "lines": [[str(cell) for cell in line] for line in section.lines],
                        "chart": _chart_name(number, at) if section.chart else "",
                        "svg": _alone(section.chart) if section.chart else "",
                        "map": _map_name(number, at) if section.map else "",
                        "map_svg": _alone(section.map) if section.map else "",
                    }
                    for at, section in enumerate(table.sections, start=1)
                ],
            }
            for number, table in enumerate(tables, start=1)
        ],
        "nothing": _("No figure of this table is large enough to be shown."),
        "chart": _("Chart of the table below"),
        "map": _("Map of the table below"),
        "map_note": note(),
        "notes_title": _("How to read these figures"),
        "notes": kind.notes(release.definition),
        "footer": f"{release.title} · {release.period}",
    }
