"""Other spellings met in real files, and the names they stand for here."""

# HTCDS's own files disagree on these codes: list -> spelling -> code
CODE_SPELLINGS: dict[str, dict[str, str]] = {
    "RELATIONSHIP_TO_TRAFFICKER": {"Unacquainted": "Unaquainted"},
    "METHODS_OF_CONTROL": {
        "Threats": "PhysicalThreats",
        "ThreatOfLawEnforcement": "ThreatsLawEnforcement",
        "PsychoactiveSubstances": "PsychoactiveSubstance",
        "MethodsOfControlRestrictsMovement": "RestrictsMovement",
        "MethodsOfControlUsesChildren": "UsesChildren",
    },
}

# A misspelt header of HTCDS's own workbook. Underscores and case are forgiven anyway.
HTCDS_HEADERS: dict[str, str] = {
    "vic_TraffickinStatusDecisionMakingOrg": "vic_TraffickingStatusDecisionMakingOrg",
}

# Headers that some copies of CTDC's file shorten
CTDC_HEADERS: dict[str, str] = {
    "meansOfControlThreatOfLawEnforcement": "meansOfControlThreatOfLawEnforce",
}

# Everyday names of countries that ISO writes otherwise
COUNTRY_NAMES: dict[str, str] = {
    "Bolivia": "BO",
    "Brunei": "BN",
    "Czech Republic": "CZ",
    "Great Britain": "GB",
    "Iran": "IR",
    "Ivory Coast": "CI",
    "Laos": "LA",
    "Macedonia": "MK",
    "Moldova": "MD",
    "North Korea": "KP",
    "Palestine": "PS",
    "Russia": "RU",
    "South Korea": "KR",
    "Syria": "SY",
    "Taiwan": "TW",
    "Tanzania": "TZ",
    "Turkey": "TR",
    "UK": "GB",
    "United Kingdom": "GB",
    "United States": "US",
    "Venezuela": "VE",
    "Vietnam": "VN",
}
