"""An office switches kinds and types off and names subtypes of its own; what they mean stays."""

import pytest
from django.urls import reverse
from django.utils import timezone

from assistance.forms import FORMS
from assistance.kinds import KINDS, TYPES
from assistance.models import Assistance, Offer
from assistance.offers.forms import OfferForm, types_of
from assistance.offers.offers import offer_of, set_offer
from assistance.sections import ShelterAssistance
from assistance.services import record_assistance
from audit.verbs import Verb
from cases import door
from core.exceptions import BadInput, Conflict, NotAllowed
from tests.guards import log

pytestmark = pytest.mark.django_db

PAGE = reverse("offers:offer")


def typed(**changes) -> dict[str, object]:
    """What a browser posts when nothing is changed, but for these fields."""
    form = OfferForm(offer=Offer())
    return {name: form[name].value() for name in form.fields} | {"revision": "0"} | changes


@pytest.fixture
def set_up(office, pavel):
    def set_up(*off: str, revision=0, **subtypes) -> Offer:
        return set_offer(office, off=off, subtypes=subtypes, revision=revision, by=pavel)

    return set_up


def test_codes_of_kinds_and_types_are_told_apart():
    assert not KINDS.keys() & TYPES.keys()


def test_what_is_switched_off_is_not_offered(set_up, case, alena, client_for):
    set_up("shelter", "food", "cash")
    browser, url = client_for(alena), reverse("assistance:record", args=[case.reference])
    page = browser.get(url).content.decode()
    assert 'value="medical"' in page and 'value="shelter"' not in page
    assert browser.post(url, {"kind": "shelter"}).status_code == 422
    page = browser.post(url, {"kind": "immediate"}).content.decode()
    assert 'value="food"' not in page and 'value="clothing"' in page
    page = browser.post(url, {"kind": "reintegration"}).content.decode()  # types in groups
    assert 'value="cash"' not in page and 'value="in_kind"' in page


def test_what_was_recorded_before_stays_and_can_be_corrected(set_up, case, alena, client_for):
    content = ShelterAssistance(type="emergency_shelter", subtype="Room of the parish")
    given = {"status": "delivered", "starts_on": timezone.localdate()}
    row = record_assistance(case, content=content, by=alena, **given)
    set_up("shelter", "emergency_shelter", shelter=["Flat of the city"])
    url = reverse("assistance:change", args=[case.reference, row.pk])
    page = client_for(alena).get(url).content.decode()
    assert 'value="emergency_shelter" selected' in page
    assert 'value="Room of the parish" selected' in page and "Flat of the city" in page


def test_a_subtype_is_kept_under_seal_in_its_words(set_up, case, alena, client_for):
    set_up(medical=["Dentist of the mission"])
    values = {"kind": "medical", "status": "delivered", "starts_on": str(timezone.localdate())}
    url = reverse("assistance:record", args=[case.reference])
    wrong = client_for(alena).post(url, values | {"subtype": "Made up"})
    assert wrong.status_code == 422
    assert (
        client_for(alena).post(url, values | {"subtype": "Dentist of the mission"}).status_code
        == 302
    )
    row = Assistance.objects.get(case=case)
    [sections] = door.open_rows([row], by=alena)
    assert sections["content"].subtype == "Dentist of the mission"
    assert b"Dentist" not in bytes(row.content_sealed)
    page = client_for(alena).get(reverse("cases:detail", args=[case.reference])).content.decode()
    assert "Dentist of the mission" in page


def test_another_office_gives_what_it_gives(set_up, other_office):
    set_up("shelter")
    assert offer_of(other_office).off == []


def test_who_may_say_what_an_office_gives(office, other_office, alena, pavel, iryna):
    for by in (alena, iryna):
        with pytest.raises(NotAllowed):
            set_offer(office, off=[], subtypes={}, revision=0, by=by)
    start = log.size()
    set_offer(office, off=["food"], subtypes={}, revision=0, by=pavel)
    assert log.verbs_since(start) == [Verb.OFFER_SET]


def test_what_makes_no_sense_is_refused(set_up):
    for wrong in ([*KINDS], ["nothing"]):
        with pytest.raises(BadInput):
            set_up(*wrong)
    set_up("food")
    with pytest.raises(Conflict):
        set_up("cash", revision=9)


def test_every_type_of_the_registry_can_be_switched_off():
    assert {code for kind in KINDS for code in types_of(kind)} == TYPES.keys()


# --- The page -------------------------------------------------------------------------
def test_the_page_shows_what_is_given_and_saves_it(office, pavel, client_for):
    browser = client_for(pavel)
    kinds = [kind for kind in KINDS if kind != "return"]
    sent = typed(kinds=kinds, subtypes_legal=" Notary\nNotary\n\n  Court  fee ")
    assert browser.post(PAGE, sent).status_code == 302
    offer = offer_of(office)
    assert offer.off == ["return"]
    assert offer.subtypes == {"legal": ["Notary", "Court fee"]}
    page = browser.get(PAGE).content.decode()
    assert "Notary\nCourt fee" in page
    assert browser.post(PAGE, typed()).status_code == 409  # from before


@pytest.mark.parametrize(
    "wrong", [{"kinds": []}, {"types_shelter": []}, {"subtypes_legal": "x" * 61}]
)
def test_the_page_says_what_is_wrong(pavel, client_for, wrong):
    answer = client_for(pavel).post(PAGE, typed(**wrong))
    assert answer.status_code == 422
    assert "govuk-error-message" in answer.content.decode()


def test_forms_without_an_offer_offer_everything():
    form = FORMS["shelter"]()
    assert "subtype" not in form.fields
    assert {code for code, _label in form.fields["type"].choices if code} == types_of(
        "shelter"
    ).keys()
