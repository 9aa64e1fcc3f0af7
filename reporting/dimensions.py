"""What statistics can be broken down by. Declared here and nowhere else; users choose, never define.

A dimension has categories, each with a permanent code. Some have coarser levels as well, each a
grouping of the level before it and never a second grouping beside it: two overlapping groupings
could be subtracted from one another.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from assistance.reference import KINDS
from cases.countries import COUNTRIES
from cases.reference import (
    AGE_BANDS,
    DURATIONS,
    GENDER,
    METHODS_OF_CONTROL,
    RECRUITER_RELATIONS,
    TYPES_OF_EXPLOITATION,
)
from cases.sections import CaseFacts

NOT_RECORDED = "not-recorded"  # empty is never "no"
ANY_OTHER = "any-other"  # a value outside the list, and at coarser levels the smaller categories
CHILD, ADULT = "child", "adult"
FIRST_YEAR, LAST_YEAR = 2000, 2099
EARLIER = "earlier"
LEVELS = 3  # 0 is the finest

Key = str  # of a dimension
Answer = str | Sequence[str]


@dataclass(frozen=True)
class Dimension:
    """One way to break persons down.

    `answer` reads the code or codes of one person; empty means "not recorded".
    `groups`, where given, is level 1: it maps codes to the codes of broader groups.
    `largest`, where given, says how many of the largest categories levels 1 and 2 keep apart.
    `several` says that a person may have more than one answer.
    `sensitive` marks answers that must not be readable from someone's being in a small group.
    """

    key: Key
    label: Any
    labels: Mapping[str, Any]
    answer: Callable[[CaseFacts, Collection[str]], Answer]
    groups: Mapping[str, str] | None = None
    largest: tuple[int, ...] = ()
    several: bool = False
    sensitive: bool = False

    @property
    def top_level(self) -> int:
        """The number of the coarsest level; 0 when there is only one."""
        return 1 if self.groups else len(self.largest)

    def codes(self, year: int) -> list[str]:
        """Codes of level 0 as they stand in `year`, in the order they are shown."""
        known = [code for code in self.labels if not (code.isdigit() and int(code) > year)]
        return [*known, ANY_OTHER, NOT_RECORDED]

    def label_of(self, code: str) -> Any:
        """The words for a code of any level; the code itself when a later version dropped it."""
        return self.labels.get(code) or COMMON_LABELS.get(code, code)


COMMON_LABELS = {
    ANY_OTHER: _("All others"),
    NOT_RECORDED: _("Not recorded"),
    CHILD: _("Under 18"),
    ADULT: _("18 and over"),
}
YEARS = {EARLIER: _("Before 2000")} | {
    str(year): str(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)
}
COUNTRY_NAMES = {code: name for code, (_alpha3, name) in COUNTRIES.items()}


def _year(facts: CaseFacts, _kinds: Collection[str]) -> str:
    if facts.year is None:
        return ""
    return EARLIER if facts.year < FIRST_YEAR else str(facts.year)


def _is_under_18(band: str) -> bool:
    return int(band.split("-")[0].rstrip("+")) < 18


AGE_GROUPS = {band: CHILD if _is_under_18(band) else ADULT for band in AGE_BANDS}

_DECLARED = (
    Dimension("year", _("Year of registration"), YEARS, _year),
    Dimension(
        "gender",
        _("Sex"),
        {code: label for code, label in GENDER.items() if code != "NonSpecifiedUnknown"},
        lambda facts, kinds: "" if facts.gender == "NonSpecifiedUnknown" else facts.gender,
    ),
    Dimension(
        "age",
        _("Age at registration"),
        AGE_BANDS,
        lambda facts, kinds: facts.age_band,
        groups=AGE_GROUPS,
    ),
    Dimension(
        "citizenship",
        _("Citizenship"),
        COUNTRY_NAMES,
        lambda facts, kinds: facts.citizenship,
        largest=(16, 8),
        several=True,
    ),
    Dimension(
        "country",
        _("Country of exploitation"),
        COUNTRY_NAMES,
        lambda facts, kinds: facts.country_of_exploitation,
        largest=(16, 8),
    ),
    Dimension(
        "exploitation",
        _("Type of exploitation"),
        TYPES_OF_EXPLOITATION,
        lambda facts, kinds: facts.types_of_exploitation,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "control",
        _("Means of control"),
        METHODS_OF_CONTROL,
        lambda facts, kinds: facts.methods_of_control,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "recruiter",
        _("Relation to the recruiter"),
        RECRUITER_RELATIONS,
        lambda facts, kinds: facts.recruiter_relation,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "duration",
        _("Duration of exploitation"),
        DURATIONS,
        lambda facts, kinds: facts.duration,
    ),
    Dimension(
        "assistance",
        _("Kind of assistance"),
        KINDS,
        lambda facts, kinds: sorted(kinds),
        several=True,
        sensitive=True,
    ),
)
DIMENSIONS: dict[Key, Dimension] = {dimension.key: dimension for dimension in _DECLARED}

# Categories that are named in tables of one and two dimensions only: a cell that matches every part
# of one of these is not shown once a third dimension narrows it down.
NOT_IN_THREE: tuple[Mapping[Key, frozenset[str]], ...] = (
    {"exploitation": frozenset({"OrganRemoval"})},
    {
        "age": frozenset({CHILD, *(band for band in AGE_BANDS if _is_under_18(band))}),
        "exploitation": frozenset({"SexualExploitation"}),
    },
)


def is_withheld_by_rule(codes: Mapping[Key, str]) -> bool:
    """Whether the cell with these codes, one per dimension of its table, falls under NOT_IN_THREE."""
    return len(codes) > 2 and any(
        all(codes.get(key) in matching for key, matching in rule.items()) for rule in NOT_IN_THREE
    )
