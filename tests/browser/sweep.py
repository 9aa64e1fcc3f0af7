"""Search files for words that must not stand in them, however they are written down."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np

SHORTEST = 6  # bytes a form of a word must have: shorter ones turn up in ciphertext by chance
SHORTEST_IN_TEXT = 8  # the same for a form whose letters are few, such as base64
HEAD = 4  # bytes by which a place is found before the whole form is compared

Forms = dict[bytes, str]


def forms_of(word: str) -> set[bytes]:
    """Every way in which a program may have written this word down."""
    forms: set[bytes] = set()
    for spelling in {word, word.lower(), word.upper()}:
        plain = [spelling.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
        forms.update(plain)
        texts = {json.dumps(spelling)[1:-1], quote(spelling), quote(spelling).lower()}
        forms.update(text.encode() for text in texts)
        for raw in plain:
            forms.update({raw.hex().encode(), raw.hex().upper().encode(), *_in_base64(raw)})
    return {form for form in forms if len(form) >= SHORTEST}


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The letters that stand for `raw` alone, at each of the three places it can begin."""
    for before in range(3):
        first = -(-before * 8 // 6)  # the letters before hold bits of another byte
        last = (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            letters = encode(bytes(before) + raw)[first:last]
            if len(letters) >= SHORTEST_IN_TEXT:
                yield letters


def find_words(words: Iterable[str], files: Iterable[Path]) -> list[str]:
    """One line for each word and file that holds it, in whatever form."""
    forms: Forms = {form: word for word in words for form in forms_of(word)}
    by_head: dict[int, list[bytes]] = defaultdict(list)
    for form in forms:
        by_head[int.from_bytes(form[:HEAD], "little")].append(form)
    heads = np.array(sorted(by_head), dtype=np.uint32)
    found = set()
    for path in files:
        content = path.read_bytes()
        for place in _places(content, heads):
            head = int.from_bytes(content[place : place + HEAD], "little")
            for form in by_head[head]:
                if content.startswith(form, place):
                    found.add(f"{path.name} holds {forms[form]!r} as {form!r}")
    return sorted(found)


def _places(content: bytes, heads: np.ndarray) -> Iterator[int]:
    """Every position at which one of the heads stands."""
    for shift in range(HEAD):
        count = max(0, len(content) - shift) // HEAD
        numbers = np.frombuffer(content, dtype="<u4", count=count, offset=min(shift, len(content)))
        at = np.minimum(np.searchsorted(heads, numbers), len(heads) - 1)
        for index in np.flatnonzero(heads[at] == numbers):
            yield int(index) * HEAD + shift
