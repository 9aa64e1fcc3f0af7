"""What statistics can be broken down by. Declared here and nowhere else; users choose, never define.

A dimension has categories, each with a permanent code. Some have coarser levels as well, each a
grouping of the level before it and never a second grouping beside it: two overlapping groupings
could be subtracted from one another.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistance.reference import KINDS
from cases.countries import COUNTRIES
from cases.reference import (
    AGE_BANDS,
    ALL_REACHED,
    DURATIONS,
    FORCED_LABOUR_INDUSTRY,
    GENDER,
    METHODS_OF_CONTROL,
    OUTCOMES,
    PARTLY_REACHED,
    RECRUITER_RELATIONS,
    REFERRAL_SOURCES,
    STILL_OPEN,
    TYPES_OF_EXPLOITATION,
    TYPES_OF_SEX_EXPLOITATION,
    UNANSWERED,
)
from cases.sections import CaseFacts
from reporting import regions

NOT_RECORDED = "not-recorded"  # empty is never "no"
NO_ANSWER = frozenset({NOT_RECORDED, *UNANSWERED})  # percentages are of persons with none of these
ANY_OTHER = "any-other"  # a value outside the list, and what is folded into no named group
ELSEWHERE = "elsewhere-in-"  # before the code of a group: the smaller categories within it
OTHER_TYPES = "other-types"
CHILD, ADULT = "child", "adult"
# Whoever may have several answers and has one of these has no other.
ALONE = NO_ANSWER | {OTHER_TYPES}
ASSISTED = "assisted"
COMPLETED, HANDED_OVER, ENDED_OTHERWISE = "completed", "handed-over", "ended-otherwise"
FIRST_YEAR, LAST_YEAR = 2000, 2099
EARLIER = "earlier"
LEVELS = 3  # 0 is the finest

Key = str  # of a dimension
Answer = str | Sequence[str]
Groups = Mapping[str, str]  # code → that of its group


@dataclass(frozen=True)
class Dimension:
    """One way to break persons down.

    `answer` reads the code or codes of one person; empty means "not recorded".
    `groups` has a grouping for each coarser level, of the codes of the level before it.
    `group_labels` are the words for the codes of groups.
    `folds`: at each level, the categories of few persons are put together within their group.
    `asked`: the person is asked for it, so that "not asked", "not known" and "did not want to say" are
    categories as well; at coarser levels they are "not recorded".
    `several` says that a person may have more than one answer.
    `sensitive` marks answers that must not be readable from someone's being in a small group.
    """

    key: Key
    label: Any
    labels: Mapping[str, Any]
    answer: Callable[[CaseFacts, Collection[str]], Answer]
    groups: tuple[Groups, ...] = ()
    group_labels: Mapping[str, Any] | None = None
    folds: bool = False
    asked: bool = False
    several: bool = False
    sensitive: bool = False

    @property
    def top_level(self) -> int:
        """The number of the coarsest level; 0 when there is only one."""
        return max(len(self.groups), int(self.asked))

    @property
    def unanswered(self) -> frozenset[str]:
        """The codes that are no answer."""
        return NO_ANSWER if self.asked else frozenset({NOT_RECORDED})

    def codes(self, year: int) -> list[str]:
        """Codes of level 0 as they stand in `year`, in the order they are shown."""
        known = [code for code in self.labels if not (code.isdigit() and int(code) > year)]
        return [*known, ANY_OTHER, *(UNANSWERED if self.asked else ()), NOT_RECORDED]

    def group_of(self, level: int) -> Groups:
        """How the codes of the level before are grouped at this level, from 1 on.

        A code that is not named stays as it is.
        """
        groups = self.groups[level - 1] if level <= len(self.groups) else {}
        return {**groups, **dict.fromkeys(UNANSWERED, NOT_RECORDED)} if self.asked else groups

    def label_of(self, code: str) -> Any:
        """The words for a code of any level; the code itself when a later version dropped it."""
        if code.startswith(ELSEWHERE):
            group = self.label_of(code.removeprefix(ELSEWHERE))
            return gettext("Elsewhere in %(region)s") % {"region": group}
        return self._labels.get(code, code)

    @cached_property
    def _labels(self) -> dict[str, Any]:
        return {**COMMON_LABELS, **(self.group_labels or {}), **self.labels}


COMMON_LABELS = {ANY_OTHER: _("All others"), **UNANSWERED, NOT_RECORDED: _("Not recorded")}
YEARS = {EARLIER: _("Before 2000")} | {
    str(year): str(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)
}
COUNTRY_NAMES = {code: name for code, (_alpha3, name) in COUNTRIES.items()}
BY_REGION = (
    {code: regions.SUB_REGION_OF.get(code, ANY_OTHER) for code in COUNTRIES},
    regions.REGION_OF,
)
SUB_TYPES = {
    **FORCED_LABOUR_INDUSTRY,
    **TYPES_OF_SEX_EXPLOITATION,
    OTHER_TYPES: _("No forced labour and no sexual exploitation"),
}
WITH_SUB_TYPES = {"ForcedLabour", "SexualExploitation"}


def _year(facts: CaseFacts, _kinds: Collection[str]) -> str:
    if facts.year is None:
        return ""
    return EARLIER if facts.year < FIRST_YEAR else str(facts.year)


def _sub_types(facts: CaseFacts, _kinds: Collection[str]) -> list[str]:
    """Industries and kinds of sexual exploitation. Without both, one reason why they are not known:
    as in any list it stands alone."""
    told = [*facts.forced_labour_industry, *facts.types_of_sex_exploitation]
    known = [code for code in told if code not in UNANSWERED]
    if known or told:
        return known or told[:1]
    types = facts.types_of_exploitation
    has_none = bool(types) and not any(t in WITH_SUB_TYPES or t in UNANSWERED for t in types)
    return [OTHER_TYPES] if has_none else []


def _is_under_18(band: str) -> bool:
    return int(band.split("-")[0].rstrip("+")) < 18


AGE_GROUPS = {band: CHILD if _is_under_18(band) else ADULT for band in AGE_BANDS}
OUTCOME_GROUPS = {code: ENDED_OTHERWISE for code in OUTCOMES if code != STILL_OPEN} | {
    ALL_REACHED: COMPLETED,
    PARTLY_REACHED: COMPLETED,
    "Supported": COMPLETED,
    "Referred": HANDED_OVER,
}

_DECLARED = (
    Dimension("year", _("Year of registration"), YEARS, _year),
    Dimension(
        "gender",
        _("Sex"),
        {code: label for code, label in GENDER.items() if code != "NonSpecifiedUnknown"},
        lambda facts, kinds: "unknown" if facts.gender == "NonSpecifiedUnknown" else facts.gender,
        asked=True,
    ),
    Dimension(
        "age",
        _("Age at registration"),
        AGE_BANDS,
        lambda facts, kinds: facts.age_band,
        groups=(AGE_GROUPS,),
        group_labels={CHILD: _("Under 18"), ADULT: _("18 and over")},
        asked=True,
    ),
    Dimension(
        "citizenship",
        _("Citizenship"),
        COUNTRY_NAMES,
        lambda facts, kinds: facts.citizenship,
        groups=BY_REGION,
        group_labels=regions.NAMES,
        folds=True,
        asked=True,
        several=True,
    ),
    Dimension(
        "country",
        _("Country of exploitation"),
        COUNTRY_NAMES,
        lambda facts, kinds: facts.country_of_exploitation,
        groups=BY_REGION,
        group_labels=regions.NAMES,
        folds=True,
        asked=True,
    ),
    Dimension(
        "exploitation",
        _("Type of exploitation"),
        TYPES_OF_EXPLOITATION,
        lambda facts, kinds: facts.types_of_exploitation,
        asked=True,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "subtype",
        _("Industry or kind of sexual exploitation"),
        SUB_TYPES,
        _sub_types,
        asked=True,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "control",
        _("Means of control"),
        METHODS_OF_CONTROL,
        lambda facts, kinds: facts.methods_of_control,
        asked=True,
        several=True,
        sensitive=True,
    ),
    Dimension(
        "recruiter",
        _("Relation to the recruiter"),
        RECRUITER_RELATIONS,
        lambda facts, kinds: facts.recruiter_relation,
        asked=True,
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
    # Its "not recorded" holds the same persons as that of the kinds, and so shows the same figure.
    Dimension(
        "assisted",
        _("Assistance"),
        {ASSISTED: _("Received")},
        lambda facts, kinds: ASSISTED if kinds else "",
    ),
    Dimension(
        "outcome",
        _("Outcome"),
        OUTCOMES,
        lambda facts, kinds: facts.outcome,
        groups=(OUTCOME_GROUPS,),
        group_labels={
            COMPLETED: _("Support ended as it was meant to"),
            HANDED_OVER: _("Another organisation took over"),
            ENDED_OTHERWISE: _("Ended otherwise"),
        },
    ),
    Dimension(
        "source",
        _("Referred by"),
        REFERRAL_SOURCES,
        lambda facts, kinds: facts.referral_source,
    ),
)
DIMENSIONS: dict[Key, Dimension] = {dimension.key: dimension for dimension in _DECLARED}

# One of these says what the other does: together they would say nothing more, and pin figures down.
NEVER_TOGETHER = (frozenset({"assistance", "assisted"}),)


def fit_together(keys: Collection[Key]) -> bool:
    """Can a table be by all of these dimensions?"""
    return not any(pair <= set(keys) for pair in NEVER_TOGETHER)


def together(size: int) -> list[tuple[Key, ...]]:
    """The dimensions of every table that has so many of them, each in declared order."""
    return [keys for keys in combinations(DIMENSIONS, size) if fit_together(keys)]


# Categories that are named in tables of one and two dimensions only: a cell that matches every part
# of one of these is not shown once a third dimension narrows it down.
_CHILDREN = frozenset({CHILD, *(band for band in AGE_BANDS if _is_under_18(band))})
NOT_IN_THREE: tuple[Mapping[Key, frozenset[str]], ...] = (
    {"exploitation": frozenset({"OrganRemoval"})},
    {"age": _CHILDREN, "exploitation": frozenset({"SexualExploitation"})},
    {"age": _CHILDREN, "subtype": frozenset(TYPES_OF_SEX_EXPLOITATION)},
)


def is_withheld_by_rule(codes: Mapping[Key, str]) -> bool:
    """Whether the cell with these codes, one per dimension of its table, falls under NOT_IN_THREE."""
    return len(codes) > 2 and any(
        all(codes.get(key) in matching for key, matching in rule.items()) for rule in NOT_IN_THREE
    )
