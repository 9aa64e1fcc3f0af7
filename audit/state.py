"""Whether the trail is in order, in words for somebody who is not an engineer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import guards, witnesses
from audit.models import Checkpoint, Event, LogState, Pending, Reviewed, Verification
from audit.verbs import Verb

SOON = timedelta(minutes=10)  # what every minute should do may take so long
FULL_WITHIN = timedelta(days=31)
LATEST_WITHIN = timedelta(days=2)
MANY = 10_000  # events


class Light(IntEnum):
    GREEN = 0
    AMBER = 1  # somebody should see to it
    RED = 2  # the trail may have been touched, or is not kept


TONES = {Light.GREEN: "good", Light.AMBER: "wait", Light.RED: "stop"}


@dataclass(slots=True)
class Check:
    """One thing that must be in order. `todo` says what to do when it is not."""

    title: str
    light: Light
    told: str
    todo: str = ""

    @property
    def tone(self) -> str:
        return TONES[self.light]

    @property
    def word(self) -> str:
        words = {
            Light.GREEN: _("in order"),
            Light.AMBER: _("needs attention"),
            Light.RED: _("act now"),
        }
        return words[self.light]


@dataclass(slots=True)
class State:
    """The state of the trail at one moment."""

    at: datetime
    size: int
    checkpoint: Checkpoint | None
    since_checkpoint: int  # events
    pending: int  # events that wait for their place in the log
    witnesses: list[witnesses.Standing]
    last_full: Verification | None
    last: Verification | None
    checks: list[Check] = field(default_factory=list)

    @property
    def light(self) -> Light:
        return max(check.light for check in self.checks)

    @property
    def tone(self) -> str:
        return TONES[self.light]


def state_of_trail() -> State:
    """Look at everything the state page shows. Nothing is verified here: that takes its time."""
    size = LogState.objects.get(id=1).size
    checkpoint = Checkpoint.objects.order_by("size").last()
    runs = Verification.objects.order_by("-at")
    state = State(
        at=timezone.now(),
        size=size,
        checkpoint=checkpoint,
        since_checkpoint=size - (checkpoint.size if checkpoint else 0),
        pending=Pending.objects.count(),
        witnesses=list(witnesses.standing()),
        last_full=runs.filter(is_full=True).first(),
        last=runs.first(),
    )
    state.checks = [check for look in CHECKS for check in look(state)]
    return state


def _guards(state: State) -> Iterator[Check]:
    title = _("Guards of the database")
    if not (missing := guards.missing()):
        yield Check(
            title,
            Light.GREEN,
            _("All are in place: the database refuses changes without a record."),
        )
        return
    told = ngettext("%d guard is missing.", "%d guards are missing.", len(missing)) % len(missing)
    yield Check(
        title,
        Light.RED,
        told + " " + _("Somebody may have changed the database past Tutela."),
        _(
            "Let nobody work until this is understood. The administrator restarts Tutela, which refuses "
            "to serve without its guards and says how to put them back. The auditor verifies the record."
        ),
    )


def _pending(state: State) -> Iterator[Check]:
    title = _("Events waiting for their place")
    oldest = Pending.objects.order_by("position").values_list("at", flat=True).first()
    if oldest is None or state.at - oldest < SOON:
        yield Check(title, Light.GREEN, _("Each act has its place in the log."))
        return
    yield Check(
        title,
        Light.AMBER,
        _("%(number)s events are recorded and still wait for their place, the oldest since %(at)s.")
        % {"number": state.pending, "at": told_time(oldest)},
        _("The administrator looks at the server's log and restarts Tutela. Nothing is lost."),
    )


def _checkpoint(state: State) -> Iterator[Check]:
    title = _("Signature over the log")
    signed = state.checkpoint.size if state.checkpoint else 0
    since = Event.objects.filter(seq__gte=signed).order_by("seq")  # in this order, or all are read
    if since.filter(verb=Verb.CHECKPOINT_REFUSED).values_list("seq").first():
        yield Check(
            title,
            Light.RED,
            _(
                "The log is not a continuation of what was signed last, so it is not signed any more."
            ),
            _(
                "The record may have been rewritten. Stop working, leave the machine as it is, "
                "and call the auditor."
            ),
        )
        return
    if state.checkpoint is None or (
        state.since_checkpoint and state.at - state.checkpoint.at > SOON
    ):
        yield Check(
            title,
            Light.AMBER,
            _("What was done since the last signature is not signed yet."),
            _("Tutela signs every minute while it runs. The administrator looks whether it does."),
        )
        return
    yield Check(title, Light.GREEN, _("Signed %s.") % told_time(state.checkpoint.at))


def _witnesses(state: State) -> Iterator[Check]:
    title = _("Witnesses elsewhere")
    if not state.witnesses:
        yield Check(
            title,
            Light.AMBER,
            _("Nobody outside keeps signatures of this log."),
            _(
                "Whoever has this machine and its keys could write the log anew. The administrator "
                "names witnesses in the settings, or the auditor keeps a checkpoint away from here."
            ),
        )
    for witness in state.witnesses:
        name = f"{title}: {witness.name}"
        if witness.trouble == witnesses.FORK:
            yield Check(
                name,
                Light.RED,
                _("It has seen another log under our name."),
                _(
                    "The record was rewritten, or an older copy was restored. Call the auditor at once."
                ),
            )
        elif witness.trouble or witness.behind > MANY:
            yield Check(
                name,
                Light.AMBER,
                _("It does not confirm: %d events are not covered by it.") % witness.behind,
                _("The administrator asks those who run it. Tutela asks again every minute."),
            )
        else:
            told = _("It confirms; %d events came since.") % witness.behind
            yield Check(name, Light.GREEN, told)


def _verification(state: State) -> Iterator[Check]:
    title = _("Verification")
    last, full = state.last, state.last_full
    if last is not None and not last.holds:
        yield Check(
            title,
            Light.RED,
            _("The last verification found that the record does not hold."),
            _(
                "The auditor reads under “Verify the record” what does not fit, and says what follows."
            ),
        )
        return
    todo = _("The auditor verifies the record, or the administrator runs: manage.py verify_audit")
    if full is None:
        yield Check(title, Light.AMBER, _("The whole record was never verified."), todo)
        return
    if state.at - full.at > FULL_WITHIN:
        yield Check(title, Light.AMBER, _("The whole record was not verified for a month."), todo)
        return
    if last is None or state.at - last.at > LATEST_WITHIN:
        yield Check(title, Light.AMBER, _("What is new was not verified for two days."), todo)
        return
    yield Check(title, Light.GREEN, _("The record held when it was verified last."))


def _review(state: State) -> Iterator[Check]:
    behind = state.size - Reviewed.objects.get(id=1).position
    if behind > MANY:
        yield Check(
            _("Rules for review"),
            Light.AMBER,
            _("%d events have not been looked through by the rules yet.") % behind,
            _(
                "Tutela catches up every minute while it runs. The administrator looks whether it does."
            ),
        )


# What is looked at, in the order of the page. Upper applications add theirs in AppConfig.ready().
CHECKS: list[Callable[[State], Iterator[Check]]] = [
    *(_guards, _pending, _checkpoint, _witnesses, _verification, _review),
]


def figures_of(state: State) -> Iterator[tuple[str, Any]]:
    """(label, value) for those who verify."""
    yield _("Events in the log"), state.size
    yield _("Events waiting for their place"), state.pending
    if state.checkpoint:
        yield _("Last checkpoint"), told_time(state.checkpoint.at)
        yield _("Events it covers"), state.checkpoint.size
        yield _("Events since"), state.since_checkpoint
    for witness in state.witnesses:
        told = {"size": witness.size, "behind": witness.behind}
        yield witness.name, _("%(size)s events, %(behind)s behind") % told
    for label, run in (
        (_("Last full verification"), state.last_full),
        (_("Last verification"), state.last),
    ):
        yield label, told_time(run.at) if run else _("never")


def told_time(at: datetime) -> str:
    """A moment, as lines of this page tell it."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")
