"""docs/reference/htcds.md, written from the models: `python -m tests.guards.htcds_page`."""

import os
from pathlib import Path

from tests.guards.roles_page import table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "htcds.md"

HEAD = """# Where each HTCDS field is

Field names, codes and labels from the Human Trafficking Case Data Standard (HTCDS) 2.0, IOM, CC BY 4.0,
<https://github.com/UNMigration/HTCDS>; definitions shortened. IOM does not endorse this product.

All 81 live fields of HTCDS 2.0 and its three deprecated ones are read by the import
([import.md](import.md)) and written by the export ([export.md](export.md)). A field stands in a section
of a record; each section is sealed under the key of its class, and is shown on the case page. "As
imported" are fields that stay under their HTCDS name in the summary of the case: what a row says of the
organisation that filled it in, what Tutela knows better itself (the status and the officer of the
case), and what HTCDS gave up.

This page is written from `cases/imports/htcds_fields.py` and the models. Change it there, then run
`python -m tests.guards.htcds_page`.
"""


def page() -> str:
    """The text of the page."""
    from cases import reference
    from cases.imports.htcds_fields import HTCDS_FIELDS

    rows = [[f"`{name}`", place.label, *_where(place)] for name, place in HTCDS_FIELDS.items()]
    parts = [HEAD, table(["HTCDS", "Label", "Record", "Field", "Class"], rows)]
    parts.append("## Codes of ours\n")
    parts.append(
        "Codes that stand in no pick-list of HTCDS. `RestrictsMovement` and `UsesChildren` are defined"
        " by HTCDS and missing from its list.\n"
    )
    ours = ("GENDER", "METHODS_OF_CONTROL", "TYPES_OF_EXPLOITATION")
    ours += ("FORCED_LABOUR_INDUSTRY", "TYPES_OF_SEX_EXPLOITATION")
    parts.append(
        table(
            ["List", "Code", "Label", "Offered in forms"],
            [
                [
                    name.replace("_", " ").capitalize(),
                    f"`{code}`",
                    str(label),
                    "no" if code in reference.GROUPED.get(name, ()) else "yes",
                ]
                for name in ours
                for code, label in reference.codes_of(name).items()
                if code in reference.OURS[name]
            ],
        )
    )
    return "\n".join(parts)


def _where(place) -> tuple[str, str, str]:
    """Record, field and class."""
    from cases.entries import ENTRY_KINDS
    from cases.models import Case, Consent, Person

    if place.section == "other":
        return "as imported", "", Case.SECTIONS["summary"][0]
    if place.section in ENTRY_KINDS:
        model, section = ENTRY_KINDS[place.section].model, "content"
    else:
        models = {"summary": (Case, "summary"), "consent": (Consent, "terms")}
        model, section = models.get(place.section, (Person, place.section))
    cls, schema = model.SECTIONS[section]
    assert place.field in schema.__struct_fields__, place
    return model.__name__, f"`{section}.{place.field}`", cls


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.write_text(page())
