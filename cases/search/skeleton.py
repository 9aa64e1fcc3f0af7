"""Spellings of one name, in any script, reduced to one form: its skeleton.

A skeleton is written in small letters for sounds that one Latin letter names, and in capitals for
the hissing sounds that take one letter in Cyrillic and two to four in Latin: S for sh and shch, Z
for zh, C for ch. So one slip of the finger stays one edit in the skeleton of either script. "c" is
the sound of ts, and "h" stands for g, h and kh alike.
"""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

MAX_WORD = 40  # letters of a skeleton word; longer ones are cut

# Signs that spellings put in or leave out: apostrophes, soft signs of transliteration, invisible
# signs, and the spacing accent, which NFKC would tear into a blank and a mark.
_DROPPED = dict.fromkeys(
    map(ord, "'`´ʹʺʻʼʽʾʿˈˊˋ‘’‛′″‵＇\N{SOFT HYPHEN}\u200b\u200c\u200d\u2060\ufeff")
)
_ACCENTS = dict.fromkeys(c for c in range(0x10000) if unicodedata.category(chr(c)) == "Mn")

_CYRILLIC = {
    **dict(zip("абвгґғдеёєэжз", "abvhhhdeeeeZz", strict=True)),
    **dict(zip("иіїйјыкқлмно", "iiiiiikklmno", strict=True)),
    **dict(zip("прстуўүӯфхҳһцчшщ", "prstuvuufhhhcCSS", strict=True)),
    "ю": "iu",
    "я": "ia",
    "ъ": "",
    "ь": "",
}

# Latin letters whose mark carries the sound; every other mark is simply taken off.
_MARKED = dict(zip("čšžşșżğţțćłı", "CSZSSZhcccli", strict=True))

# Latin letter groups of one sound, the longest first: one pass from left to right.
_GROUPS = {
    **dict.fromkeys(("schtsch", "shtsch", "shch", "szcz", "sch", "sh", "sz", "šč", "šc"), "S"),
    **dict.fromkeys(("tsch", "tch", "ch", "cz"), "C"),
    **dict.fromkeys(("kh", "gh", "g"), "h"),
    **dict.fromkeys(("ts", "tz"), "c"),
    **dict.fromkeys("jy", "i"),
    "zh": "Z",
    "ph": "f",
    "th": "t",
    "qu": "kv",
    "q": "k",
    "x": "ks",
    "w": "v",
}
_LATIN = re.compile(
    "|".join(
        (
            *sorted(_GROUPS, key=len, reverse=True),
            r"i[cć]$",  # Petrovic, Petrović and Петрович
            r"(?<=[oe])ff$",  # Smirnoff
            r"ck(?!i)",
            r"c(?=[rlt])",  # Cristina, Claudia, Victor
            f"[{''.join(_MARKED)}]",
        )
    )
)
_IN_CONTEXT = {"ic": "iC", "ić": "iC", "ff": "v", "ck": "k", "c": "k"}

# Where a language writes these marks, and in words like Christina, "ch" is х.
_CH_IS_KH = re.compile("[čšžŭśćźńł]|^ch[rl]")

# What both scripts spell in several ways, on the sounds found so far, in this order.
_COMMON = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"i+", "i"),
        (r"i[oe]", "e"),  # yo and io are ё, ye and ie are е
        (r"(.)\1+", r"\1"),
        (r"([aeo])u", r"\1v"),  # ў at the end is u in passports of Belarus, v elsewhere
        (r"[sS]C", "S"),
        (r"tC", "C"),
        (r"t[sc]", "c"),
        (r"(.)\1+", r"\1"),
    )
)

# Readings of a Latin spelling beside the first one: c of Carmen, x and j of Uzbek.
_OTHER_READINGS = ((r"c(?=[aou])", "k"), (r"x", "kh"), (r"j(?=[aeiou])", "zh"))

# What is spelt as spoken in Belarusian but not in Russian: unstressed o and e, soft d and t.
_AS_SPOKEN = (("ia", "e"), ("o", "a"), ("dz", "d"), ("c", "t"))

_WORD = re.compile(r"[^\W_]+")
_LIKE_LATIN = str.maketrans("авекмнорстухіј", "abekmhopctyxij")  # by shape, as in passport series
_PHONES = (  # the ways to dial one number, made one
    (re.compile(r"^(?:00|810)([1-9]\d{9,})$"), r"\1"),
    (re.compile(r"^80(\d{9})$"), r"375\1"),
    (re.compile(r"^0((?:1[567]|2[1-359]|33|44)\d{7})$"), r"375\1"),
    (re.compile(r"^8([3-9]\d{9})$"), r"7\1"),
)


def words_of(text: str) -> list[str]:
    """The words of a text as typed, in small letters, without apostrophes and accents of stress.

    Latin letters keep a caron, a cedilla and the like; nothing but letters and digits is left.
    """
    folded = unicodedata.normalize("NFKC", text.translate(_DROPPED)).casefold()
    folded = unicodedata.normalize("NFC", folded).translate(_DROPPED)  # й and č stay whole
    return _WORD.findall(folded.translate(_ACCENTS))


def skeleton(text: str) -> list[str]:
    """The skeletons of the words of a text, in their order; words without a sound are left out."""
    return [found for found in map(skeleton_of_word, words_of(text)) if found]


def skeleton_of_word(word: str) -> str:
    """The skeleton of one word of `words_of`; empty when nothing in it sounds."""
    sounds = _sounds(word)
    for pattern, replacement in _COMMON:
        sounds = pattern.sub(replacement, sounds)
    return "".join(c for c in sounds if c.isascii() and c.isalnum())[:MAX_WORD]


@lru_cache(maxsize=65_536)
def readings(word: str) -> tuple[str, ...]:
    """The skeleton of one word of `words_of`, then those of its other readings, each once."""
    respelt = (re.sub(pattern, letters, word) for pattern, letters in _OTHER_READINGS)
    return tuple(filter(None, dict.fromkeys(map(skeleton_of_word, (word, *respelt)))))


def as_spoken(bones: str) -> str:
    """A coarser form of a skeleton, one for the Belarusian and the Russian spelling of a name."""
    for spelling, sound in _AS_SPOKEN:
        bones = bones.replace(spelling, sound)
    return bones


def number_key(text: str) -> str:
    """An identity number or a phone as its letters and digits alone, small, without blanks.

    Cyrillic letters of a passport's series count as the Latin ones they look like. A phone gets its
    country code: 8 029 and 029 become 375 29, 8 9xx becomes 7 9xx; 00 and 8 10 are taken off.
    """
    folded = "".join(words_of(text)).translate(_LIKE_LATIN)
    key = folded if folded.isascii() else "".join(map(_ascii, folded))
    for pattern, replacement in _PHONES:
        key, changed = pattern.subn(replacement, key)
        if changed:
            break
    return key


def _sounds(word: str) -> str:
    """Cyrillic by its table, Latin by its groups, every other script by anyascii."""
    if _CH_IS_KH.search(word):
        word = word.replace("ch", "kh")
    word = word.replace("ьо", "ё")
    latin = "".join(c if c in _CYRILLIC or c in _MARKED else _ascii(c) for c in word)
    sounds = _LATIN.sub(_group, latin)
    return "".join(_CYRILLIC.get(c, c) for c in sounds)


def _group(found: re.Match[str]) -> str:
    letters = found[0]
    return _GROUPS.get(letters) or _MARKED.get(letters) or _IN_CONTEXT[letters]


def _ascii(char: str) -> str:
    return char if char.isascii() else "".join(filter(str.isalnum, anyascii(char).lower()))
