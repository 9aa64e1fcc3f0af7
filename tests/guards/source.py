"""The product's own source, for guards that read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = (
    *("config", "reporting", "assistance", "cases", "jobs", "accounts", "audit", "vault", "core"),
    "verify",
)


@cache
def modules() -> dict[str, ast.Module]:
    """Path from the root → syntax tree, of every module that is shipped."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """(path, call) of every call there is."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node


def called(call: ast.Call) -> str:
    """The last part of what is called: "update" of Case.objects.filter().update()."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def names() -> Iterator[tuple[str, str]]:
    """(path, name) of every name that is used or imported."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield path, name
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    yield from ((path, alias.name) for alias in aliases)
