"""Bringing cases in from a file that was sent on a page; a worker does it (cases/long_work.py)."""

from django.utils.translation import gettext_lazy as _

from accounts.confirming import check_recent
from accounts.models import User
from cases.services.grants import can_be_officer
from cases.uploads import SealedUpload
from core.exceptions import BadInput, WrongState
from jobs import services as jobs
from jobs.models import Job

IMPORT = "import"  # the kind of work


def ask_for_import(upload: SealedUpload, *, owner: User, accept_good_rows: bool, by: User) -> Job:
    """Have the cases of a file opened, in the office of whoever asks and with this officer.

    Raises NotAllowed, ConfirmationNeeded, WrongState to whoever has no office, and BadInput when the
    file did not come in whole or `owner` cannot be the officer of these cases.
    """
    check_recent()
    if by.office is None:
        raise WrongState(_("Your account belongs to no office. Ask your administrator for one."))
    check_officer(owner, by=by)
    if upload.has_failed or upload.is_too_large:
        raise BadInput(
            _("The file could not be stored. Try again later, and tell your administrator.")
        )
    parameters = {
        "size": upload.size,
        "office": str(by.office_id),
        "owner": str(owner.pk),
        "accept_good_rows": accept_good_rows,
    }
    return jobs.ask(IMPORT, by=by, parameters=parameters, upload=upload.staged.file, pk=upload.row)


def check_officer(owner: User, *, by: User) -> None:
    """Raise BadInput unless this is somebody of the same office who keeps cases."""
    if owner.office_id != by.office_id or not can_be_officer(owner):
        raise BadInput(_("This person cannot be the officer of these cases."))
