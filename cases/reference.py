"""The pick-lists of the case file: code -> label. Codes are permanent, labels are translated.

Field names, codes and labels from the Human Trafficking Case Data Standard (HTCDS) 2.0, IOM,
CC BY 4.0, https://github.com/UNMigration/HTCDS; definitions shortened. Consent points are told in
our words. What is not HTCDS's is named in OURS. Age bands, durations and recruiter relations follow
the layout of the Counter-Trafficking Data Collaborative (CTDC).
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Codes = dict[str, "StrPromise"]

GENDER: Codes = {
    "Feminine": _("Feminine"),
    "Masculine": _("Masculine"),
    "TransgenderFeminine": _("Transgender Feminine"),
    "TransgenderMasculine": _("Transgender Masculine"),
    "NonConforming": _("Non-Conforming"),
    "NonSpecifiedUnknown": _("Not Specified/Unknown"),
    "TransgenderOrNonConforming": _("Transgender or non-conforming (not told apart)"),
}

MARITAL_STATUS: Codes = {
    "Single": _("Single"),
    "Married": _("Married"),
    "Widowed": _("Widowed"),
    "Divorced": _("Divorced"),
    "Separated": _("Separated"),
    "RegisteredPartnership": _("Registered Partnership"),
}

# ISCED 2011
EDUCATION: Codes = {
    "EarlyChildhoodEducation": _("Early Childhood Education"),
    "PrimaryEducation": _("Primary Education"),
    "LowerSecondaryEducation": _("Lower Secondary Education"),
    "UpperSecondaryEducation": _("Upper Secondary Education"),
    "PostSecondaryNonTertiaryEducation": _("Post-secondary Non-tertiary Education"),
    "ShortCycleTertiaryEducation": _("Short-cycle Tertiary Education"),
    "BachelorsOrEquivalentLevel": _("Bachelor’s or Equivalent Level"),
    "MastersOrEquivalentLevel": _("Master’s or Equivalent Level"),
    "DoctoralOrEquivalentLevel": _("Doctoral or Equivalent Level"),
}

TRAFFICKING_STATUS: Codes = {
    "PossibleVictimOfTrafficking": _("Possible victim of trafficking"),
    "ActualVictimOfTrafficking": _("Actual victim of trafficking"),
    "NotAVictimOfTrafficking": _("Not a victim of trafficking"),
}

DECISION_MAKING_ORG: Codes = {
    "Police": _("Police"),
    "NGO": _("NGO"),
    "CourtOrProsecution": _("Court or prosecution"),
    "NonPoliceGovernmentalOrganization": _("Non-police governmental organization"),
    "Other": _("Other"),
}

RELATIONSHIP_TO_TRAFFICKER: Codes = {
    "Familial": _("Familial"),
    "Acquainted": _("Acquainted"),
    "Unaquainted": _("Unacquainted"),  # the code is spelt as HTCDS spells it
}

WEBSITES_AND_APPS: Codes = {
    "Facebook": _("Facebook"),
    "Instagram": _("Instagram"),
    "WhatsApp": _("WhatsApp"),
    "Telegram": _("Telegram"),
    "FacebookMessenger": _("Facebook Messenger"),
    "Viber": _("Viber"),
    "SnapChat": _("SnapChat"),
    "Line": _("Line"),
    "4Sale": _("4Sale"),
    "WeChat": _("WeChat"),
    "QQ": _("QQ"),
    "QZone": _("QZone"),
    "TikTok": _("TikTok"),
    "Twitter": _("Twitter"),
    "Other": _("Other"),
}

METHOD_OF_RECRUITMENT: Codes = {
    "AtAPlaceOfBusiness": _("At a place of business"),
    "AtAnEducationalInstitution": _("At an educational institution"),
    "AtWork": _("At work"),
    "ThroughOnlineSocialNetworks": _("Through online social networks"),
    "ThroughAnOnlineAdvertisement": _("Through an online advertisement"),
    "ThroughATelevisionAdvert": _("Through a television advert"),
    "ThroughANewspaperAdvert": _("Through a newspaper advert"),
    "ThroughFamilyOrFamilyEvents": _("Through family or family events"),
    "ThroughFriendsOrSocialEvents": _("Through friends or social events"),
    "Other": _("Other"),
}

METHODS_OF_CONTROL: Codes = {
    "PhysicalThreats": _("Physical threats"),
    "ThreatsLawEnforcement": _("Threats of law enforcement"),
    "ThreatensChildrenFamily": _("Threatens children/family"),
    "DebtBondage": _("Debt bondage"),
    "FalsePromises": _("False promises"),
    "PhysicalAbuse": _("Physical abuse"),
    "SexualAbuse": _("Sexual abuse"),
    "TakesEarnings": _("Takes earnings"),
    "RestrictsFinancialAccess": _("Restricts financial access"),
    "RestrictsMedicalCare": _("Restricts medical care"),
    "WithholdsNecessities": _("Withholds necessities"),
    "PsychologicalAbuse": _("Psychological abuse"),
    "PsychoactiveSubstance": _("Psychoactive substance"),
    "ExcessiveWorkingHours": _("Excessive working hours"),
    "WithholdsDocuments": _("Withholds documents"),
    "RestrictsMovement": _("Restricts movement"),
    "UsesChildren": _("Uses children"),
    "Other": _("Other"),
}

TYPES_OF_EXPLOITATION: Codes = {
    "ForcedLabour": _("Forced labour"),
    "SexualExploitation": _("Sexual exploitation"),
    "ChildLabour": _("Child labour"),
    "ForcedMarriage": _("Forced marriage"),
    "Servitude": _("Servitude"),
    "ForcedMilitaryByNonStateActors": _("Forced military (by non-state actors)"),
    "OrganRemoval": _("Organ removal"),
    "ForcedBegging": _("Forced begging"),
    "ForcedAdoption": _("Forced adoption"),
    "Surrogacy": _("Surrogacy"),
    "ForcedCriminality": _("Forced criminality"),
    "Other": _("Other"),
    "OtherGrouped": _("Another form (marriage, military, organ removal or other; not told apart)"),
}

# Sections of ISIC Rev. 4
FORCED_LABOUR_INDUSTRY: Codes = {
    "A_AgricultureForestryAndFishing": _("Agriculture, forestry and fishing"),
    "B_MiningAndQuarrying": _("Mining and quarrying"),
    "C_Manufacturing": _("Manufacturing"),
    "D_ElectricityGasSteamAndAirConditioningSupply": _(
        "Electricity, gas, steam and air conditioning supply"
    ),
    "E_WaterSupplySewerageWasteManagement": _(
        "Water supply; sewerage, waste management and remediation"
    ),
    "F_Construction": _("Construction"),
    "G_WholesaleAndRetailTradeRepairOfMotorVehicles": _(
        "Wholesale and retail trade; repair of motor vehicles and motorcycles"
    ),
    "H_TransportationAndStorage": _("Transportation and storage"),
    "I_AccommodationAndFoodServiceActivities": _("Accommodation and food service activities"),
    "J_InformationAndCommunication": _("Information and communication"),
    "K_FinancialAndInsuranceActivities": _("Financial and insurance activities"),
    "L_RealEstateActivities": _("Real estate activities"),
    "M_ProfessionalScientificAndTechnicalActivities": _(
        "Professional, scientific and technical activities"
    ),
    "N_AdministrativeAndSupportServiceActivities": _(
        "Administrative and support service activities"
    ),
    "O_PublicAdministrationAndDefence": _(
        "Public administration and defence; compulsory social security"
    ),
    "P_Education": _("Education"),
    "Q_HumanHealthAndSocialWorkActivities": _("Human health and social work activities"),
    "R_ArtsEntertainmentAndRecreation": _("Arts, entertainment and recreation"),
    "S_OtherServiceActivities": _("Other service activities"),
    "T_ActivitiesOfHouseholdsAsEmployers": _(
        "Activities of households as employers; undifferentiated goods- and services- "
        "producing activities of households for own use"
    ),
    "U_ActivitiesOfExtraterritorialOrganizations": _(
        "Activities of extraterritorial organizations and bodies"
    ),
    "OtherIndustry": _("Another industry (not told which)"),
}

TYPES_OF_SEX_EXPLOITATION: Codes = {
    "Prostitution": _("Prostitution"),
    "Pornography": _("Pornography"),
    "RemoteInteractiveServices": _("Remote Interactive Services"),
    "PrivateSexualServices": _("Private Sexual Services"),
    "OtherSexual": _("Another form of sexual exploitation (not told which)"),
}

CASE_STATUS: Codes = {
    "Active": _("Active"),
    "FollowUp": _("Follow Up"),
    "Closed": _("Closed"),
    "ClosedReferred": _("Closed Referred"),
}

REFERRAL_REASON: Codes = {
    "AdditionalServicesRequired": _("Additional Services Required"),
    "MigrationOrChangeOfLocation": _("Migration or Change of Location"),
    "Other": _("Other"),
}

# What somebody needs who is referred to us: the services that cases are referred for, by their codes.
NEEDS: Codes = {
    "shelter": _("Shelter or housing"),
    "medical": _("Medical care"),
    "psychological": _("Psychological care"),
    "legal": _("Legal help"),
    "documents": _("Identity papers"),
    "child_protection": _("Protection of a child"),
    "safety": _("Protection from threats"),
    "family_tracing": _("Finding the family"),
    "return": _("Return home"),
    "material": _("Food, clothes, money"),
    "interpreting": _("Interpreting"),
}

# Answers to what is told of somebody, who is not there to ask.
TOLD_ANSWERS: Codes = {
    "yes": _("Yes"),
    "no": _("No"),
    "unknown": _("Not known"),
}

ORGANISATION_TYPE: Codes = {
    "NGO": _("NGO"),
    "LawEnforcement": _("Law Enforcement"),
    "HealthServiceOrganisation": _("Health Service Organisation"),
    "CentralGovernmentOrganisation": _("Central Government Organisation"),
    "LocalGovernmentOrganisation": _("Local Government Organisation"),
    "ImmigrationService": _("Immigration Service"),
    "LegalService": _("Legal Service"),
    "CorporateBusiness": _("Corporate Business"),
    "SchoolOrCollege": _("School or College"),
}

HISTORIC_EVENT_TYPE: Codes = {
    "Recruitment": _("Recruitment"),
    "Transit": _("Transit"),
    "Exploitation": _("Exploitation"),
}

PERPETRATOR_ROLE: Codes = {
    "TravellingPartner": _("Travelling Partner"),
    "Transporter": _("Transporter"),
    "RecruiterOrIntermediary": _("Recruiter Or Intermediary"),
    "BrokerTravelAgent": _("Broker Travel Agent"),
    "TransferredIndividual": _("Transferred Individual"),
    "HarbouredIndividual": _("Harboured Individual"),
    "SoldIndividual": _("Sold Individual"),
    "BoughtIndividual": _("Bought Individual"),
    "ReceivedIndividual": _("Received Individual"),
    "ControlledIndividual": _("Controlled Individual"),
    "Smuggler": _("Smuggler"),
    "Abuser": _("Abuser"),
    "Kidnapper": _("Kidnapper"),
    "Exploiter": _("Exploiter"),
    "Other": _("Other"),
}

SUPPORT_PLAN_TYPE: Codes = {
    "Education": _("Education"),
    "Financial": _("Financial"),
    "Health": _("Health"),
    "LabourExploitationRehabilitation": _("Labour Exploitation Rehabilitation"),
    "Legal": _("Legal"),
    "Livelihood": _("Livelihood"),
    "RightsBasedTraining": _("Rights-based Training"),
    "SexualExploitationRehabilitation": _("Sexual Exploitation Rehabilitation"),
    "SocialCare": _("Social Care"),
}

# Ours: answers that HTCDS's yes and no leave out.
ANSWERS: Codes = {
    "yes": _("Yes"),
    "no": _("No"),
    "unknown": _("Not known"),
    "declined": _("Did not want to say"),
}

# Ours: why a field has no answer. Empty says less: nobody noted anything.
UNANSWERED: Codes = {
    "not_asked": _("Not asked"),
    "unknown": ANSWERS["unknown"],
    "declined": ANSWERS["declined"],
}

# Ours: papers, and where they are. That somebody else holds them is a sign of trafficking.
DOCUMENT_TYPES: Codes = {
    "passport": _("Passport"),
    "national_id": _("National identity card"),
    "birth_certificate": _("Birth certificate"),
    "residence_permit": _("Residence permit"),
    "travel_document": _("Travel document, or return certificate"),
    "asylum_document": _("Paper of an asylum seeker or refugee"),
    "driving_licence": _("Driving licence"),
    "other": _("Another paper"),
}
DOCUMENT_HELD: Codes = {
    "with_person": _("With the person"),
    "kept_by_us": _("Kept by us"),
    "taken": _("Taken from the person"),
    "with_authority": _("With an authority"),
    "with_family": _("With the family or somebody they trust"),
    "lost": _("Lost or destroyed"),
    "unknown": ANSWERS["unknown"],
}

CHANNELS: Codes = {
    "mobile": _("Mobile phone"),
    "landline": _("Landline phone"),
    "messenger": _("Messenger"),
    "social_network": _("Social network"),
    "email": _("E-mail"),
    "other": _("Another way"),
}

# Ours: what two cases have to do with each other.
LINKS: Codes = {
    "same_person": _("The same person"),
    "family": _("Family"),
    "same_event": _("The same events"),
    "same_trafficker": _("The same traffickers"),
}

# How a duplicate and the case that is kept name each other. Merging makes these links.
DUPLICATE, KEPT = "duplicate_of", "has_duplicate"
MERGE_LINKS: Codes = {DUPLICATE: _("Duplicate of"), KEPT: _("Merged into this case")}

# Ours, in our words: what often goes with trafficking. One sign proves nothing.
INDICATORS: Codes = {
    "papers_held": _("Does somebody else hold the person's papers?"),
    "cannot_leave": _("Can they not leave, or only under watch?"),
    "threatened": _("Are they or their family threatened?"),
    "violence": _("Are there traces of violence?"),
    "debt": _("Do they work off a debt that hardly shrinks?"),
    "pay_withheld": _("Is their pay withheld, or must they hand it over?"),
    "deceived": _("Is the work or the place other than was promised?"),
    "long_hours": _("Do they work without rest, beyond what anybody would agree to?"),
    "lives_at_work": _("Do they live where they work, or where the employer says?"),
    "cut_off": _("Are they cut off from family and friends?"),
    "speaks_for_them": _("Does somebody else speak for them, or do answers sound learnt by heart?"),
    "fears_authorities": _("Do they fear the authorities because of what they were told?"),
    "brought_by_others": _("Did others arrange and pay for the journey?"),
    "passed_on": _("Were they passed on from one to another?"),
    "sexual_services": _("Must they give sexual services against their will?"),
    "made_to_offend": _("Are they made to beg, steal or break the law otherwise?"),
}
INDICATOR_ANSWERS: Codes = {"yes": ANSWERS["yes"], "no": ANSWERS["no"], **UNANSWERED}
SCREENING_RESULTS: Codes = {
    "identify": _("Signs of trafficking: pass on for identification"),
    "ask_again": _("Not clear: ask again"),
    "no_signs": _("No signs of trafficking"),
}

# Ours. Some are for adults alone, some for children alone.
PROTECTION_STEPS: Codes = {
    "reflection": _("Reflection period"),
    "best_interests": _("Best interests of the child determined"),
    "guardian": _("Guardian appointed"),
    "residence": _("Leave to stay as a victim"),
    "physical": _("Physical protection"),
    "other": _("Another step"),
}
STEPS_OF_ADULTS = frozenset({"reflection"})
STEPS_OF_CHILDREN = frozenset({"best_interests", "guardian"})

# Ours, in the order of danger.
RISK_LEVELS: Codes = {
    "low": _("Low"),
    "medium": _("Medium"),
    "high": _("High"),
    "extreme": _("Extreme: act now"),
}

# What makes somebody vulnerable, after HTCDS's example questions: of the person, the household, the
# community. HTCDS names no codes for them.
RISKS_OF_PERSON: Codes = {
    "origin": _("Nationality, race or ethnicity"),
    "orientation": _("Sexual orientation"),
    "age": _("Age"),
}
RISKS_OF_HOUSEHOLD: Codes = {
    "income": _("Source of income"),
    "violence": _("Violence or abuse at home"),
    "discrimination": _("Preferential treatment or discrimination at home"),
}
RISKS_OF_COMMUNITY: Codes = {
    "law_enforcement": _("Access to law enforcement that helps"),
    "governance": _("Local governance, or acting together"),
    "education": _("Access to education"),
}

# What was explained before the person agreed
CONSENT_GUIDANCE: Codes = {
    "interview_agreed": _("The person agrees to be interviewed (assent for a child)."),
    "purpose_explained": _("The purpose of the interview was explained."),
    "data_use_explained": _("Present and possible later uses of the data were explained."),
    "research_use_explained": _("Use of non-identifying data for research was explained."),
    "access_right_explained": _("The right to ask for own data at any time was explained."),
    "retention_explained": _("How long data are kept was explained."),
    "withdrawal_explained": _("How to withdraw consent was explained."),
}

CONSENT_PURPOSES: Codes = {
    "assistance": _("Assistance by our organisation"),
    "referral": _("Sharing with the organisations of a referral"),
    "legal_proceedings": _("Legal proceedings"),
    "follow_up": _("Contact after the assistance has ended"),
    "statistics": _("Anonymised statistics"),
    "research": _("Research with data that name nobody"),
}

CONSENT_FORMS: Codes = {
    "written": _("In writing"),
    "recorded": _("Recorded (sound or video)"),
    "verbal_certified": _("By word, certified in writing by the case officer"),
}

# Ours: why somebody of the staff is kept out of a case.
EXCLUSION_GROUNDS: Codes = {
    "named": _("Is named in the case"),
    "relative": _("Is a relative"),
    "former_partner": _("Is or was a partner"),
}

# Age in whole years
AGE_BANDS: Codes = {
    "0-8": _("0 to 8"),
    "9-17": _("9 to 17"),
    "18-20": _("18 to 20"),
    "21-23": _("21 to 23"),
    "24-26": _("24 to 26"),
    "27-29": _("27 to 29"),
    "30-38": _("30 to 38"),
    "39-47": _("39 to 47"),
    "48+": _("48 and over"),
}

MAJORITY: Codes = {
    "Adult": _("Adult (18 or over)"),
    "Minor": _("Child (under 18)"),
}

# Why a case is closed. HTCDS has free text there; these follow IOM's Reintegration Handbook, in our
# words.
CLOSURE_REASONS: Codes = {
    "Supported": _("The goals are reached, or the time of support is over"),
    "NotEligible": _("The person is not, or no longer, among those we assist"),
    "PersonStops": _("The person does not want support any more"),
    "Moved": _("The person left the area or moved on"),
    "LostContact": _("The person cannot be reached"),
    "Referred": _("Another organisation took the work over"),
    "Died": _("The person died"),
    "Funding": _("There is no funding for more"),
    "Safety": _("Going on would endanger the person or the staff"),
    "Other": _("Another reason"),
}

# What became of the work with the person: still open, or how it ended. Where support ended as it was
# meant to, the goals of the plan tell more.
STILL_OPEN, ALL_REACHED, PARTLY_REACHED = "Open", "AllReached", "PartlyReached"
OUTCOMES: Codes = {
    STILL_OPEN: _("The case is open"),
    ALL_REACHED: _("Every goal of the plan was reached"),
    PARTLY_REACHED: _("Some goals of the plan were reached"),
    **CLOSURE_REASONS,
}

# By what kind of body the person was referred to us.
OTHER_BODY = "OtherBody"
REFERRAL_SOURCES: Codes = {
    **ORGANISATION_TYPE,
    OTHER_BODY: _("Somebody else (not told who)"),
}

# Of exploitation, in months
DURATIONS: Codes = {
    "0-12": _("Up to 1 year"),
    "13-24": _("1 to 2 years"),
    "25-60": _("2 to 5 years"),
    "61+": _("More than 5 years"),
}

RECRUITER_RELATIONS: Codes = {
    "IntimatePartner": _("Intimate partner"),
    "Friend": _("Friend"),
    "Family": _("Family"),
    "Other": _("Another relation, or none"),
    "Acquainted": _("Acquainted (partner, friend or other; not told apart)"),
}

# Codes that stand in no HTCDS pick-list, by list. RestrictsMovement and UsesChildren are defined by
# HTCDS but missing from its list.
OURS: dict[str, frozenset[str]] = {
    "GENDER": frozenset({"TransgenderOrNonConforming"}),
    "METHODS_OF_CONTROL": frozenset({"RestrictsMovement", "UsesChildren"}),
    "TYPES_OF_EXPLOITATION": frozenset({"ForcedCriminality", "OtherGrouped"}),
    "FORCED_LABOUR_INDUSTRY": frozenset({"OtherIndustry"}),
    "TYPES_OF_SEX_EXPLOITATION": frozenset({"OtherSexual"}),
    "ANSWERS": frozenset(ANSWERS),
    "UNANSWERED": frozenset(UNANSWERED),
    "DOCUMENT_TYPES": frozenset(DOCUMENT_TYPES),
    "DOCUMENT_HELD": frozenset(DOCUMENT_HELD),
    "CHANNELS": frozenset(CHANNELS),
    "LINKS": frozenset(LINKS),
    "INDICATORS": frozenset(INDICATORS),
    "INDICATOR_ANSWERS": frozenset(INDICATOR_ANSWERS),
    "SCREENING_RESULTS": frozenset(SCREENING_RESULTS),
    "PROTECTION_STEPS": frozenset(PROTECTION_STEPS),
    "CLOSURE_REASONS": frozenset(CLOSURE_REASONS),
    "OUTCOMES": frozenset(OUTCOMES),
    "REFERRAL_SOURCES": frozenset({OTHER_BODY}),
    "RISK_LEVELS": frozenset(RISK_LEVELS),
    "RISKS_OF_PERSON": frozenset(RISKS_OF_PERSON),
    "RISKS_OF_HOUSEHOLD": frozenset(RISKS_OF_HOUSEHOLD),
    "RISKS_OF_COMMUNITY": frozenset(RISKS_OF_COMMUNITY),
    "CONSENT_GUIDANCE": frozenset(CONSENT_GUIDANCE),
    "CONSENT_PURPOSES": frozenset(CONSENT_PURPOSES),
    "CONSENT_FORMS": frozenset(CONSENT_FORMS),
    "AGE_BANDS": frozenset(AGE_BANDS),
    "MAJORITY": frozenset(MAJORITY),
    "DURATIONS": frozenset(DURATIONS),
    "RECRUITER_RELATIONS": frozenset(RECRUITER_RELATIONS),
}

# Sources that merge several answers into one column need a code for the merged answer. Nobody picks
# such a code by hand: whoever knows the person knows more.
GROUPED: dict[str, frozenset[str]] = {
    "GENDER": frozenset({"TransgenderOrNonConforming"}),
    "TYPES_OF_EXPLOITATION": frozenset({"OtherGrouped"}),
    "FORCED_LABOUR_INDUSTRY": frozenset({"OtherIndustry"}),
    "TYPES_OF_SEX_EXPLOITATION": frozenset({"OtherSexual"}),
    "RECRUITER_RELATIONS": frozenset({"Acquainted"}),
}


def codes_of(name: str) -> Codes:
    """The whole pick-list of that name, merged codes included. KeyError for an unknown name."""
    if not name.isupper() or name in ("OURS", "GROUPED"):
        raise KeyError(name)
    codes: Codes = globals()[name]
    return codes


def entry_choices(name: str) -> list[tuple[str, "StrPromise"]]:
    """What a form offers for that pick-list, in its order: (code, label) without merged codes."""
    merged = GROUPED.get(name, frozenset())
    return [(code, label) for code, label in codes_of(name).items() if code not in merged]
