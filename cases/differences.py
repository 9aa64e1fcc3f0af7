"""What changed in one field, as people read it: items of a list, words of a text, or the whole."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby, takewhile
from typing import NamedTuple

LONG = 100  # letters from which a text is compared word by word
CONTEXT = 8  # words that are shown beside a changed passage
# Texts as long as a form takes compare in less than 0.1 s. Of longer ones, what lies between the first
# and the last changed word is shown as one passage.
MOST_PAIRS = 100_000_000  # words of the one times words of the other

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Kind(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    LEFT_OUT = "left_out"  # unchanged, and too long to be shown


class Piece(NamedTuple):
    """A passage of a text. What is left out has no text."""

    kind: Kind
    text: str = ""


@dataclass(slots=True)
class Difference:
    """One field before and after, as texts and as the passages that these consist of.

    Of a list, `removed`, `added` and `kept` (a number of items) say what changed.
    """

    label: str
    before: str
    after: str
    old: list[Piece]
    new: list[Piece]
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    kept: int = 0

    @property
    def is_list(self) -> bool:
        return bool(self.removed or self.added)

    @property
    def short(self) -> tuple[list[Piece], list[Piece]]:
        """`old` and `new` with only a few words of each long unchanged passage."""
        return _cut(self.old), _cut(self.new)

    @property
    def is_cut(self) -> bool:
        """Does `short` leave out anything?"""
        return any(piece.kind is Kind.LEFT_OUT for side in self.short for piece in side)


def of_texts(label: str, before: str, after: str) -> Difference:
    """The difference of two texts. Long ones are compared word by word."""
    if before and after and max(len(before), len(after)) > LONG:
        return Difference(label, before, after, *_by_words(before, after))
    return Difference(label, before, after, _whole(before), _whole(after))


def of_lists(label: str, before: Sequence[str], after: Sequence[str]) -> Difference:
    """The difference of two lists of words, in which the order says nothing."""
    removed = [item for item in before if item not in after]
    added = [item for item in after if item not in before]
    texts = (", ".join(before), ", ".join(after))
    if not removed and not added:  # another order, or an item twice
        return Difference(label, *texts, _whole(texts[0]), _whole(texts[1]))
    old, new = _items(before, removed), _items(after, added)
    return Difference(label, *texts, old, new, removed, added, len(before) - len(removed))


def _items(items: Sequence[str], changed: Sequence[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for number, item in enumerate(items):
        separator = [Piece(Kind.SAME, ", ")] if number else []
        pieces += [*separator, Piece(Kind.CHANGED if item in changed else Kind.SAME, item)]
    return pieces


def _whole(text: str) -> list[Piece]:
    return [Piece(Kind.CHANGED, text)] if text else []


# --- Word by word ---------------------------------------------------------------------
def _by_words(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """The passages of both texts, changed and unchanged in turn."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    start = _same_at_start(old, new)
    stop = _same_at_start(old[start:][::-1], new[start:][::-1])
    inner_old, inner_new = old[start : len(old) - stop], new[start : len(new) - stop]
    shown_old = [Piece(Kind.SAME, "".join(old[:start]))]
    shown_new = list(shown_old)
    for is_same, left, right in _blocks(inner_old, inner_new):
        kind = Kind.SAME if is_same else Kind.CHANGED
        shown_old.append(Piece(kind, "".join(left)))
        shown_new.append(Piece(kind, "".join(right)))
    rest = Piece(Kind.SAME, "".join(old[len(old) - stop :]))
    return _joined([*shown_old, rest]), _joined([*shown_new, rest])


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The same without empty pieces, and neighbours of one kind as one."""
    parts = groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.kind)
    return [Piece(kind, "".join(piece.text for piece in same)) for kind, same in parts]


def _same_at_start(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _blocks(old: list[str], new: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """(is it the same?, words before, words after). A lone word between two changes belongs to them."""
    if len(old) * len(new) > MOST_PAIRS:
        yield False, old, new
        return
    changed_old: list[str] = []
    changed_new: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal" and sum(word.isalnum() for word in old[i1:i2]) > 1:
            yield False, changed_old, changed_new
            yield True, old[i1:i2], new[j1:j2]
            changed_old, changed_new = [], []
        else:
            changed_old += old[i1:i2]
            changed_new += new[j1:j2]
    yield False, changed_old, changed_new


def _cut(pieces: list[Piece]) -> list[Piece]:
    """The same with only a few words of each long unchanged passage."""
    shown: list[Piece] = []
    for number, (kind, text) in enumerate(pieces):
        words = re.findall(r"\s*\S+\s*", text) if kind is Kind.SAME else []
        head = CONTEXT if number else 0
        tail = CONTEXT if number + 1 < len(pieces) else 0
        if len(words) <= head + tail + 2:  # to leave out one or two would save nothing
            shown.append(Piece(kind, text))
            continue
        if head:
            shown.append(Piece(kind, "".join(words[:head])))
        shown.append(Piece(Kind.LEFT_OUT))
        if tail:
            shown.append(Piece(kind, "".join(words[-tail:])))
    return shown
