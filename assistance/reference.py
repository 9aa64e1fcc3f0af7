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
