"""What the rules of audit/rules.py find about accounts and keys."""

from collections.abc import Iterator, Sequence

from audit.models import Event
from audit.rules import Finding
from audit.selectors import cases_named
from audit.verbs import Verb

# What takes two people in the pages and one on the machine, and what is done there alone.
ON_THE_MACHINE = frozenset(
    {
        Verb.ROLE_GIVEN,
        Verb.ROLE_TAKEN,
        Verb.TEAM_JOINED,
        Verb.ACCOUNT_CHANGED,
        Verb.PASSWORD_CHANGED,
        Verb.KEY_ROTATION_BEGUN,
        Verb.KEY_DESTROYED,
        Verb.KEYS_RECOVERED,
        Verb.RECOVERY_SHARES_MADE,
    }
)


def acts_on_the_machine(events: Sequence[Event]) -> Iterator[Finding]:
    """Such acts by nobody who signed in: one finding for each kind and each hour in which it was done.

    A key that falls with its case is an erasure's, which names the case.
    """
    for event in events:
        is_nobodys = event.actor is None and not event.session
        if is_nobodys and event.verb in ON_THE_MACHINE and not cases_named(event.entry):
            yield Finding(event, mark=f"machine {event.verb} {event.at:%Y-%m-%dT%H}")
