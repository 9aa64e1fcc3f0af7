"""The order of words as their readers know it: Å beside A, Ё behind Е, І and Ў at their places."""

import unicodedata

# The alphabets of Belarusian, Russian and Ukrainian in one order; Latin letters stand before them.
CYRILLIC = "абвгґдеёєжзиіїйклмнопрстуўфхцчшщъыьэюя"
_PLACES = {ord(letter): chr(0xE000 + place) for place, letter in enumerate(CYRILLIC)}


def by_words(text: object) -> tuple[str, str]:
    """What to sort labels by, as in `sorted(people, key=by_words)`. Of equal ones a case decides."""
    told = str(text)
    placed = told.casefold().translate(_PLACES)
    letters = (sign for sign in unicodedata.normalize("NFKD", placed) if not _is_mark(sign))
    return "".join(letters), told


def _is_mark(sign: str) -> bool:
    return unicodedata.combining(sign) > 0
