"""Is a person already here, in a case that whoever registers them does not see?

The answer says that there is a record and whom to ask, and nothing of the case. It is given to those
who know whom they look for: by two names with the day of birth, or by a number. Each answer is an
event of the case, and there are few of them in an hour (audit/limits.py).
"""

from django.utils import timezone

from accounts.models import User
from accounts.selectors import holders_of
from audit import trail
from audit.verbs import Verb
from cases.models import Case, Exclusion
from cases.search.live import live_index
from core.rights import Right
from core.sorting import by_words


def whom_to_ask(text: str, *, by: User) -> list[User]:
    """Who tells more of a person that `by` looks for; nobody when no such case is elsewhere.

    Raises TooOften.
    """
    if not by.has_right(Right.CASE_REGISTER) or by.is_partner:
        return []
    found = live_index.find_elsewhere(text, by=by)
    if not found:
        return []
    trail.record(Verb.MATCH_TOLD, by=by, cases=found, details={"text": text})
    cases = Case.objects.filter(pk__in=found).select_related("office")
    return sorted({one for case in cases for one in _answerable(case)}, key=by_words)


def _answerable(case: Case) -> list[User]:
    """The supervisors of the case's office; where it has none, whoever oversees broken glass."""
    kept = Exclusion.objects.at(timezone.now()).filter(case=case).values_list("user", flat=True)
    of_office = [one for one in holders_of(Right.CASE_ASSIGN) if one.office_id == case.office_id]
    return [one for one in of_office if one.pk not in kept] or holders_of(Right.GLASS_OVERSEE)
