"""Names, numbers and years of birth of all cases, searchable, in the memory of this process alone.

There is no directory: the index lives in RAM and ends with the process. It returns case ids and
scores, never a name. Scores are constants of the kind of match, not of how rare a word is: a rarity
counted over all cases would tell of cases that the searcher may not see.
"""

from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple
from uuid import UUID

import tantivy

from cases.search.query import BEGINNING_FROM, Question, Word, question
from cases.search.skeleton import as_spoken, number_key, readings, words_of
from cases.sections import SearchEntry

WRITER_HEAP = 50_000_000  # bytes of documents held before tantivy starts a segment
MIN_SUFFIX = 4  # letters and digits that find the end of a number

EXACT, SPOKEN, ALIAS, BEGUN, SPOKEN_BEGUN = 10.0, 8.0, 7.0, 6.0, 5.0
ONE_SLIP, TWO_SLIPS = 4.0, 2.0
NUMBER_END = 8.0

Query, Occur = tantivy.Query, tantivy.Occur


class Hit(NamedTuple):
    """One case found; the score runs from above 0 to 1, where 1 is a full match of every word."""

    case_id: UUID
    score: float


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("case", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("word", "spoken", "number", "born", "principal"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


class NameIndex:
    """The index of one process: one writer at a time, any number of readers beside it.

    What is added or removed is found from the next `commit` on. Make it after a fork, never before.
    """

    def __init__(self) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema)
        self._writer = self._index.writer(WRITER_HEAP, 1)
        self._searcher = self._index.searcher()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many cases the last commit left."""
        return self._searcher.num_docs

    def add(self, case_id: UUID, entry: SearchEntry, principals: Iterable[str]) -> None:
        """Index a case, or index it anew; principals are tokens of all who hold a live grant."""
        with self._lock:
            self._remove(case_id)
            self._writer.add_document(_document(case_id, entry, principals))

    def remove(self, case_id: UUID) -> None:
        """Forget a case; no error when it is not there."""
        with self._lock:
            self._remove(case_id)

    def commit(self) -> None:
        """Let searches see all that was added and removed so far."""
        with self._lock:
            self._commit()

    def bulk(self, cases: Iterable[tuple[UUID, SearchEntry, Iterable[str]]]) -> int:
        """Fill a new index with cases, each given once, and commit; returns their number.

        ValueError when the index already holds cases: those are renewed with `add`, whose deletions
        would cost a build much memory.
        """
        added = 0
        with self._lock:
            if self._writer.commit_opstamp or len(self):
                raise ValueError("bulk fills a new index only")
            for case_id, entry, principals in cases:
                self._writer.add_document(_document(case_id, entry, principals))
                added += 1
            self._commit()
        return added

    def search(
        self, query: str, principals: Iterable[str], limit: int = 20, *, without: str = ""
    ) -> list[Hit]:
        """The cases that answer a query and that one of the principals may see, best first.

        All words must match. Only when no case does and three names or more are given, one of them
        may be missing, as a patronymic often is. Cases of the principal `without` are left out.
        """
        asked = question(query)
        allowed = self._allowed(principals, without)
        if asked is None or allowed is None or limit < 1:
            return []
        hits = self._find(asked, allowed, limit, len(asked.words))
        if not hits and len(asked.words) >= 3:
            hits = self._find(asked, allowed, limit, len(asked.words) - 1)
        return hits

    def search_exactly(self, query: str, principal: str, limit: int = 20) -> list[UUID]:
        """Cases of a principal that hold each name, number and day of birth of a query as a whole.

        None for a query that could be about many people.
        """
        asked = question(query)
        if asked is None or not asked.is_of_one_person:
            return []
        tokens = [("principal", [principal]), *(("born", born[:1]) for born in asked.born)]
        tokens += [("word", [*word.readings]) for word in asked.words]
        tokens += [("number", [key[::-1] for key in keys]) for keys in asked.numbers]
        clauses = [(Occur.Must, self._among(field, of, 0.0)) for field, of in tokens]
        return [case for case, _score in self._hits(clauses, limit)]

    def _remove(self, case_id: UUID) -> None:
        self._writer.delete_documents_by_term("case", case_id.hex)

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def _find(self, asked: Question, allowed: tantivy.Query, limit: int, words: int) -> list[Hit]:
        names = [(Occur.Should, self._word(word)) for word in asked.words]
        clauses = [(Occur.Must, allowed)]
        if names:
            clauses.append((Occur.Must, Query.boolean_query(names, words)))
        clauses += [(Occur.Must, self._number(keys)) for keys in asked.numbers]
        clauses += [(Occur.Must, self._among("born", born, 0.0)) for born in asked.born]
        best = EXACT * (len(asked.words) + len(asked.numbers))
        return [Hit(case, score / best) for case, score in self._hits(clauses, limit)]

    def _hits(
        self, clauses: list[tuple[tantivy.Occur, tantivy.Query]], limit: int
    ) -> list[tuple[UUID, float]]:
        searcher = self._searcher  # of one commit, whatever is committed meanwhile
        found = searcher.search(Query.boolean_query(clauses), limit, count=False).hits
        return [(UUID(searcher.doc(address)["case"][0]), score) for score, address in found]

    def _allowed(self, principals: Iterable[str], without: str) -> tantivy.Query | None:
        tokens = sorted(set(principals))
        if not tokens:
            return None
        allowed = self._among("principal", tokens, 0.0)
        if not without:
            return allowed
        kept_out = self._among("principal", [without], 0.0)
        return Query.boolean_query([(Occur.Must, allowed), (Occur.MustNot, kept_out)])

    def _among(self, field: str, tokens: Iterable[str], score: float) -> tantivy.Query:
        terms = [
            (Occur.Should, Query.term_query(self._schema, field, token, "basic"))
            for token in tokens
        ]
        return Query.const_score_query(Query.boolean_query(terms), score)

    def _word(self, word: Word) -> tantivy.Query:
        """A name of a question: the best of all the ways in which it may match."""
        ways = [
            self._among("word", word.readings, EXACT),
            self._among("word", [word.spoken], SPOKEN),
            self._among("spoken", [word.spoken], SPOKEN),
        ]
        if word.aliases:
            ways.append(self._among("word", word.aliases, ALIAS))
        if word.beginning:
            ways.append(self._pattern("word", word.beginning, BEGUN))
        if word.beginning and len(word.spoken) >= BEGINNING_FROM:
            ways += [
                self._pattern(field, f"{word.spoken}.*", SPOKEN_BEGUN)
                for field in ("spoken", "word")
            ]
        for slips, score in ((1, ONE_SLIP), (2, TWO_SLIPS)):
            if word.slips >= slips:
                near = Query.fuzzy_term_query(self._schema, "word", word.readings[0], slips)
                ways.append(Query.const_score_query(near, score))
        return Query.disjunction_max_query(ways)

    def _number(self, keys: list[str]) -> tantivy.Query:
        """A number as a whole or, from four signs on, by its end; stored from its end for that."""
        ways = [self._among("number", [key[::-1] for key in keys], EXACT)]
        for key in keys:
            if len(key) >= MIN_SUFFIX:
                ways.append(self._pattern("number", f"{key[::-1]}.*", NUMBER_END))
        return Query.disjunction_max_query(ways)

    def _pattern(self, field: str, pattern: str, score: float) -> tantivy.Query:
        return Query.const_score_query(Query.regex_query(self._schema, field, pattern), score)


def _document(case_id: UUID, entry: SearchEntry, principals: Iterable[str]) -> tantivy.Document:
    words: set[str] = set()
    for name in entry.names:
        words.update(*map(readings, words_of(name)))
    spoken = {as_spoken(word) for word in words} - words  # the same form is found as a word
    numbers = {number_key(number)[::-1] for number in entry.numbers}
    document = tantivy.Document()
    document.add_text("case", case_id.hex)
    for field, tokens in (
        ("word", words),
        ("spoken", spoken),
        ("number", numbers),
        ("born", _born_tokens(entry.born)),
        ("principal", principals),
    ):
        for token in tokens:
            if token:
                document.add_text(field, token)
    return document


def _born_tokens(born: str) -> list[str]:
    """What a date of birth is found by: its year, and what is known of it, marked when that is less
    than a day, so that a day finds whoever may have been born on it."""
    known = born if len(born) == 10 else f"{born}-"
    return [born[:4], known] if born else []
