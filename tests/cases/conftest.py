"""What several tests of cases begin with."""

from datetime import date

import msgspec
import pytest

from assistance.sections import MedicalAssistance, PsychologicalAssistance
from assistance.services import record_assistance
from cases import door
from cases.services.casework import change_person


@pytest.fixture
def records(case, alena):
    """A medical and a psychological record."""
    contents = (
        MedicalAssistance(diagnosis="Fracture"),
        PsychologicalAssistance(method="psychotherapy", observations="Sleeps badly"),
    )
    return [
        record_assistance(
            case, content=content, status="delivered", starts_on=date(2026, 3, 1), by=alena
        )
        for content in contents
    ]


def rename(victim, by, name):
    """Give the person another family name, as the page does."""
    [before] = door.open_rows([victim], by=by)
    after = {"identity": msgspec.structs.replace(before["identity"], second_name=name)}
    change_person(victim, before=before, after=after, revision=victim.revision, by=by)
