"""The assistance that invented people were given, of every kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from assistance import reference
from assistance.kinds import KINDS as ALL_KINDS
from cases.countries import LANGUAGES
from config.demo import names, texts

KINDS = {  # and how often each is given
    "medical": 20,
    "psychological": 25,
    "legal": 12,
    "financial": 12,
    "reintegration": 12,
    "shelter": 6,
    "immediate": 6,
    "safety": 3,
    "return": 2,
    "interpretation": 2,
}
PLAN_AHEAD = 60  # days
MOST = 5  # pieces of assistance of one person


@dataclass(frozen=True)
class DemoAssistance:
    """One piece of assistance; `content` holds the fields of its kind's section."""

    kind: str
    status: str
    on: date
    content: dict[str, Any]


def assistance_of(rng: Random, opened_on: date, today: date) -> list[DemoAssistance]:
    """One to five pieces, the earliest first; none lies before the opening of the case."""
    pieces = [_piece(rng, opened_on, today) for _ in range(rng.randint(1, MOST))]
    return sorted(pieces, key=lambda piece: piece.on)


def _piece(rng: Random, opened_on: date, today: date) -> DemoAssistance:
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    status, on = _status_and_day(rng, opened_on, today)
    content = {
        "provider": rng.choice(names.PROVIDERS[kind]),
        "outcome": rng.choice(texts.OUTCOMES[status]),
        "notes": rng.choice(texts.NOTES),
        "place": rng.choice(texts.PLACES),
        "satisfaction": rng.choice(list(reference.SATISFACTION)) if status == "delivered" else "",
        **_CONTENTS[kind](rng),
    }
    return DemoAssistance(kind=kind, status=status, on=on, content=content)


def _status_and_day(rng: Random, opened_on: date, today: date) -> tuple[str, date]:
    """What is planned lies ahead; what is over took place within a year of the opening."""
    if rng.random() < 0.12:
        return "planned", today + timedelta(days=rng.randint(1, PLAN_AHEAD))
    on = min(opened_on + timedelta(days=rng.randrange(365)), today)
    if rng.random() < 0.08:
        return "cancelled", on
    return "under_way" if (today - on).days < 90 else "delivered", on


def _medical(rng: Random) -> dict[str, Any]:
    diagnosis, treatment = rng.choice(texts.DIAGNOSES)
    return {"diagnosis": diagnosis, "treatment": treatment}


def _psychological(rng: Random) -> dict[str, Any]:
    return {
        "method": rng.choice(list(reference.PSYCHOLOGICAL_METHODS)),
        "sessions": rng.randint(1, 16),
        "observations": rng.choice(texts.OBSERVATIONS),
    }


def _legal(rng: Random) -> dict[str, Any]:
    return {
        "matter": rng.choice(texts.MATTERS),
        "court": rng.choice(texts.COURTS),
        "stage": rng.choice(list(reference.LEGAL_STAGES)),
    }


def _financial(rng: Random) -> dict[str, Any]:
    return {
        "amount": f"{rng.randrange(20, 900, 5)}.00",
        "currency": rng.choices(list(reference.CURRENCIES), (80, 15, 5))[0],
        "project_code": f"DEMO-{rng.randint(1, 6):02}",
        "receipt": f"R-{rng.randrange(10**5):05}",
    }


def _in_groups(code: str, rng: Random) -> dict[str, Any]:
    """A type of a kind whose types lie in groups."""
    kind = ALL_KINDS[code]
    group = rng.choice(list(kind.grouped))
    return {kind.group: group, "type": rng.choice(list(kind.grouped[group]))}


def _return(rng: Random) -> dict[str, Any]:
    return _in_groups("return", rng) | {"country": rng.choice(["MD", "UA", "GE"])}


def _typed(
    types: reference.Codes, name: str, texts: tuple[str, ...], rng: Random
) -> dict[str, Any]:
    return {"type": rng.choice(list(types)), name: rng.choice(texts)}


def _interpretation(rng: Random) -> dict[str, Any]:
    types = reference.INTERPRETATION_TYPES
    said = _typed(types, "interpreter", ("", "M. Tlumach", "Л. Талмач"), rng)
    return said | {"language": rng.choice(list(LANGUAGES))}


_CONTENTS: dict[str, Callable[[Random], dict[str, Any]]] = {
    "medical": _medical,
    "psychological": _psychological,
    "legal": _legal,
    "financial": _financial,
    "reintegration": partial(_in_groups, "reintegration"),
    "shelter": partial(_typed, reference.SHELTER_TYPES, "capacity", texts.ROOMS),
    "immediate": partial(_typed, reference.IMMEDIATE_TYPES, "given", texts.GIVEN),
    "safety": partial(_typed, reference.SAFETY_TYPES, "measures", texts.MEASURES),
    "return": _return,
    "interpretation": _interpretation,
}
