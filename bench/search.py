"""Measures the name index: python bench/search.py 200000

Prints build time, memory and the latency of searches over so many invented people, and how often
the person looked for is among the first 20 hits.
"""

import argparse
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cases.search.index import NameIndex
from cases.sections import SearchEntry
from config.demo import names
from core.ids import uuid7

QUERIES = 300  # of each kind
STEMS = 6_000  # of surnames
MANY = "given name alone"  # too many answers for the person to be among the first
GROUPS = 50  # permission groups; each case belongs to one, and to everybody
CONSONANTS, VOWELS = "бвгджзклмнпрстхчшщ", "аеиоуюя"
LETTERS = "абвгдежзиклмнопрстуфхцчшы"
LATIN_LETTERS = "abcdefghiklmnoprstuvyz"

Person = tuple[UUID, str, str, str]  # id, surname, given name and patronymic in Cyrillic


def people(rng: random.Random, count: int) -> Iterator[Person]:
    """People with some tens of thousands of surnames: few common, many rare."""
    cultures = [culture for culture in names.CULTURES if culture.fathers]
    syllables = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]
    stems = [
        "".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3)))) + rng.choice(CONSONANTS)
        for _ in range(STEMS)
    ]
    for _ in range(count):
        culture, woman = rng.choice(cultures), rng.random() < 0.6
        name = names.name_of(rng, culture, woman=woman)
        surname = name.surname
        if rng.random() < 0.8:
            stem = stems[int(len(stems) * rng.random() ** 2)]
            surname = stem.capitalize() + rng.choice(culture.endings)[woman]
        yield uuid7(), surname, name.given, name.patronymic


def entries(
    rng: random.Random, found: list[Person]
) -> Iterator[tuple[UUID, SearchEntry, list[str]]]:
    """Index entries, half of them spelt in Latin letters in one of three ways."""
    for number, (case_id, *name) in enumerate(found):
        full = " ".join(name)
        if number % 2:
            full = names.in_latin(full, rng.choice(tuple(names.SPELLINGS)))
        phone = f"+375 00 {number % 10_000_000:07}"
        born = f"{rng.randint(1955, 2012)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        groups = ["g:all", f"g:{number % GROUPS}"]
        yield case_id, SearchEntry(names=[full], numbers=[phone], born=born), groups


def slip(rng: random.Random, word: str) -> str:
    """One slip of the finger: a letter left out, doubled by another, replaced or swapped."""
    at = rng.randrange(len(word) - 1)
    letters = LATIN_LETTERS if word.isascii() else LETTERS
    letter = rng.choice(letters)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def kinds(rng: random.Random) -> dict[str, Callable[[int, Person], str]]:
    """Kind of search -> query for a person; people of odd numbers are stored in Latin."""

    def stored(number: int, text: str) -> str:
        return names.in_latin(text) if number % 2 else text

    def other(number: int, text: str) -> str:
        return stored(number + 1, text)

    return {
        "full name": lambda n, p: stored(n, " ".join(p[1:])),
        "one typo, in the surname": lambda n, p: (
            f"{slip(rng, stored(n, p[1]))} {stored(n, p[2])} {stored(n, p[3])}"
        ),
        "two typos, in two names": lambda n, p: (
            f"{slip(rng, stored(n, p[1]))} {slip(rng, stored(n, p[2]))} {stored(n, p[3])}"
        ),
        "two typos, surname of 8 or more": lambda n, p: (
            f"{slip(rng, slip(rng, stored(n, p[1])))} {stored(n, p[2])} {stored(n, p[3])}"
        ),
        "other script": lambda n, p: other(n, " ".join(p[1:])),
        "other script, one typo": lambda n, p: (
            f"{other(n, p[2])} {slip(rng, other(n, p[1]))} {other(n, p[3])}"
        ),
        "beginning (4 letters and given name)": lambda n, p: stored(n, f"{p[2]} {p[1][:4]}"),
        "surname alone": lambda n, p: stored(n, p[1]),
        MANY: lambda n, p: stored(n, p[2]),
        "last 7 of a phone": lambda n, p: f"{n % 10_000_000:07}",
    }


def memory() -> int:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def measure(index: NameIndex, found: list[Person], rng: random.Random, group: bool) -> None:
    title = "one group of 50" if group else "everything"
    print(f"\n| query, of a searcher who may see {title} | hit@20 | p50 ms | p95 ms |")
    print("| --- | --- | --- | --- |")
    for kind, query_of in kinds(rng).items():
        hits, times = 0, []
        wanted = rng.sample(range(len(found)), QUERIES)
        if "8 or more" in kind:
            wanted = [number for number in wanted if len(found[number][1]) >= 8]
        for number in wanted:
            principals = [f"g:{number % GROUPS}" if group else "g:all", "u:nobody"]
            query = query_of(number, found[number])
            start = time.perf_counter()
            answer = index.search(query, principals)
            times.append((time.perf_counter() - start) * 1000)
            hits += any(hit.case_id == found[number][0] for hit in answer)
        times.sort()
        p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
        share = "–" if kind == MANY else f"{hits / len(wanted):.1%}"
        print(f"| {kind} | {share} | {p50:.1f} | {p95:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=200_000)
    count = parser.parse_args().count
    rng = random.Random(20)
    found = list(people(rng, count))
    before = memory()
    start = time.perf_counter()
    index = NameIndex()
    index.bulk(entries(rng, found))
    took = time.perf_counter() - start
    settled = memory() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    print(f"{len(index):,} people, {len({person[1] for person in found}):,} surnames")
    print(f"build {took:.1f} s, memory {settled} MB (peak {peak} MB)")
    measure(index, found, rng, group=False)
    measure(index, found, rng, group=True)


if __name__ == "__main__":
    main()
