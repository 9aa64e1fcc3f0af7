"""What intake takes to open a case, whoever fills it in: a form, an import or the interface."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cases.sections import CaseSummary, ConsentTerms, Contact, Identity, VictimContext
from core.schema import Section


@dataclass(slots=True, kw_only=True)
class NewCase:
    """One case to be opened, with one person in it."""

    identity: Identity = field(default_factory=Identity)
    contact: Contact = field(default_factory=Contact)
    victim: VictimContext = field(default_factory=VictimContext)
    summary: CaseSummary = field(default_factory=CaseSummary)
    consent: ConsentTerms | None = None  # None: nobody recorded whether the person was asked
    entries: list[tuple[str, Section]] = field(default_factory=list)  # with keys of ENTRY_KINDS
    # Fields of CaseFacts that stand instead of the derived ones; see cases.facts.facts_of.
    facts: dict[str, Any] = field(default_factory=dict)
    opened_on: date | None = None  # None: the day the case is opened here
