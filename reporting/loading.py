"""Rows of facts out of a file, to try statistics with at any size; in tests and demonstrations only.

While there are such rows, they are what statistics are made of, in place of the cases. They are sealed
under the key of the installation in chunks, for the file may be of real persons.
"""

import csv
import gc
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import shake_128
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from audit.verbs import Verb
from cases.reference import FORCED_LABOUR_INDUSTRY, UNANSWERED
from cases.sections import CaseFacts
from core.exceptions import BadInput, NotAllowed
from core.ids import uuid7
from core.known_days import EARLIEST
from core.rights import Right
from reporting.dimensions import DIMENSIONS, OTHER_TYPES, Key
from reporting.frame import Row
from reporting.models import LoadedRows
from vault.secrets import seal_system, unseal_system

CHUNK = 10_000  # rows sealed together
PURPOSE = "loaded-rows"
SEPARATOR = "|"  # between several answers of one person
# Column → field of CaseFacts, where a column is one.
FIELD_OF: dict[Key, str] = {
    "year": "year",
    "gender": "gender",
    "age": "age_band",
    "citizenship": "citizenship",
    "country": "country_of_exploitation",
    "exploitation": "types_of_exploitation",
    "control": "methods_of_control",
    "recruiter": "recruiter_relation",
    "duration": "duration",
    "outcome": "outcome",
    "source": "referral_source",
}
SUB_TYPES, KINDS = "subtype", "assistance"
COLUMNS = [key for key in DIMENSIONS if key != "assisted"]  # which follows from the kinds
Loaded = tuple[CaseFacts, tuple[str, ...]]  # facts, and kinds of assistance
Fields = dict[str, Any]


def is_possible() -> bool:
    """Is this an installation for tests or a demonstration?"""
    return bool(settings.DEMO or settings.DEBUG)


def is_loaded() -> bool:
    """Are statistics made of loaded rows?"""
    return is_possible() and LoadedRows.objects.exists()


def load(lines: Iterable[str], *, by: User) -> int:
    """Replace what was loaded by the rows of a CSV file; how many. After none, cases count again.

    The first line names dimensions; a cell holds codes of their finest level, several of them with
    SEPARATOR between, or nothing for "not recorded". Raises NotAllowed, and BadInput with line and
    column for what is not declared: nothing is changed then.
    """
    if not is_possible():
        raise NotAllowed(_("Rows are loaded in test and demonstration installations only."))
    if not by.has_right(Right.STATISTICS_FREEZE):
        raise NotAllowed(_("Your role does not include taking statistics snapshots."))
    loading, number = uuid7(), 0
    rows = _read(lines)
    with transaction.atomic():
        LoadedRows.objects.all().delete()
        for place, chunk in enumerate(iter(lambda: list(islice(rows, CHUNK)), [])):
            row = LoadedRows(load=loading, place=place)
            content = zlib.compress(msgspec.msgpack.encode(chunk), 1)
            row.content_sealed = seal_system(PURPOSE, row.owner, content)
            row.save(force_insert=True)
            number += len(chunk)
        trail.record(Verb.STATISTICS_LOADED, by=by, reason="loaded" if number else "cleared")
    return number


def rows() -> Iterator[Row]:
    """The loaded rows, each with an identifier that is always its own. Raises CannotOpen."""
    for row in LoadedRows.objects.order_by("place").iterator(chunk_size=1):
        content = zlib.decompress(
            unseal_system(PURPOSE, row.owner, bytes(row.content_sealed or b""))
        )
        loaded = _decoded(content)
        # As random as those of cases, and stored nowhere.
        persons = shake_128(row.owner.encode()).digest(16 * len(loaded))
        for number, (facts, kinds) in enumerate(loaded):
            yield Row(UUID(bytes=persons[16 * number : 16 * number + 16]), facts, kinds)


def _decoded(content: bytes) -> list[Loaded]:
    gc.disable()  # nothing in there can refer to itself, and looking for it takes far longer
    try:
        return msgspec.msgpack.decode(content, type=list[Loaded])
    finally:
        gc.enable()


# --- Reading the file -----------------------------------------------------------------
def _read(lines: Iterable[str]) -> Iterator[Loaded]:
    reader = csv.reader(lines)
    columns = [_column(name.strip()) for name in next(reader, [])]
    if len({column.key for column in columns}) < len(columns):
        raise BadInput(_("A column stands there twice."))
    for cells in reader:
        if not cells:  # an empty line
            continue
        if len(cells) != len(columns):
            raise BadInput(
                _("Line %(line)s has another number of cells than the first line.")
                % {"line": reader.line_num}
            )
        fields: Fields = {}
        for column, cell in zip(columns, cells, strict=True):
            if cell:
                try:
                    fields |= column[cell]
                except BadInput as error:
                    raise BadInput(
                        _("Line %(line)s, column %(column)s: %(problem)s")
                        % {"line": reader.line_num, "column": column.key, "problem": error}
                    ) from None
        kinds = fields.pop(KINDS, ())
        yield CaseFacts(**fields), kinds


def _column(name: str) -> "_Column":
    if name == "year":
        return _Column(name, _year)
    if name not in COLUMNS:
        raise BadInput(
            _("Line 1: “%(name)s” is not a dimension; these are: %(names)s.")
            % {"name": name, "names": ", ".join(COLUMNS)}
        )
    return _Column(name, _codes)


class _Column(dict[str, Fields]):
    """Cell → what it means; there are far fewer different cells than rows, and each is read once."""

    def __init__(self, key: Key, read: Callable[[Key, str], Fields]) -> None:
        super().__init__()
        self.key, self.read = key, read

    def __missing__(self, cell: str) -> Fields:
        self[cell] = self.read(self.key, cell)
        return self[cell]


def _year(key: Key, cell: str) -> Fields:
    if not (cell.isdecimal() and EARLIEST.year <= int(cell) <= timezone.localdate().year):
        raise BadInput(_("this is not a year of four digits that was."))
    return {"year": int(cell)}


def _codes(key: Key, cell: str) -> Fields:
    dimension, codes = DIMENSIONS[key], cell.split(SEPARATOR)
    reasons = [code for code in codes if dimension.asked and code in UNANSWERED]
    for code in codes:
        if code not in (*dimension.labels, *reasons) or code == OTHER_TYPES:
            raise BadInput(_("“%(code)s” is no code of this dimension.") % {"code": code})
    if len(codes) > 1 and (reasons or not dimension.several):
        raise BadInput(_("this can only stand alone."))
    if key == KINDS:
        return {KINDS: tuple(codes)}
    if key == SUB_TYPES:
        industries = [code for code in codes if code in FORCED_LABOUR_INDUSTRY or code in reasons]
        sexual = [code for code in codes if code not in industries]
        return {"forced_labour_industry": industries, "types_of_sex_exploitation": sexual}
    return {FIELD_OF[key]: codes if dimension.several else codes[0]}
