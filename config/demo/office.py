"""The demonstration: offices, people with every role, and a few hundred invented cases."""

import secrets
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

import msgspec
from django.conf import settings
from django.utils import timezone

from accounts.models import Office, Organisation, User
from accounts.services import make_office, make_user
from assistance.sections import SCHEMAS
from assistance.services import record_assistance
from cases.models import Case, GrantReason
from cases.services.grants import give_grant
from cases.services.intake import register_case
from cases.services.new_case import NewCase
from config.demo.stories import DemoPerson, people
from reporting.services import take_snapshot

SEED = 20261
CASES = 300
PASSWORD_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbour",
    "island",
    "juniper",
    "lantern",
    "meadow",
    "nectar",
    "orchard",
    "pebble",
    "quartz",
    "river",
    "saffron",
    "timber",
    "umber",
    "valley",
    "willow",
]

OFFICES = (("BY-MSQ", "Minsk"), ("BY-BRE", "Brest"), ("BY-VTB", "Vitebsk"))
# username, name, role, office
STAFF = (
    ("officer", "Alena Karol", "case_officer", "BY-MSQ"),
    ("officer.brest", "Ihar Bondar", "case_officer", "BY-BRE"),
    ("officer.vitebsk", "Natallia Zubko", "case_officer", "BY-VTB"),
    ("psychologist", "Volha Rudzko", "psychological", "BY-MSQ"),
    ("doctor", "Siarhei Lis", "medical", "BY-MSQ"),
    ("lawyer", "Maryna Kot", "legal", "BY-MSQ"),
    ("cashier", "Tamara Vishneuskaya", "financial", "BY-MSQ"),
    ("supervisor", "Pavel Hrynko", "supervisor", "BY-MSQ"),
    ("supervisor.brest", "Iryna Sakol", "supervisor", "BY-BRE"),
    ("supervisor.vitebsk", "Anton Dubouski", "supervisor", "BY-VTB"),
    ("auditor", "Rita Valoshyn", "auditor", None),
    ("analyst", "Yury Marchanka", "analyst", None),
    ("partner", "Hanna Lobach", "partner_officer", None),
    ("administrator", "Viktar Shuba", "administrator", None),
)


def accounts_file() -> Path:
    """Where the demonstration's password is kept, for the next start to print."""
    return settings.DATA_DIR / "demo-accounts.txt"


def accounts_text() -> str:
    """The demonstration's accounts and their password; empty when there is no demonstration."""
    return accounts_file().read_text() if accounts_file().exists() else ""


def load(*, cases: int = CASES) -> int:
    """Make the demonstration; returns the number of cases. Does nothing where anybody works already."""
    if User.objects.exists():
        return 0
    password = (
        "-".join(secrets.choice(PASSWORD_WORDS) for _ in range(3))
        + f"-{secrets.randbelow(900) + 100}"
    )
    offices = _offices()
    staff = {
        username: make_user(
            username=username,
            display_name=name,
            password=password,
            roles=[role],
            office=offices.get(office or ""),
            by=None,
        )
        for username, name, role, office in STAFF
    }
    _write_accounts(password)
    rng = Random(SEED)
    officers = [staff[name] for name in ("officer", "officer.brest", "officer.vitebsk")]
    for person in people(SEED, cases, timezone.localdate()):
        _load(person, by=rng.choices(officers, (5, 3, 2))[0])
    _share(staff)
    take_snapshot(by=staff["analyst"])
    return cases


def _offices() -> dict[str, Office]:
    own = Organisation.objects.create(name="Tutela demonstration mission", kind="NGO")
    Organisation.objects.create(name="Linden House shelter (partner)", kind="NGO")
    return {
        code: make_office(code=code, name=name, country="BY", organisation=own, by=None)
        for code, name in OFFICES
    }


def _load(person: DemoPerson, *, by: User) -> Case:
    new = NewCase(
        identity=person.identity,
        contact=person.contact,
        victim=person.victim,
        summary=person.summary,
        consent=person.consent,
        opened_on=person.opened_on,
    )
    case = register_case(new, by=by)
    for piece in person.assistance:
        content = msgspec.convert(piece.content, SCHEMAS[piece.kind], strict=False)
        record_assistance(case, content=content, status=piece.status, starts_on=piece.on, by=by)
    return case


def _share(staff: dict[str, User]) -> None:
    """Some cases are shared with the specialists and with the partner organisation."""
    until = timezone.make_aware(
        datetime.combine(timezone.localdate() + timedelta(days=90), time(23, 59, 59))
    )
    officer = staff["officer"]
    shared = list(Case.objects.filter(owner=officer)[:8])
    for number, (username, cls) in enumerate(
        [
            ("psychologist", "psychological"),
            ("doctor", "medical"),
            ("lawyer", "legal"),
            ("cashier", "financial"),
            ("partner", "legal"),
        ]
    ):
        reason = GrantReason.REFERRAL if username == "partner" else GrantReason.TREATMENT
        for case in shared[number : number + 4]:
            give_grant(
                case,
                to=staff[username],
                classes=[cls],
                may_write=True,
                ends=until,
                reason=reason,
                by=officer,
            )


def _write_accounts(password: str) -> None:
    lines = ["Demonstration accounts (made-up people only):"]
    lines += [f"  {username:<20}{name:<24}{role}" for username, name, role, _office in STAFF]
    lines += [f"  password of all of them: {password}", ""]
    path = accounts_file()
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
