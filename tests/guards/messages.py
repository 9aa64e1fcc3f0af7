"""Every text that is translated somewhere in the source, found without GNU gettext."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.utils.translation.template import templatize

from tests.guards import source

TEMPLATES = source.ROOT / "templates"
# What is called → how many of its arguments are texts, a context among them.
KINDS = {"gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
KINDS |= {"pgettext": 2, "pgettext_lazy": 2, "npgettext": 3, "npgettext_lazy": 3}
_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(({_TEXT}(?:,\s*{_TEXT})*)")


class Message(NamedTuple):
    context: str
    text: str
    plural: str


def messages() -> dict[Message, str]:
    """Each message, and a file that has it."""
    found: dict[Message, str] = {}
    for path, tree in source.modules().items():
        found |= dict.fromkeys(of_code(tree), path)
    for template in TEMPLATES.rglob("*"):
        if template.suffix in (".html", ".txt"):
            found |= dict.fromkeys(of_template(template.read_text()), template.name)
    return found


def of_code(tree: ast.Module) -> Iterator[Message]:
    """The messages of a module, whatever it calls the functions of gettext."""
    called = {
        name.asname or name.name: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            kind = called.get(node.func.id)
            if kind in KINDS:
                yield _message(kind, [ast.literal_eval(each) for each in node.args[: KINDS[kind]]])


def of_template(text: str) -> Iterator[Message]:
    """The messages of a template. Django writes them as calls, for gettext to read."""
    for name, told in _IN_TEMPLATE.findall(templatize(text)):
        kind = "gettext" if name == "_" else name
        yield _message(kind, ast.literal_eval(f"({told},)")[: KINDS[kind]])


def _message(kind: str, texts: Sequence[str]) -> Message:
    context, *rest = texts if kind.startswith(("p", "np")) else ("", *texts)
    return Message(context, rest[0], rest[1] if len(rest) > 1 else "")
