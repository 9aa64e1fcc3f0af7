"""What cases/explaining.py found out, in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.roles import Role
from accounts.selectors import team_name
from cases.access import State, may_hold_cases
from cases.explaining import Explanation, Judged
from cases.models import GrantReason
from core.classes import CONTENT, SHORT_NAMES

CLASSES = [cls for cls in SHORT_NAMES if cls in CONTENT]  # in the order in which they are told


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation in sentences."""

    can: list[str]
    cannot: list[str]


def told(explanation: Explanation, *, is_self: bool = False, is_past: bool = False) -> Told:
    """What the person can see and what not, each with its reason."""
    words = _Words(explanation, is_self, is_past)
    if (obstacle := words.obstacle()) is not None:
        return Told([], [words.cannot(_("this case"), obstacle)])
    return Told(words.what_can_be_seen(), words.what_cannot())


@dataclass(frozen=True, slots=True)
class _Words:
    explanation: Explanation
    is_self: bool
    is_past: bool

    @property
    def who(self) -> str:
        return _("You") if self.is_self else str(self.explanation.person)

    @property
    def roles(self) -> list[Role]:
        return self.explanation.person.roles

    def obstacle(self) -> str | None:
        """Why the person does not see the case at all; None when they do."""
        if self.explanation.access is not None:
            return None
        if not self.explanation.person.is_active:
            return _("there was no open account") if self.is_past else _("the account is closed")
        if not may_hold_cases(self.explanation.person):
            names = _names(self.roles)
            return _("no role includes reading cases") + (f" ({names})" if names else "")
        if (exclusion := self.explanation.exclusion) is not None:
            named = {"who": exclusion.excluded_by, "day": _time(exclusion.since)}
            return (
                _(
                    "excluded by %(who)s on %(day)s for a conflict of interest, whatever access there is"
                )
                % named
            )
        if not self.explanation.judged:
            return _("no access was given")
        return "; ".join(dict.fromkeys(map(_why_not_live, self.explanation.judged)))

    def what_can_be_seen(self) -> list[str]:
        opening = [one for one in self.explanation.judged if one.opened and one.opened.read]
        if not opening:
            return [self._sees_nothing_of_it()]
        return [self._can(one) for one in opening]

    def what_cannot(self) -> list[str]:
        """A sentence for each reason."""
        access = self.explanation.access
        assert access is not None
        by_reason: dict[str, list[str]] = {}
        for cls in CLASSES:
            if cls not in access.read:
                by_reason.setdefault(self._why_not(cls), []).append(cls)
        return [self.cannot(_parts(classes), why) for why, classes in by_reason.items()]

    def cannot(self, what: str, why: str) -> str:
        named = {"who": self.who, "what": what, "why": why}
        if self.is_past:
            return _("%(who)s could not see %(what)s: %(why)s.") % named
        return _("%(who)s cannot see %(what)s: %(why)s.") % named

    def _sees_nothing_of_it(self) -> str:
        if self.is_past:
            return (
                _("%s could see that there is this case, and nothing of what it holds.") % self.who
            )
        return _("%s can see that there is this case, and nothing of what it holds.") % self.who

    def _can(self, one: Judged) -> str:
        assert one.opened is not None
        sentences = {
            (False, False): _("%(who)s can read %(parts)s, because %(why)s."),
            (False, True): _("%(who)s can read and write %(parts)s, because %(why)s."),
            (True, False): _("%(who)s could read %(parts)s, because %(why)s."),
            (True, True): _("%(who)s could read and write %(parts)s, because %(why)s."),
        }
        sentence = sentences[self.is_past, bool(one.opened.write)]
        named = {"who": self.who, "parts": _parts(one.opened.read), "why": self._given(one)}
        return f"{sentence % named} {self._admitted(one.opened.read)}"

    def _given(self, one: Judged) -> str:
        grant = one.grant
        named = {
            "giver": grant.granted_by,
            "day": _time(grant.starts),
            "until": _time(grant.ends),
            "reason": grant.get_reason_display(),
        }
        if grant.reason == GrantReason.BREAK_GLASS:
            named["reason"] = grant.glass.get_ground_display()
            return _("they took emergency access on %(day)s, until %(until)s (%(reason)s)") % named
        if grant.granted_by_id == getattr(grant, "user_id", None):
            return _("the case was opened on %(day)s; until %(until)s (%(reason)s)") % named
        if one.team is None:
            return _("%(giver)s gave access on %(day)s, until %(until)s (%(reason)s)") % named
        return _(
            "the team “%(team)s” was given access by %(giver)s on %(day)s, until %(until)s (%(reason)s)"
        ) % (named | {"team": team_name(one.team)})

    def _admitted(self, classes: Iterable[str]) -> str:
        admitting = [role for role in self.roles if role.classes.intersection(classes)]
        return ngettext(
            "The role %(roles)s admits it.", "The roles %(roles)s admit it.", len(admitting)
        ) % {"roles": _names(admitting)}

    def _why_not(self, cls: str) -> str:
        if cls not in self.explanation.person.classes:
            return ngettext(
                "the role %(roles)s does not admit it",
                "none of the roles %(roles)s admits it",
                len(self.roles),
            ) % {"roles": _names(self.roles)}
        naming = [one for one in self.explanation.judged if cls in one.grant.classes]
        if not naming:
            return _("no access to it was given")
        return "; ".join(dict.fromkeys(map(_why_not_live, naming)))


def _why_not_live(one: Judged) -> str:
    grant = one.grant
    if one.state is State.LIVE:
        return _("access was given, but outside the organisation only a referral counts")
    if one.state is State.TAKEN_BACK:
        named = {"who": grant.revoked_by, "day": _time(grant.revoked_at)}
        return _("%(who)s took access back on %(day)s") % named
    if one.state is State.TO_COME:
        return _("access begins only on %s") % _time(grant.starts)
    return _("access ended on %s") % _time(grant.ends)


def _parts(classes: Iterable[str]) -> str:
    """These classes as the object of a sentence."""
    names = [_("“%s”") % SHORT_NAMES[cls] for cls in CLASSES if cls in set(classes)]
    return ngettext("the part %s", "the parts %s", len(names)) % ", ".join(names)


def _names(roles: Iterable[Role]) -> str:
    return ", ".join(str(role.display_name) for role in roles)


def _time(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""
