"""What travels between reading a file and opening cases."""

from dataclasses import dataclass, field
from typing import NamedTuple

from cases.services.new_case import NewCase


class Row(NamedTuple):
    """One row of the file."""

    number: int  # as a spreadsheet shows it, counted from 1
    cells: dict[str, str]  # column -> text
    fault: str = ""  # why the row as a whole cannot be read


class BadCell(ValueError):
    """A cell cannot be taken over. The message never repeats the cell: it may name a person."""


@dataclass(slots=True, frozen=True)
class Problem:
    """Why a row was refused, in plain words."""

    row: int
    column: str  # "" when it is about the row as a whole
    message: str


@dataclass(slots=True)
class Parsed:
    """A row turned into a case to be opened, or the reasons why not."""

    new_case: NewCase | None
    problems: list[Problem] = field(default_factory=list)
