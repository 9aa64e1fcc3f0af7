"""The directory of the demonstration: invented providers, at streets and numbers that do not exist."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import Organisation, User
from assistance.models import Provider
from assistance.providers.directory import add_provider, note_places


@dataclass(frozen=True)
class Invented:
    """One entry. `ends` are the days until the agreement ends; None without one."""

    name: str
    kind: str
    services: tuple[str, ...]
    languages: tuple[str, ...]
    region: str
    address: str
    opening: str
    ends: int | None = None
    free: int | None = None
    remarks: str = ""
    agency: str = ""  # the organisation of a desk, by its name
    is_retired: bool = False


HEALTH, LAW, STATE = "HealthServiceOrganisation", "LegalService", "LocalGovernmentOrganisation"
ALWAYS, OFFICE_HOURS = "Day and night", "Monday to Friday, 9 to 17"
INVENTED = (
    Invented(
        *("Linden House", "NGO", ("shelter", "material", "social"), ("be", "ru", "en")),
        *("Minsk", "12 Linden Lane, Minsk", ALWAYS, 400, 3),
        remarks="Women with children up to twelve. Rooms on the ground floor have no steps.",
        agency="Linden House shelter (partner)",
    ),
    Invented(
        *("The Bridge", "NGO", ("child_protection", "education", "psychological"), ("be", "ru")),
        *("Minsk", "4 Bridge Square, Minsk", OFFICE_HOURS, 41),
        agency="The Bridge centre for children (partner)",
    ),
    Invented(
        *("Hostel Stork", "CorporateBusiness", ("shelter",), ("ru", "en", "uk")),
        *("Brest", "7 Meadow Street, Brest", ALWAYS, -12, 6),
        remarks="Paid by the night. Ask for the quiet side.",
    ),
    Invented(
        *("Night shelter Wren", "NGO", ("shelter", "material"), ("be", "ru")),
        *("Vitebsk", "3 Wren Court, Vitebsk", "Every day from 18 to 9", 200, 0),
    ),
    Invented(
        *("Willow clinic", HEALTH, ("medical", "psychological"), ("be", "ru", "pl")),
        *("Minsk", "29 Willow Avenue, Minsk", "Monday to Saturday, 8 to 20", 330),
        remarks="No insurance is asked for. Say that we sent the person.",
    ),
    Invented(
        *("Polyclinic on the Ferry Bank", HEALTH, ("medical",), ("ru",)),
        *("Brest", "1 Ferry Bank, Brest", OFFICE_HOURS),
    ),
    Invented(
        *("Consulting room Lantern", HEALTH, ("psychological",), ("be", "ru", "en")),
        *("Vitebsk", "15 Lantern Street, Vitebsk", "Tuesday and Thursday, 12 to 20", 25),
    ),
    Invented(
        *("Law office Oak and Ash", LAW, ("legal", "documents"), ("be", "ru", "en", "de")),
        *("Minsk", "8 Oak Street, Minsk", OFFICE_HOURS, 120),
        remarks="Takes compensation claims without advance payment.",
    ),
    Invented(
        *("Legal advice Compass", LAW, ("legal",), ("ru", "uk")),
        *("Brest", "22 Compass Street, Brest", "Wednesday, 10 to 16"),
    ),
    Invented(
        *("Interpreters' bureau Magpie", "CorporateBusiness", ("interpreting",)),
        ("en", "fr", "vi", "zh", "ru"),
        *("Minsk", "5 Magpie Yard, Minsk", ALWAYS, 90),
        remarks="By telephone within the hour, in person on the next day.",
    ),
    Invented(
        *("College of crafts Hazel", "SchoolOrCollege", ("education", "work"), ("be", "ru")),
        *("Vitebsk", "40 Hazel Street, Vitebsk", OFFICE_HOURS, 260, 9),
    ),
    Invented(
        *(
            "Centre of social service Fern",
            STATE,
            ("social", "material", "documents"),
            ("be", "ru"),
        ),
        *("Brest", "11 Fern Street, Brest", OFFICE_HOURS),
    ),
    Invented(
        *("Travel office Crane", "CorporateBusiness", ("return",), ("ru", "en")),
        *("Minsk", "2 Crane Street, Minsk", OFFICE_HOURS, -90),
        is_retired=True,
    ),
)


def list_providers(supervisor: User, officer: User) -> None:
    """The directory of the supervisor's organisation, with the places that the officer was told of."""
    today = timezone.localdate()
    for number, one in enumerate(INVENTED):
        agency = Organisation.objects.get(name=one.agency) if one.agency else None
        provider = Provider(
            agency=agency,
            name=one.name,
            kind=one.kind,
            services=list(one.services),
            languages=list(one.languages),
            region=one.region,
            address=one.address,
            telephone=f"+375 00 000 {number + 1:02} 00",
            opening=one.opening,
            remarks=one.remarks,
            is_retired=one.is_retired,
        )
        if one.ends is not None:
            provider.agreement = f"P-{number + 1}/{(today + timedelta(one.ends)).year}"
            provider.agreement_covers = provider.services_in_words
            provider.agreement_begins_on = today - timedelta(days=300)
            provider.agreement_ends_on = today + timedelta(days=one.ends)
        add_provider(provider, by=supervisor)
        if one.free is not None:
            note_places(provider, one.free, by=officer)
