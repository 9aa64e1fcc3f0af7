"""The rule of audit/rules.py that finds who saw exact figures."""

from collections.abc import Iterator, Sequence

from audit.models import Event
from audit.rules import Finding
from audit.verbs import Verb


def exact_tables(events: Sequence[Event]) -> Iterator[Finding]:
    """Each exact table, as an act of whoever approved it and as one of whoever looked at it.

    They are two findings, so that neither of the two signs off what both did. They go to the auditor:
    a data-protection officer may be one of the two.
    """
    for event in events:
        if event.verb in (Verb.VERIFICATION_APPROVED, Verb.VERIFICATION_SEEN):
            yield Finding(event, mark=f"{event.verb} {event.object}", for_auditor=True)
