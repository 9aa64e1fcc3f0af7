"""Sections as people read them: field names as labels, codes as words. Labels come from the forms."""

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Field
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from cases import differences, reference
from cases.countries import LANGUAGES, country_name
from cases.differences import Difference
from cases.facts import ages_on
from cases.forms import ConsentForm, FileForm, PersonForm, SummaryForm, VictimForm
from cases.models import CaseStatus, RetentionKind
from core.classes import SHORT_NAMES
from core.known_days import told_day
from core.schema import Section, is_recorded

# Forms whose labels name the fields of sections; upper apps add theirs in apps.ready().
LABELLED: list[type[forms.Form]] = [*(PersonForm, VictimForm, SummaryForm, ConsentForm, FileForm)]

# What stands above a section of the person, of the case, of a consent.
HEADINGS: dict[str, Any] = {
    "identity": gettext_lazy("Who the person is"),
    "contact": gettext_lazy("How to reach the person"),
    "terms": gettext_lazy("Consent"),
    "summary": gettext_lazy("How the case came to us"),
    "victim": gettext_lazy("What happened"),
}

# Fields that no form has.
LABELS: dict[str, Any] = {
    "indicators": gettext_lazy("Signs"),
    "other_htcds": gettext_lazy("As imported"),
    "closed_as": gettext_lazy("Ends as"),
    "closed_on": gettext_lazy("Closed on"),
    "closure_reason": gettext_lazy("Reason"),
    "closure_details": gettext_lazy("Reason for case closure"),
    "reason_for_case_closure": gettext_lazy("Reason for case closure"),
    "referred_organisation": gettext_lazy("Referred organisation"),
    "outgoing_referral_date": gettext_lazy("Outgoing referral date"),
    "explained": gettext_lazy("Explained"),
    "retention_kind": gettext_lazy("Kept by the rule for"),
    "sent_back_because": gettext_lazy("Sent back because"),
    "task": gettext_lazy("What is to be done"),
    "hand_over_note": gettext_lazy("Hand-over note"),
    "person_agrees": gettext_lazy("The person agrees"),
    "transfer_declined_because": gettext_lazy("Declined because"),
    "declined_because": gettext_lazy("Declined because"),
    "media_type": gettext_lazy("Kind"),
    "size": gettext_lazy("Size in bytes"),
    "sha256": gettext_lazy("Fingerprint of what was sent (SHA-256)"),
    "was_rewritten": gettext_lazy("Written anew"),
    "width": gettext_lazy("Width in pixels"),
    "height": gettext_lazy("Height in pixels"),
}

# Columns that name themselves in their models' code alone.
COLUMNS: dict[str, Any] = {
    "agency": gettext_lazy("Agency"),
    "approved_by": gettext_lazy("Approved by"),
    "approved_on": gettext_lazy("Approved on"),
    "asked_by": gettext_lazy("Asked by"),
    "asked_session": gettext_lazy("Asked session"),
    "became": gettext_lazy("Became"),
    "cases": gettext_lazy("Cases"),
    "decided_by": gettext_lazy("Decided by"),
    "decided_session": gettext_lazy("Decided session"),
    "digest": gettext_lazy("Digest"),
    "group": gettext_lazy("Group"),
    "is_sent": gettext_lazy("Is sent"),
    "is_test": gettext_lazy("Is test"),
    "object": gettext_lazy("Object"),
    "object_type": gettext_lazy("Object type"),
    "office": gettext_lazy("Office"),
    "organisation": gettext_lazy("Organisation"),
    "owner": gettext_lazy("Owner"),
    "referral": gettext_lazy("Referral"),
    "revoked_at": gettext_lazy("Revoked at"),
    "revoked_by": gettext_lazy("Revoked by"),
    "role": gettext_lazy("Role"),
    "since": gettext_lazy("Since"),
    "to": gettext_lazy("To"),
    "until": gettext_lazy("Until"),
    "upto": gettext_lazy("Upto"),
    "user": gettext_lazy("User"),
    "version": gettext_lazy("Version"),
}

