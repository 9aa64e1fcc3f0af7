"""docs/reference/roles.md, written from accounts/roles.py: `python -m tests.guards.roles_page`."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "roles.md"

HEAD = """# Roles

What each role includes. Somebody may hold several: their rights and classes add up. A role alone opens
no case: a grant does, and of its classes only those that the role admits. Being a superuser includes
nothing. Whoever holds a role that keeps accounts holds none that admits classes. How roles are given is
in [accounts.md](../self-hosting/accounts.md).

This page is written from `accounts/roles.py`. Change it there, then run
`python -m tests.guards.roles_page`.
"""


def page() -> str:
    """The text of the page."""
    from accounts.roles import ROLES, Side
    from core.rights import Right

    where = {Side.HOUSE: "ours", Side.PARTNER: "partners"}
    roles = list(ROLES.values())
    parts = [HEAD, "## Who they are\n"]
    parts.append(
        table(
            ["Role", "Code", "Held by people of", "What for"],
            [
                [
                    str(role.display_name),
                    f"`{role.code}`",
                    " and ".join(where[side] for side in Side if side in role.held_in),
                    str(role.description),
                ]
                for role in roles
            ],
        )
    )
    parts.append("## Rights\n")
    parts.append(
        table(
            ["Right", "Held by"],
            [
                [f"`{right}`", _names(role for role in roles if right in role.rights)]
                for right in Right
            ],
        )
    )
    parts.append("## Classes a grant can open\n")
    classes = sorted(frozenset().union(*(role.classes for role in roles)))
    parts.append(
        table(
            ["Class", "Admitted by"],
            [
                [f"`{cls}`", _names(role for role in roles if cls in role.classes)]
                for cls in classes
            ],
        )
    )
    return "\n".join(parts)


def _names(roles) -> str:
    return ", ".join(str(role.display_name) for role in roles) or "nobody"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.write_text(page())
