"""Countries in the geographic regions of the United Nations (M49): country → sub-region → region.

Source: United Nations Statistics Division, Standard country or area codes for statistical use (M49).
Where M49 divides a sub-region into intermediate regions, these stand for it. Taiwan, which M49 does
not list, is put with the countries around it; Antarctica is in no region.
"""

from django.utils.translation import gettext_lazy as _

# Region → (its name, its sub-regions)
REGIONS = {
    "m49-002": (_("Africa"), ("m49-015", "m49-011", "m49-017", "m49-014", "m49-018")),
    "m49-019": (_("Americas"), ("m49-021", "m49-013", "m49-029", "m49-005")),
    "m49-142": (_("Asia"), ("m49-143", "m49-030", "m49-035", "m49-034", "m49-145")),
    "m49-150": (_("Europe"), ("m49-151", "m49-154", "m49-039", "m49-155")),
    "m49-009": (_("Oceania"), ("m49-053", "m49-054", "m49-057", "m49-061")),
}
# Sub-region → (its name, its countries)
SUB_REGIONS = {
    "m49-015": (_("Northern Africa"), "DZ EG EH LY MA SD TN"),
    "m49-011": (_("Western Africa"), "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG"),
    "m49-017": (_("Middle Africa"), "AO CD CF CG CM GA GQ ST TD"),
    "m49-014": (
        _("Eastern Africa"),
        "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    ),
    "m49-018": (_("Southern Africa"), "BW LS NA SZ ZA"),
    "m49-021": (_("Northern America"), "BM CA GL PM US"),
    "m49-013": (_("Central America"), "BZ CR GT HN MX NI PA SV"),
    "m49-029": (
        _("Caribbean"),
        "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    ),
    "m49-005": (_("South America"), "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE"),
    "m49-143": (_("Central Asia"), "KG KZ TJ TM UZ"),
    "m49-030": (_("Eastern Asia"), "CN HK JP KP KR MN MO TW"),
    "m49-035": (_("South-eastern Asia"), "BN ID KH LA MM MY PH SG TH TL VN"),
    "m49-034": (_("Southern Asia"), "AF BD BT IN IR LK MV NP PK"),
    "m49-145": (_("Western Asia"), "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE"),
    "m49-151": (_("Eastern Europe"), "BG BY CZ HU MD PL RO RU SK UA"),
    "m49-154": (_("Northern Europe"), "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ"),
    "m49-039": (_("Southern Europe"), "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA"),
    "m49-155": (_("Western Europe"), "AT BE CH DE FR LI LU MC NL"),
    "m49-053": (_("Australia and New Zealand"), "AU CC CX HM NF NZ"),
    "m49-054": (_("Melanesia"), "FJ NC PG SB VU"),
    "m49-057": (_("Micronesia"), "FM GU KI MH MP NR PW UM"),
    "m49-061": (_("Polynesia"), "AS CK NU PF PN TK TO TV WF WS"),
}
SUB_REGION_OF = {
    country: sub_region
    for sub_region, (_name, countries) in SUB_REGIONS.items()
    for country in countries.split()
}
REGION_OF = {
    sub_region: region
    for region, (_name, sub_regions) in REGIONS.items()
    for sub_region in sub_regions
}
NAMES = {code: name for code, (name, _parts) in (SUB_REGIONS | REGIONS).items()}
