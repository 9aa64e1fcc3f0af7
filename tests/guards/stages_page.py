"""docs/reference/stages.md, written from cases/stages.py: `python -m tests.guards.stages_page`."""

import os
from pathlib import Path

from tests.guards.roles_page import table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "stages.md"

HEAD = """# Stages of a case

How far the work on a case has come. The officer moves it on, or back, on the page of the case. A case
comes to its end by a closure, and from there by reopening it. The stage is open, as the status is: it
says how the work stands and not what happened to anybody.

This page is written from `cases/stages.py`. Change it there, then run
`python -m tests.guards.stages_page`.
"""


def page() -> str:
    """The text of the page."""
    from cases.models import Stage
    from cases.stages import STAGES

    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Stage.IDENTIFICATION}: registered"]
    for stage, step in STAGES.items():
        lines.append(f'    state "{stage.label}" as {stage}')
        for to in step.leads_to:
            lines.append(f"    {stage} --> {to}" + _act(stage, to))
    lines += [f"    {Stage.CLOSED} --> [*]: erased", "```", ""]
    rows = [
        [
            str(stage.label),
            f"`{stage}`",
            f"`{step.status}`",
            str(step.acts_next),
            str(step.task),
            ", ".join(str(to.label) for to in step.leads_to),
        ]
        for stage, step in STAGES.items()
    ]
    head = ["Stage", "Code", "HTCDS CaseStatus", "Acts next", "What is done", "May go on to"]
    return "\n".join([HEAD, *lines, table(head, rows)])


def _act(stage: str, to: str) -> str:
    """What the arrow is called; moving needs no word."""
    return ": closed" if to == "closed" else ": reopened" if stage == "closed" else ""


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.write_text(page())
