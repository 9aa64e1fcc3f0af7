"""What is an entry, told twice: by one regular expression, and here in plain Python."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verify.logs import Log, canonical
from verify.tutela_verify import ENTRY, FIELDS, OPTIONAL, Event, event_of

PLAIN = Log().event()
CHANGE = {
    "object_type": "cases.Case",
    "object": Log().uuid(),
    "revision": 3,
    "digest": "0f" * 32,
}
SEALED = {"scope": Log().uuid(), "sealed": base64.b64encode(bytes(range(40))).decode()}
RESEALED = {"resealed": [["cases.Person", Log().uuid(), 2, "ab" * 32]] * 2}
KEYS = {"keys": [Log().uuid(), Log(2).uuid()]}
WHOLE = PLAIN | CHANGE | SEALED | RESEALED | KEYS | {"cases": [Log().uuid()], "classes": ["a", "b"]}


@pytest.mark.parametrize("more", [{}, CHANGE, SEALED, RESEALED, KEYS, WHOLE])
def test_an_entry_is_an_event(more: dict[str, Any]) -> None:
    event = event_of(canonical(PLAIN | more))
    assert isinstance(event, Event)
    assert (event.id, event.at, event.verb) == (PLAIN["id"], PLAIN["at"], PLAIN["verb"])
    assert event.object == more.get("object")


def test_events_have_the_groups_of_the_pattern_in_their_order() -> None:
    assert Event._fields == tuple(ENTRY.groupindex)


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        ('{"a":"\ud800"}'.encode("utf-8", "surrogatepass"), "is not UTF-8"),
        (b"[" * 60_000, "is not JSON"),
        (b"1" * 60_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"{}", "is of a version that this program does not know"),
        (b'{"v":1,"v":1}', "is not canonical JSON"),
        (json.dumps(PLAIN).encode(), "is not canonical JSON"),
        (canonical(PLAIN) + b"\n", "is not canonical JSON"),
        (canonical(PLAIN).replace(b'"ok"', b'"\\u006fk"'), "is not canonical JSON"),
        (canonical(PLAIN | {"v": 2}), "is of a version"),
        (canonical(PLAIN | {"note": "x"}), "has 1 unknown fields"),
        (canonical(without(PLAIN, "reason")), "has no “reason”"),
        (canonical(without(WHOLE, "digest")), "has only some of the fields that belong together"),
        (canonical(without(WHOLE, "revision")), "has only some of the fields"),
        (canonical(without(WHOLE, "sealed")), "has only some of the fields"),
        (canonical(PLAIN | {"v": True}), "has no valid “v”"),
        (canonical(PLAIN | {"v": 1.0}), "has no valid “v”"),
        (canonical(PLAIN | {"id": str(UUID(int=0))}), "has no valid “id”"),
        (canonical(PLAIN | {"id": PLAIN["id"].upper()}), "has no valid “id”"),
        (canonical(PLAIN | {"at": "2026-02-30T00:00:00.000000+00:00"}), "has no valid “at”"),
        (canonical(PLAIN | {"at": "2026-02-20T00:00:00+00:00"}), "has no valid “at”"),
        (canonical(PLAIN | {"at": "2026-02-20T00:00:00.000000Z"}), "has no valid “at”"),
        (canonical(PLAIN | {"actor": "root"}), "has no valid “actor”"),
        (canonical(PLAIN | {"actor": None}), "has no valid “actor”"),
        (canonical(PLAIN | {"session": 1}), "has no valid “session”"),
        (canonical(PLAIN | {"verb": "Case viewed"}), "has no valid “verb”"),
        (canonical(PLAIN | {"outcome": "maybe"}), "has no valid “outcome”"),
        (canonical(PLAIN | {"cases": "x"}), "has no valid “cases”"),
        (canonical(PLAIN | {"cases": ["x"]}), "has no valid “cases”"),
        (canonical(PLAIN | {"classes": [1]}), "has no valid “classes”"),
        (canonical(WHOLE | {"revision": 0}), "has no valid “revision”"),
        (canonical(WHOLE | {"revision": -1}), "has no valid “revision”"),
        (canonical(WHOLE | {"revision": 1.5}), "has no valid “revision”"),
        (canonical(WHOLE | {"digest": "0F" * 32}), "has no valid “digest”"),
        (canonical(WHOLE | {"digest": "0f" * 31}), "has no valid “digest”"),
        (canonical(WHOLE | {"object_type": "Case"}), "has no valid “object_type”"),
        (canonical(WHOLE | {"sealed": "QUJD\n"}), "has no valid “sealed”"),
        (canonical(WHOLE | {"sealed": "QUI"}), "has no valid “sealed”"),
        (canonical(WHOLE | {"sealed": "QUJ="}), "has no valid “sealed”"),
        (canonical(WHOLE | {"sealed": ""}), "has no valid “sealed”"),
        (canonical(WHOLE | {"keys": []}), "has no valid “keys”"),
        (canonical(WHOLE | {"resealed": []}), "has no valid “resealed”"),
        (
            canonical(WHOLE | {"resealed": [["cases.Person", "x", 1, "y"]]}),
            "has no valid “resealed”",
        ),
    ],
)
def test_what_is_no_entry_is_told_why(entry: bytes, words: str) -> None:
    assert words in event_of(entry)


# --- the same in plain Python -------------------------------------------------------------


def _is_uuid(value: Any, version: int | None = None) -> bool:
    if not isinstance(value, str):
        return False
    try:
        found = UUID(value)
    except ValueError:
        return False
    return str(found) == value and version in (None, found.version)


def _is_time(value: Any) -> bool:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    spelled = found.isoformat(timespec="microseconds")
    return spelled == value and value.endswith("+00:00")


def _is_base64(value: Any) -> bool:
    try:
        return bool(value) and base64.b64encode(base64.b64decode(value)).decode() == value
    except (TypeError, ValueError):
        return False


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _is_revision(value: Any) -> bool:
    return type(value) is int and 0 < value < 10**6


def _is_label(value: Any) -> bool:
    parts = value.split(".") if isinstance(value, str) and value.isascii() else []
    return len(parts) == 2 and all(part.isidentifier() for part in parts)


def _is_code(value: Any) -> bool:
    is_plain = (
        isinstance(value, str) and value.isascii() and value.islower() and value.isidentifier()
    )
    return is_plain and not value.startswith("_")


def _are(items: Any, kind: Any) -> bool:
    return isinstance(items, list) and all(kind(item) for item in items)


def _is_resealed(value: Any) -> bool:
    kinds = (_is_label, _is_uuid, _is_revision, _is_hex)
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(kind(part) for kind, part in zip(kinds, value, strict=True))
    )


RULES = {
    "v": lambda value: type(value) is int and value == 1,
    "id": lambda value: _is_uuid(value, 7),
    "at": _is_time,
    "actor": lambda value: value == "system" or _is_uuid(value),
    "session": lambda value: isinstance(value, str),
    "request": lambda value: isinstance(value, str),
    "verb": _is_code,
    "outcome": lambda value: value in ("ok", "denied", "error"),
    "reason": lambda value: isinstance(value, str),
    "cases": lambda value: _are(value, _is_uuid),
    "classes": lambda value: _are(value, _is_code),
    "object_type": _is_label,
    "object": _is_uuid,
    "revision": _is_revision,
    "digest": _is_hex,
    "scope": _is_uuid,
    "sealed": _is_base64,
    "keys": lambda value: bool(value) and _are(value, _is_uuid),
    "resealed": lambda value: bool(value) and _are(value, _is_resealed),
}


def is_entry(entry: bytes) -> bool:
    try:
        content = json.loads(entry.decode())
        if not isinstance(content, dict) or canonical(content) != entry:
            return False
    except (ValueError, RecursionError):
        return False
    groups = [set(CHANGE), set(SEALED), set(KEYS), set(RESEALED)]
    optional = set().union(*groups)
    return (
        set(PLAIN) <= set(content) <= set(PLAIN) | optional
        and all(not group & set(content) or group <= set(content) for group in groups)
        and all(RULES[name](value) for name, value in content.items())
    )


def test_both_know_the_same_fields() -> None:
    assert RULES.keys() == FIELDS.keys()
    assert {frozenset({first, *others}) for first, others in OPTIONAL.items()} == {
        frozenset(group) for group in (CHANGE, SEALED, KEYS, RESEALED)
    }


# Nothing here depends on how busy the machine is.
patiently = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**7),
    st.floats(),
    st.text(),
    st.text('abcdef0123456789.:-+T_ \\"=/Z\n', max_size=40),
    st.lists(st.text(max_size=3), max_size=2),
    st.sampled_from(["system", "ok", "a.B", "_a.b", "ü.b", "a", "_a", "aé", "A=", "QQ==", "QR=="]),
)


@patiently
@given(
    st.dictionaries(st.sampled_from([*FIELDS, "w"]), ODD, max_size=3),
    st.sets(st.sampled_from(list(FIELDS)), max_size=3),
)
def test_both_agree_on_values_and_fields(changed: dict[str, Any], gone: set[str]) -> None:
    content = {name: value for name, value in (WHOLE | changed).items() if name not in gone}
    try:
        entry = canonical(content)
    except UnicodeEncodeError:
        return
    assert isinstance(event_of(entry), Event) == is_entry(entry)


@patiently
@given(
    st.sampled_from([canonical(PLAIN), canonical(WHOLE | {"reason": 'ä"\n\x01'})]),
    st.integers(0, 1200),
    st.integers(0, 3),
    st.one_of(
        st.binary(max_size=3), st.sampled_from([b",", b" ", b"\\u000a", b"\\n", b"\\/", b"0"])
    ),
)
def test_both_agree_on_bytes(entry: bytes, start: int, length: int, piece: bytes) -> None:
    start %= len(entry) + 1
    entry = entry[:start] + piece + entry[start + length :]
    assert isinstance(event_of(entry), Event) == is_entry(entry)


@patiently
@given(st.text())
def test_both_agree_on_text(text: str) -> None:
    entry = canonical(PLAIN | {"reason": text, "session": text[::-1]})
    assert isinstance(event_of(entry), Event)
    assert is_entry(entry)
