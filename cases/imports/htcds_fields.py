"""Where each HTCDS 2.0 field goes: 81 live fields and 3 deprecated ones, in HTCDS's order.

Field names and labels from the Human Trafficking Case Data Standard (HTCDS) 2.0, IOM, CC BY 4.0,
https://github.com/UNMigration/HTCDS.
"""

from typing import NamedTuple

from cases.imports.cells import (
    Reader,
    code,
    codes,
    countries,
    country,
    day,
    degrees,
    email,
    known_day,
    language,
    long_text,
    phone,
    planned_day,
    short_text,
    whole_number,
    yes_no,
)


class Place(NamedTuple):
    """Where a column goes and how its cells are read."""

    section: str  # of NewCase, or a key of ENTRY_KINDS, or "other" for CaseSummary.other_htcds
    field: str
    label: str  # as in the second row of HTCDS's workbook
    read: Reader


HTCDS_FIELDS: dict[str, Place] = {
    "org_Name": Place("other", "org_Name", "Organisation Name", short_text),
    "org_ShippingCity": Place("other", "org_ShippingCity", "Shipping City", short_text),
    "org_ShippingCountry": Place("other", "org_ShippingCountry", "Shipping Country", country),
    "org_ShippingState": Place("other", "org_ShippingState", "Shipping State/Province", short_text),
    "org_ShippingStreet": Place("other", "org_ShippingStreet", "Shipping Street", short_text),
    "org_ShippingPostalCode": Place(
        "other", "org_ShippingPostalCode", "Shipping Zip/Postal Code", short_text
    ),
    "org_ShippingLongitude": Place("other", "org_ShippingLongitude", "Longitude", degrees(180)),
    "org_ShippingLatitude": Place("other", "org_ShippingLatitude", "Latitude", degrees(90)),
    "org_Phone": Place("other", "org_Phone", "Phone", phone),
    "org_Type": Place("other", "org_Type", "Type", code("ORGANISATION_TYPE")),
    "prs_Salutation": Place("identity", "salutation", "Salutation", short_text),
    "prs_FirstName": Place("identity", "first_name", "First Name", short_text),
    "prs_MiddleName": Place("identity", "middle_name", "Middle Name", short_text),
    "prs_SecondName": Place("identity", "second_name", "Second Name", short_text),
    "prs_Birthdate": Place("identity", "birthdate", "Birthdate", known_day),
    "prs_Gender": Place("identity", "gender", "Gender", code("GENDER")),
    "prs_Deceased": Place("identity", "deceased", "Deceased", yes_no),
    "prs_MaritalStatus": Place(
        "identity", "marital_status", "Marital Status", code("MARITAL_STATUS")
    ),
    "prs_NumberOfChildren": Place(
        "identity", "number_of_children", "Number of Children", whole_number(0, 99)
    ),
    "prs_PrimaryLanguage": Place("identity", "primary_language", "Primary Language", language),
    "prs_SecondaryLanguage": Place(
        "identity", "secondary_language", "Secondary Language", language
    ),
    "prs_HighestLevelOfEducation": Place(
        "identity", "highest_level_of_education", "Highest Level of Education", code("EDUCATION")
    ),
    "prs_Citizenship": Place("identity", "citizenship", "Citizenship", countries),
    "prs_IdentityNumber": Place("identity", "identity_number", "Identity Number", short_text),
    "prs_Title": Place("identity", "title", "Title", short_text),
    "prs_Email": Place("contact", "email", "Email", email),
    "prs_HomePhone": Place("contact", "home_phone", "Home Phone", phone),
    "prs_MobilePhone": Place("contact", "mobile_phone", "Mobile Phone", phone),
    "prs_MailingCity": Place("contact", "mailing_city", "Mailing City", short_text),
    "prs_MailingCountry": Place("contact", "mailing_country", "Mailing Country", country),
    "prs_MailingState": Place("contact", "mailing_state", "Mailing State/Province", short_text),
    "prs_MailingStreet": Place("contact", "mailing_street", "Mailing Street", short_text),
    "prs_MailingPostalCode": Place(
        "contact", "mailing_postal_code", "Mailing Zip/Postal Code", short_text
    ),
    "prs_MailingLongitude": Place("contact", "mailing_longitude", "Longitude", degrees(180)),
    "prs_MailingLatitude": Place("contact", "mailing_latitude", "Latitude", degrees(90)),
    "vic_AgreementToManagePersonalData": Place(
        "other", "vic_AgreementToManagePersonalData", "Agreement to Manage Personal Data", yes_no
    ),
    "vic_TraffickingStatus": Place(
        "decision", "trafficking_status", "Trafficking Status", code("TRAFFICKING_STATUS")
    ),
    "vic_TraffickingStatusDecisionMakingOrg": Place(
        "decision",
        "trafficking_status_decided_by",
        "Trafficking Status Decision Making Organization",
        code("DECISION_MAKING_ORG"),
    ),
    "vic_RelationshipToTrafficker": Place(
        "victim",
        "relationship_to_trafficker",
        "Relationship to Trafficker",
        codes("RELATIONSHIP_TO_TRAFFICKER"),
    ),
    "vic_AgeWhenTrafficked": Place(
        "victim", "age_when_trafficked", "Age when Trafficked", whole_number(0, 120)
    ),
    "vic_RecruitmentWebsitesAndApps": Place(
        "victim",
        "recruitment_websites_and_apps",
        "Recruitment Websites and Apps",
        codes("WEBSITES_AND_APPS"),
    ),
    "vic_MethodOfRecruitment": Place(
        "victim", "method_of_recruitment", "Method of Recruitment", codes("METHOD_OF_RECRUITMENT")
    ),
    "vic_LocationOfRecruitment": Place(
        "victim", "location_of_recruitment", "Location of Recruitment", long_text
    ),
    "vic_MethodsOfControl": Place(
        "victim", "methods_of_control", "Methods of Control", codes("METHODS_OF_CONTROL")
    ),
    "vic_TypeOfExploitation": Place(
        "victim", "types_of_exploitation", "Type of Exploitation", codes("TYPES_OF_EXPLOITATION")
    ),
    "vic_ForcedLabourIndustry": Place(
        "victim",
        "forced_labour_industry",
        "Forced Labour Industry",
        codes("FORCED_LABOUR_INDUSTRY"),
    ),
    "vic_TypeOfSexExploitation": Place(
        "victim",
        "types_of_sex_exploitation",
        "Type of Sex Exploitation",
        codes("TYPES_OF_SEX_EXPLOITATION"),
    ),
    "vic_LocationOfExploitation": Place(
        "victim", "location_of_exploitation", "Location of Exploitation", long_text
    ),
    "vic_ExploitationWebsitesAndApps": Place(
        "victim",
        "exploitation_websites_and_apps",
        "Exploitation Websites and Apps",
        codes("WEBSITES_AND_APPS"),
    ),
    "vic_Vulnerabilities": Place("other", "vic_Vulnerabilities", "Vulnerabilities", long_text),
    "vic_DetailsOfVulnerabilities": Place(
        "other", "vic_DetailsOfVulnerabilities", "Details Of Vulnerabilities", long_text
    ),
    "per_RoleInProcess": Place(
        "perpetrator", "role_in_process", "Role in Process", codes("PERPETRATOR_ROLE")
    ),
    "per_RoleDetails": Place("perpetrator", "role_details", "Role Details", long_text),
    "per_Organisation": Place("perpetrator", "organisation", "", short_text),
    "cas_Status": Place("other", "cas_Status", "Status", code("CASE_STATUS")),
    "cas_ReasonForCaseClosure": Place(
        "summary", "reason_for_case_closure", "Reason for Case Closure", long_text
    ),
    "cas_CaseOwner": Place("other", "cas_CaseOwner", "Case Owner", short_text),
    "cas_ReferringOrganisation": Place(
        "summary", "referring_organisation", "Referring Organisation", short_text
    ),
    "cas_IncomingReferralDate": Place(
        "summary", "incoming_referral_date", "Incoming Referral Date", day
    ),
    "cas_ReferringPrimaryCaseWorker": Place(
        "summary", "referring_case_worker", "Referring Primary Case Worker", short_text
    ),
    "cas_ReasonForIncomingReferral": Place(
        "summary",
        "reason_for_incoming_referral",
        "Reason for Incoming Referral",
        code("REFERRAL_REASON"),
    ),
    "cas_IncomingReferralDetails": Place(
        "summary", "incoming_referral_details", "Incoming Referral Details", long_text
    ),
    "cas_ReferredOrganisation": Place(
        "summary", "referred_organisation", "Referred Organisation", short_text
    ),
    "cas_ReferredPrimaryCaseWorker": Place(
        "summary", "referred_case_worker", "Referred Primary Case Worker", short_text
    ),
    "cas_ReasonForOutgoingReferral": Place(
        "summary",
        "reason_for_outgoing_referral",
        "Reason for Outgoing Referral",
        code("REFERRAL_REASON"),
    ),
    "cas_OutgoingReferralDate": Place(
        "summary", "outgoing_referral_date", "Outgoing Referral Date", day
    ),
    "cas_OutgoingReferralDetails": Place(
        "summary", "outgoing_referral_details", "Outgoing Referral Details", long_text
    ),
    "cco_CaseComment": Place("comment", "comment", "Case Comment", long_text),
    "hte_Longitude": Place("event", "longitude", "Longitude", degrees(180)),
    "hte_Latitude": Place("event", "latitude", "Latitude", degrees(90)),
    "hte_City": Place("event", "city", "City", short_text),
    "hte_Country": Place("event", "country", "Country", country),
    "hte_State": Place("event", "state", "State", short_text),
    "hte_Street": Place("event", "street", "Street", short_text),
    "hte_PostalCode": Place("event", "postal_code", "PostalCode", short_text),
    "hte_Date": Place("event", "event_date", "Date", known_day),
    "hte_Type": Place("event", "event_type", "Type", code("HISTORIC_EVENT_TYPE")),
    "hte_Description": Place("event", "event_description", "Description", long_text),
    "spl_Objectives": Place("plan", "objectives", "Objectives", long_text),
    "spl_ActionPlan": Place("plan", "action_plan", "Action Plan", long_text),
    "spl_PlannedEndDate": Place("plan", "planned_end_date", "Planned End Date", planned_day),
    "spl_ActualEndDate": Place("plan", "actual_end_date", "Actual End Date", day),
    "spl_Type": Place("plan", "plan_type", "Type", code("SUPPORT_PLAN_TYPE")),
    "con_Consent": Place("consent", "consented", "Consent", yes_no),
}

# Given up by HTCDS 2.0, and still read.
DEPRECATED = frozenset(
    {"vic_AgreementToManagePersonalData", "vic_Vulnerabilities", "vic_DetailsOfVulnerabilities"}
)
