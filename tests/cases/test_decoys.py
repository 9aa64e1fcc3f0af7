"""Statistics count no decoy."""

import pytest

from assistance.models import Assistance
from assistance.sections import LegalAssistance
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import door
from cases.services.decoys import lift_decoy, mark_decoy

pytestmark = pytest.mark.django_db


def counted(by):
    cases = {pk for pk, _facts in door.stream_facts(by=by, verb=Verb.STATISTICS_FROZEN)}
    rows = door.stream_rows_facts(Assistance, by=by, verb=Verb.STATISTICS_FROZEN)
    return cases, {row.case_id for row, _facts in rows}


def test_statistics_count_no_decoy(case, alena, pavel, yury):
    day = {"status": "delivered", "starts_on": case.opened_on}
    record_assistance(case, content=LegalAssistance(), by=alena, **day)
    assert counted(yury) == ({case.pk}, {case.pk})
    mark_decoy(case, by=pavel)
    assert counted(yury) == (set(), set())
    lift_decoy(case, by=pavel)
    assert counted(yury) == ({case.pk}, {case.pk})
