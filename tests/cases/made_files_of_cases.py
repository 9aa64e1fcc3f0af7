"""Files of cases with anything in them, for tests of what goes out in a workbook and comes in again."""

from datetime import date, timedelta

from django.utils import timezone
from hypothesis import strategies as some

from cases import reference
from cases.countries import COUNTRIES, LANGUAGES
from cases.entries import ENTRY_KINDS
from cases.imports import cells
from cases.imports.htcds_fields import HTCDS_FIELDS
from cases.sections import CaseSummary, ConsentTerms, Contact, Identity, VictimContext
from cases.workbooks.rows import CaseFile

ONCE = {
    "identity": Identity,
    "contact": Contact,
    "victim": VictimContext,
    "summary": CaseSummary,
    "consent": ConsentTerms,
}
WRITTEN = ("comment", "decision", "event", "perpetrator", "plan")
NASTY = (
    *("=1+1", "+375", "-1", "@SUM(A1)", "'=1", "''=1", "'", "'x", "\t=1", "'\t", "<r>x</r>", "<r>"),
    *("_x000D_", "_x005F_x000D_", "a\r\nb", "a\rb", "\u200b=1", "\ufffe", "a\u2028b", "NA", "TRUE"),
    *("1.0", "#N/A", "prs_FirstName", "First Name", "http://a.b", "&lt;", "😀", "Å", "A\u030a"),
    *("a  b", " a ", "\u00a0", "0", "None", "'" * 200 + "=", "я" * 200, "\u0958" * 150, "\x85"),
)
TEXTS = some.one_of(some.sampled_from(NASTY), some.text(max_size=30))


def codes_of(place) -> list[str]:
    """The codes that a field takes; none for a field that takes something else."""
    if place.read in (cells.country, cells.countries):
        return list(COUNTRIES)
    if place.read is cells.language:
        return list(LANGUAGES)
    held = dict(zip(place.read.__code__.co_freevars, place.read.__closure__ or (), strict=True))
    if "list_name" not in held:
        return []
    return [code for code, _label in reference.entry_choices(held["list_name"].cell_contents)]


def _values(place, field_type) -> some.SearchStrategy:
    codes = codes_of(place)
    known = some.sampled_from(codes) if codes else TEXTS
    today = timezone.localdate()
    if field_type == list[str]:
        return some.lists(some.one_of(known, TEXTS), max_size=4)
    if field_type is str and codes:
        return some.one_of(known, known, TEXTS)
    if field_type is str:
        near = some.sampled_from(
            ["2024", "2024-05", "2024-05-17", "53.9", "-22.570", "+375 (29) 123", "a@example.org"]
        )
        return some.one_of(TEXTS, near)
    kinds = {int: some.integers(-1, 130), bool: some.booleans()}
    kinds[date] = some.dates(date(1890, 1, 1), today + timedelta(days=3000))
    found = [strategy for kind, strategy in kinds.items() if kind in field_type.__args__]
    return some.one_of(some.none(), *found)


def _section(schema, name: str) -> some.SearchStrategy:
    types = schema.__annotations__
    fields = {
        place.field: _values(place, types[place.field])
        for place in HTCDS_FIELDS.values()
        if place.section == name
    }
    if name == "victim":
        fields["country_of_exploitation"] = some.sampled_from(["", "", "BY", "NA", "XX"])
    return some.fixed_dictionaries({}, optional=fields).map(lambda values: schema(**values))


def _others() -> some.SearchStrategy:
    fields = {
        name: some.one_of(TEXTS, some.sampled_from(codes_of(place) or ["x"]))
        for name, place in HTCDS_FIELDS.items()
        if place.section == "other" or name in ("hte_City", "cco_CaseComment", "prs_Title")
    }
    return some.fixed_dictionaries({}, optional=fields | {"no_Field": TEXTS})


@some.composite
def files(draw) -> CaseFile:
    """The file of a case: sections of any content, and up to three entries of each kind."""
    once = {name: draw(_section(schema, name)) for name, schema in ONCE.items()}
    once["summary"].other_htcds = draw(_others())
    entries = [
        (kind, content)
        for kind in WRITTEN
        for content in draw(some.lists(_section(ENTRY_KINDS[kind].schema, kind), max_size=3))
    ]
    known = {"cas_Status": "Active", "cas_CaseOwner": draw(TEXTS)}
    return CaseFile("BY-2026-000001", once, entries, draw(some.sampled_from([{}, known])))
