"""What is an entry, told twice: by one regular expression, and here in plain Python."""

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verify.logs import Log, canonical
from verify import tutela_verify
from verify.tutela_verify import (
    ENTRY,
    FIELDS,
    MANY,
    OPTIONAL,
    Event,
    columns_of,
    event_of,
)

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


# --- many at once -------------------------------------------------------------------------


@pytest.fixture
def read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The entries that are read by `event_of` from here on."""
    read = []

    def spy(entry: bytes) -> Event | str:
        read.append(entry)
        return event_of(entry)

    monkeypatch.setattr(tutela_verify, "event_of", spy)
    return read


def test_usual_entries_are_read_at_once(read_one_by_one: list[bytes]) -> None:
    """Otherwise everything would still be right, and three times as slow."""
    log = Log().fill(600)
    log.add(**KEYS, **SEALED, reason="naïve… 女", cases=[log.uuid(), log.uuid()])
    log.seal_anew(*next(iter(log.versions)), 1)
    for start in range(0, len(log.entries), 256):
        assert columns_of(log.entries[start : start + 256])
    assert len(read_one_by_one) < 60


def agree(entries: list[bytes]) -> None:
    """What is read at once is what is read one by one."""
    columns, events = columns_of(entries), [event_of(entry) for entry in entries]
    assert (columns is not None) == all(isinstance(event, Event) for event in events), entries
    if columns is None:
        return
    for name in ("reading", *Event._fields):
        if name != "sealed":
            assert columns[name] == [getattr(event, name) or "" for event in events]


BESIDE = [canonical(PLAIN), canonical(WHOLE)]
# Of each kind some that have one layout: their texts are of one length.
KINDS = [
    [
        canonical(log.event(**{name: more(log) for name, more in fields.items()}))
        for log in map(Log, range(5))
    ]
    for fields in (
        {},
        {"actor": lambda _log: "system", "session": lambda _log: "", "request": lambda _log: ""},
        {"cases": lambda log: [log.uuid()], "classes": lambda _log: ["face", "bed"]},
        {
            "cases": lambda log: [log.uuid(), log.uuid()],
            "object_type": lambda _log: "cases.Case",
            "object": Log.uuid,
            "revision": lambda log: log.random.randrange(10, 99),
            "digest": Log.digest,
            "keys": lambda log: [log.uuid()],
            "reason": lambda _log: "dead beef 12",
        },
        {
            "scope": Log.uuid,
            "sealed": lambda log: base64.b64encode(log.random.randbytes(31)).decode(),
            "session": lambda _log: 'a\x0f"b',
        },
        {"reason": lambda _log: "naïve… 女", "request": lambda _log: "0é1"},
    )
]


def test_no_entries_have_no_columns() -> None:
    assert columns_of([]) is None


def test_lines_within_an_entry_are_no_entries() -> None:
    """Three lines, of which two are events: but not the two entries that they are in."""
    assert columns_of([b"\n".join(BESIDE), b"x"]) is None
    assert columns_of([b"x\n" + BESIDE[0]]) is None
    assert columns_of([BESIDE[0] + b"\n"]) is None


@pytest.mark.parametrize("entries", KINDS)
def test_alike_entries_are_read_at_once(entries: list[bytes], read_one_by_one: list[bytes]) -> None:
    agree(entries)
    read_one_by_one.clear()
    agree(entries[::-1])
    is_odd = not entries[0].isascii()
    assert len(read_one_by_one) == (len(entries) if is_odd else 0)


@pytest.mark.parametrize("most", [1, 2])
def test_few_layouts_are_kept(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tutela_verify, "LAYOUTS", {})
    monkeypatch.setattr(tutela_verify, "MOST_LAYOUTS", most)
    for entries in (*KINDS, *KINDS):
        agree(entries)
        assert len(tutela_verify.LAYOUTS) <= most


@patiently
@given(
    st.dictionaries(st.sampled_from([*FIELDS, "w"]), ODD, max_size=3),
    st.sets(st.sampled_from(list(FIELDS)), max_size=3),
)
def test_nothing_is_taken_at_once_that_is_no_entry(changed: dict[str, Any], gone: set[str]) -> None:
    content = {name: value for name, value in (WHOLE | changed).items() if name not in gone}
    try:
        entry = canonical(content)
    except UnicodeEncodeError:
        return
    agree([*BESIDE, entry])
    agree([entry] * MANY)


def mixed_in(entries: list[bytes], change: Callable[[bytes], bytes]) -> None:
    """Changed entries among others of the layout, in front of them, and all alone."""
    first, *others = entries
    changed = change(first)
    for some in ([*others, changed], [changed, *others], [changed] * MANY):
        tutela_verify.LAYOUTS.clear()
        agree(some)
        agree(entries)  # whatever was learned from the others
    agree([changed] * MANY)  # with a layout that was learned from the right ones
    agree([change(entry) for entry in entries])


KIND, PLACE = st.sampled_from(KINDS), st.integers(0, 1200)
PIECE = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b",", b" ", b'"', b"]", b"}", b"\n", b"\\", b"\x1f", b"0", b"f", b"A", b"-"]),
    st.sampled_from([b'\\"', b"\\n", b"\\u0001", "é".encode(), "女".encode(), b"\xff", b"\xc3"]),
)


@patiently
@given(KIND, PLACE, st.integers(0, 3), PIECE)
def test_bytes_put_in_or_left_out_are_seen(
    entries: list[bytes], start: int, length: int, piece: bytes
) -> None:
    start %= len(entries[0])
    mixed_in(entries, lambda entry: entry[:start] + piece + entry[start + length :])


@patiently
@given(KIND, PLACE, PIECE)
def test_bytes_of_the_same_length_are_seen(entries: list[bytes], start: int, piece: bytes) -> None:
    start %= len(entries[0])
    mixed_in(entries, lambda entry: entry[:start] + piece + entry[start + len(piece) :])


@patiently
@given(KIND, st.lists(st.tuples(PLACE, st.sampled_from(b"0123456789abcdef")), max_size=4))
def test_digits_in_the_place_of_digits_are_seen(
    entries: list[bytes], digits: list[tuple[int, int]]
) -> None:
    """The shape stays the same whatever is put in, so the layout has to tell."""

    def change(entry: bytes) -> bytes:
        content = bytearray(entry)
        places = [place for place, byte in enumerate(entry) if byte in b"0123456789abcdef"]
        for place, digit in digits:
            content[places[place % len(places)]] = digit
        return bytes(content)

    mixed_in(entries, change)


@patiently
@given(KIND, PLACE, PLACE, st.integers(1, 36))
def test_pieces_that_change_places_are_seen(
    entries: list[bytes], one: int, other: int, length: int
) -> None:
    """Digits of an identifier in that of another, in a time, in a word; quotes and commas, too."""

    def change(entry: bytes) -> bytes:
        start, end = sorted((one % len(entry), other % len(entry)))
        width = min(length, end - start, len(entry) - end)
        first, second = entry[start : start + width], entry[end : end + width]
        return entry[:start] + second + entry[start + width : end] + first + entry[end + width :]

    mixed_in(entries, change)


@pytest.mark.parametrize("entries", KINDS)
def test_each_byte_of_an_entry_counts(entries: list[bytes]) -> None:
    """Every byte exchanged for some others."""
    first, *others = entries
    for place in range(len(first)):
        for byte in b'0178aefgA",]}\\\n\x00\xff':
            agree([*others, first[:place] + bytes([byte]) + first[place + 1 :]])


@pytest.mark.parametrize(
    "sealed",
    [
        *("", "A", "AAA", "AAAA", "AAAAA", "AA==", "AB==", "AAA=", "AAB=", "AAAAA=", "AAAA=="),
        *("AA=A", "A A=", "AAA\\", "AAAé", 'AAAA","sealed":"AAAA', 'A","session":"', "!", "AAA\n"),
    ],
)
def test_what_is_sealed_is_looked_at(sealed: str) -> None:
    [entries] = [kind for kind in KINDS if b'"sealed":"' in kind[0]]
    value = re.compile(rb'(?<="sealed":")[^"]*')
    mixed_in(entries, lambda entry: value.sub(lambda _old: sealed.encode(), entry))