# Field → its list of codes.
CODES: dict[str, dict[str, Any]] = {
    "gender": reference.GENDER,
    "marital_status": reference.MARITAL_STATUS,
    "highest_level_of_education": reference.EDUCATION,
    "trafficking_status": reference.TRAFFICKING_STATUS,
    "trafficking_status_decided_by": reference.DECISION_MAKING_ORG,
    "relationship_to_trafficker": reference.RELATIONSHIP_TO_TRAFFICKER,
    "recruitment_websites_and_apps": reference.WEBSITES_AND_APPS,
    "exploitation_websites_and_apps": reference.WEBSITES_AND_APPS,
    "method_of_recruitment": reference.METHOD_OF_RECRUITMENT,
    "methods_of_control": reference.METHODS_OF_CONTROL,
    "types_of_exploitation": reference.TYPES_OF_EXPLOITATION,
    "forced_labour_industry": reference.FORCED_LABOUR_INDUSTRY,
    "types_of_sex_exploitation": reference.TYPES_OF_SEX_EXPLOITATION,
    "reason_for_incoming_referral": reference.REFERRAL_REASON,
    "reason_for_outgoing_referral": reference.REFERRAL_REASON,
    "danger_now": reference.TOLD_ANSWERS,
    "urgent_need": reference.TOLD_ANSWERS,
    "agreed_to_be_referred": reference.TOLD_ANSWERS,
    "needs": reference.NEEDS,
    "risk_level": reference.RISK_LEVELS,
    "urgent_medical_need": reference.ANSWERS,
    "threat": reference.ANSWERS,
    "person_took_part": reference.ANSWERS,
    "risks_of_person": reference.RISKS_OF_PERSON,
    "risks_of_household": reference.RISKS_OF_HOUSEHOLD,
    "risks_of_community": reference.RISKS_OF_COMMUNITY,
    "document_type": reference.DOCUMENT_TYPES,
    "document_held": reference.DOCUMENT_HELD,
    "channel": reference.CHANNELS,
    "safe_to_call": reference.ANSWERS,
    "screened_by": reference.DECISION_MAKING_ORG,
    "indicators": reference.INDICATORS,
    "screening_result": reference.SCREENING_RESULTS,
    "protection_step": reference.PROTECTION_STEPS,
    "event_type": reference.HISTORIC_EVENT_TYPE,
    "role_in_process": reference.PERPETRATOR_ROLE,
    "purposes": reference.CONSENT_PURPOSES,
    "points_explained": reference.CONSENT_GUIDANCE,
    "form": reference.CONSENT_FORMS,
    "classes": SHORT_NAMES,
    "closed_as": dict(CaseStatus.choices),
    "closure_reason": reference.CLOSURE_REASONS,
    "retention_kind": dict(RetentionKind.choices),
    "excluded_as": reference.EXCLUSION_GROUNDS,
    "language": LANGUAGES,
    "primary_language": LANGUAGES,
    "secondary_language": LANGUAGES,
}
COUNTRIES = frozenset(
    {"citizenship", "mailing_country", "country_of_exploitation", "country", "issuing_country"}
)
# Field that holds pairs → how one of them is told; upper apps add theirs.
PAIRS: dict[str, Callable[[str, Any], str]] = {
    "indicators": lambda sign, answer: (
        f"{reference.INDICATORS.get(sign, sign)} {reference.INDICATOR_ANSWERS.get(answer, answer)}"
    ),
}
KNOWN_DAYS = frozenset({"event_date", "birthdate"})
ORGANISATIONS = frozenset({"recipients"})  # fields that name organisations
LINKS: set[str] = set()  # fields that name another row of the file; upper apps add theirs


def told(section: Section, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """(label, text) of every field that is recorded, in the order of the schema."""
    pairs = ((name, answer_of(section, name)) for name in answers(section) if name not in without)
    return [(label_of(name), text) for name, text in pairs if text]


def answers(section: Section) -> list[str]:
    """The fields that a section tells, in the order of the schema."""
    return [name for name in section.__struct_fields__ if name != "unanswered"]


def answer_of(section: Section | None, name: str) -> str:
    """A field in words, or why it has no answer; "" when nothing is recorded."""
    value, why = getattr(section, name, None), getattr(section, "unanswered", {})
    if not is_recorded(value) and name in why:
        return str(reference.UNANSWERED.get(why[name], why[name]))
    return text_of(name, value)


def age_in_words(birthdate: str, day: date) -> str:
    """How old somebody born then is on that day; two ages where the date leaves it open, or ""."""
    ages = ages_on(birthdate, day)
    if ages is None:
        return ""
    if ages[0] == ages[1]:
        return str(ages[0])
    return _("%(young)s or %(old)s") % {"young": ages[0], "old": ages[1]}


def label_of(name: str) -> str:
    """What a field is called on the page."""
    if asked := asked_as(name):
        return str(asked.label)
    return str(LABELS.get(name) or name.replace("_", " ").capitalize())


def asked_as(name: str) -> forms.Field | None:
    """The field of a form that asks for it, of the first form that has a label for it."""
    fields = (form.base_fields[name] for form in LABELLED if name in form.base_fields)
    return next((field for field in fields if field.label), None)


def label_of_column(column: Field) -> str:
    """What a column of a row is called."""
    return str(COLUMNS.get(column.name, column.verbose_name)).capitalize()


def text_of(name: str, value: Any) -> str:
    """The value of a field in words; "" when it is not recorded."""
    if not is_recorded(value):
        return ""
    match value:
        case bool():
            return _("Yes") if value else _("No")
        case list():
            return ", ".join(items_of(name, value))
        case dict() if name in PAIRS:
            return "\n".join(PAIRS[name](key, item) for key, item in value.items())
        case dict():
            return "; ".join(f"{key}: {item}" for key, item in value.items())
        case str():
            return item_of(name, value)
        case Decimal():
            return number_format(value)
    return date_format(value, "DATE_FORMAT") if hasattr(value, "isoformat") else str(value)


def items_of(name: str, codes: list[Any]) -> list[str]:
    """The values of a field that holds several, in words."""
    if name in ORGANISATIONS:
        names = {str(pk): str(one) for pk, one in Organisation.objects.in_bulk(codes).items()}
        return [names.get(code, _("an organisation that is no more")) for code in codes]
    return [item_of(name, code) for code in codes]


def item_of(name: str, code: str) -> str:
    """One value of a field in words, of those that hold several as well."""
    if name in COUNTRIES:
        return str(country_name(code))
    if name in KNOWN_DAYS:
        return told_day(code)
    if name in LINKS:  # enough to see that it is another one
        return f"…{code[-6:]}"
    return str(CODES.get(name, {}).get(code, code))


def difference_of(
    name: str, before: Any, after: Any, texts: tuple[str, str] | None = None
) -> Difference:
    """What differs between two values of a field. `texts` tells them, where they are not told alone."""
    if isinstance(after, list) and before:
        items = [items_of(name, value) for value in (before, after)]
        return differences.of_lists(label_of(name), *items)
    return differences.of_texts(
        label_of(name), *(texts or (text_of(name, before), text_of(name, after)))
    )
