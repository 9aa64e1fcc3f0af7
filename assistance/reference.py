"""The pick-lists of assistance: code -> label. Codes are permanent, labels are translated.

Dimensions and types of reintegration follow the IOM Reintegration Handbook, individual level.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Codes = dict[str, "StrPromise"]

KINDS: Codes = {
    "medical": _("Medical"),
    "psychological": _("Psychological"),
    "legal": _("Legal"),
    "financial": _("Financial"),
    "reintegration": _("Reintegration"),
    "shelter": _("Shelter"),
    "immediate": _("Immediate needs"),
    "safety": _("Safety"),
    "return": _("Return and travel"),
    "interpretation": _("Interpretation"),
}

PSYCHOLOGICAL_METHODS: Codes = {
    "individual_counselling": _("Individual counselling"),
    "group_counselling": _("Group counselling"),
    "crisis_intervention": _("Crisis intervention"),
    "psychotherapy": _("Psychotherapy"),
    "other": _("Other"),
}

LEGAL_STAGES: Codes = {
    "advice": _("Advice"),
    "complaint_filed": _("Complaint filed"),
    "investigation": _("Investigation"),
    "trial": _("Trial"),
    "compensation": _("Compensation"),
    "closed": _("Closed"),
}

CURRENCIES: Codes = {  # ISO 4217
    "BYN": _("Belarusian rouble"),
    "EUR": _("Euro"),
    "USD": _("US dollar"),
}

REINTEGRATION_DIMENSIONS: Codes = {
    "economic": _("Economic"),
    "social": _("Social"),
    "psychosocial": _("Psychosocial"),
}

# Dimension -> its types. A code stands in one dimension only, so it tells its dimension.
REINTEGRATION_TYPES: dict[str, Codes] = {
    "economic": {
        "cash": _("Cash"),
        "in_kind": _("Support in kind"),
        "job_placement": _("Job placement"),
        "business_development": _("Business development support"),
        "business_start_up": _("Grant to start a business"),
        "vocational_training": _("Vocational training"),
        "scholarship": _("Scholarship for school or university"),
        "recognition_of_records": _("Recognition of work and study records"),
        "financial_training": _("Financial training"),
        "micro_saving": _("Micro-saving"),
        "self_help_group": _("Self-help group"),
        "savings_and_credit": _("Savings and credit association"),
        "productive_assets": _("Productive assets"),
    },
    "social": {
        "housing": _("Housing"),
        "documentation": _("Documents"),
        "social_protection": _("Social protection schemes"),
        "education_and_training": _("Education and training"),
        "health": _("Access to health care"),
        "food_and_water": _("Food and water"),
        "justice_and_rights": _("Justice and rights"),
    },
    "psychosocial": {
        "counselling": _("Counselling"),
        "clinical_referral": _("Referral to clinical care"),
        "social_networks": _("Rebuilding social networks"),
    },
}

VISIT_WAYS: Codes = {
    "visit": _("Visit"),
    "telephone": _("Telephone"),
    "message": _("Messages"),
    "office": _("At the office"),
}

SHELTER_TYPES: Codes = {
    "emergency_shelter": _("Emergency shelter"),
    "safe_house": _("Safe house"),
    "child_care": _("Foster or other care for a child"),
    "transitional_housing": _("Transitional housing"),
    "rent": _("Rented lodging"),
    "other_shelter": _("Other shelter"),
}

IMMEDIATE_TYPES: Codes = {
    "food": _("Food and water for the first days"),
    "clothing": _("Clothing"),
    "hygiene": _("Hygiene items"),
    "communication": _("Telephone, and contact with family"),
    "local_transport": _("Local transport"),
    "items_for_children": _("Items for children"),
    "other_need": _("Other need"),
}

SAFETY_TYPES: Codes = {
    "safety_planning": _("Safety planning"),
    "police_protection": _("Protection by the police"),
    "relocation": _("Relocation"),
    "escort": _("Escort"),
    "safe_communication": _("Safe telephone and accounts"),
    "protective_order": _("Protective order"),
    "other_safety": _("Other measure"),
}

RETURN_PHASES: Codes = {
    "pre_departure": _("Before departure"),
    "travel": _("Travel"),
    "post_arrival": _("After arrival"),
}

# Phase -> its types, as in assisted voluntary return.
RETURN_TYPES: dict[str, Codes] = {
    "pre_departure": {
        "return_counselling": _("Counselling on return"),
        "fitness_to_travel": _("Medical check before travel"),
        "travel_papers": _("Travel papers"),
    },
    "travel": {
        "tickets": _("Tickets"),
        "travel_allowance": _("Travel allowance"),
        "travel_escort": _("Escort on the way"),
        "transit_help": _("Help in transit"),
    },
    "post_arrival": {
        "reception": _("Reception"),
        "onward_transport": _("Onward transport"),
        "health_on_arrival": _("Health care on arrival"),
        "monitoring": _("Monitoring after return"),
    },
}

INTERPRETATION_TYPES: Codes = {
    "in_person": _("In person"),
    "by_telephone": _("By telephone"),
    "by_video": _("By video"),
    "written": _("Written translation"),
}

PROGRESS: Codes = {
    "not_begun": _("Not begun"),
    "under_way": _("Under way"),
    "reached": _("Reached"),
    "given_up": _("Given up"),
}
ENDED = ("reached", "given_up")  # of them

# Asked of the person. What was not asked, not known or not answered is never a low mark.
SATISFACTION: Codes = {
    "very_satisfied": _("Very satisfied"),
    "satisfied": _("Satisfied"),
    "neither": _("Neither satisfied nor dissatisfied"),
    "dissatisfied": _("Dissatisfied"),
    "very_dissatisfied": _("Very dissatisfied"),
    "unknown": _("Not known"),
    "not_asked": _("Not asked"),
    "declined": _("Did not want to say"),
}
