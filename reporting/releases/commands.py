"""Releases from the command line: `manage.py statistics release` and `manage.py statistics ledger`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from core.exceptions import BadInput, NotAllowed
from core.rights import Right
from reporting.releases import folder, ledger, services
from reporting.releases.forms import ReleaseForm
from reporting.releases.kinds import KINDS, kind_of
from reporting.releases.models import Release


def add_arguments(parser: ArgumentParser) -> None:
    """What `release` takes. Without an id and without a year it lists what there is."""
    parser.add_argument("id", nargs="?", type=UUID, help="of a release, as the list prints it")
    parser.add_argument("--kind", default="dp_tables", choices=list(KINDS), help="what to propose")
    parser.add_argument("--year", help="propose a release of persons registered in this year")
    parser.add_argument("--first-year", default="", help="of rows: the first of several years")
    parser.add_argument("--title", default="", help="of what is proposed")
    parser.add_argument(
        "--table",
        dest="tables",
        action="append",
        default=[],
        metavar="DIMENSION[,DIMENSION]",
        help="a table of what is proposed; may be given several times",
    )
    parser.add_argument("--rho", default="1/2", help="cost of noisy tables: 1/10, 1/4 or 1/2")
    parser.add_argument(
        "--aggregates", action="store_true", help="synthetic rows with tables of pairs, for 0.19"
    )
    parser.add_argument("--level", default="", help="detail of exact tables: 0 (most), 1 or 2")
    parser.add_argument("--receiver", default="", help="the organisation that is given rows")
    parser.add_argument("--agreement", default="", help="under which it is given them")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--approve", action="store_true", help="approve, make and publish it")
    act.add_argument("--decline", action="store_true", help="decline it")
    act.add_argument(
        "--publish", action="store_true", help="go on with what was approved, if it broke off"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write the folder here; a new one"
    )


def release(options: dict[str, Any], by: User) -> str:
    """Do what the options say, and tell."""
    if options["id"] is None:
        return _line(_propose(options, by)) if options["year"] else _list(by)
    found = services.release_for(by, options["id"])
    if options["approve"]:
        found = services.make_release(services.approve_release(found, by=by), by=by)
    elif options["decline"]:
        found = services.decline_release(found, by=by)
    elif options["publish"]:
        found = services.make_release(found, by=by)
    if options["out"]:
        _write(services.download_release(found, by=by), options["out"])
    return _line(found)


def ledger_lines(by: User) -> str:
    """Each entry, and what is left of each year. Raises NotAllowed."""
    if not (by.has_right(Right.RELEASE_PROPOSE) or by.has_right(Right.RELEASE_DECIDE)):
        raise NotAllowed(_("Your role does not include proposing what is published."))
    found = ledger.entries()
    wrong = ledger.broken(found)
    lines = []
    for entry in found:
        mark = "  DOES NOT CONTINUE THE ONE BEFORE" if entry in wrong else ""
        lines.append(
            f"{entry.year}/{entry.number}  rho {entry.rho}  {entry.mechanism}  {entry.at:%Y-%m-%d}  "
            f"release {entry.release_id}  definition {entry.definition_digest[:16]}{mark}"
        )
    years = sorted({entry.year for entry in found})
    lines += [f"{year}: {ledger.left(year)} of {ledger.cap()} left" for year in years]
    return "\n".join(lines) or "Nothing was spent."


def _propose(options: dict[str, Any], by: User) -> Release:
    asked = options | {"tables": "\n".join(options["tables"])}
    form = ReleaseForm(kind_of(options["kind"]), asked)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise BadInput(f"{form.fields[name].label}: {errors[0]}")
    return services.propose_release(form.kind.code, form.cleaned_data, by=by)


def _list(by: User) -> str:
    return "\n".join(_line(each) for each in services.releases_for(by)) or "There is no release."


def _line(found: Release) -> str:
    return f"{found.pk}  {found.period}  {found.get_state_display()}  {found.title}"


def _write(archive: bytes, out: Path) -> None:
    """The files of the archive, into a folder that is not there yet or is empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(_("Name a folder that is new or empty."))
    for name, content in folder.unpack(archive).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
