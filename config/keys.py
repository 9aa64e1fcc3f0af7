"""The page of the keys: how old they are, and new ones as background work. It shows no key.

The root key has no button: what it takes depends on where it is kept, and on somebody at the machine.
"""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.confirming import check_recent
from accounts.models import User
from config.long_work import NEW_DEKS, NEW_KEK
from core.access import require
from core.exceptions import NotFound, WrongState
from core.http import StaffRequest
from core.rights import Right
from jobs import services as jobs
from jobs.models import Job
from vault import rotation

KINDS = (NEW_KEK, NEW_DEKS)
AT_MACHINE = {
    "destroy": "manage.py rotate_keys --destroy-due",
    "root": "manage.py rotate_keys --root",
    "told_in": "docs/self-hosting/keys.md",
}


@require_http_methods(["GET", "POST"])
@require(Right.KEYS_ROTATE)
def keys(request: StaffRequest) -> HttpResponse:
    """How the keys stand; POST asks for new ones."""
    if request.method == "POST":
        job = ask_for_new_keys(request.POST.get("kind", ""), by=request.user)
        return redirect("jobs:job", job.pk)
    standing = rotation.standing()
    context = {
        "keys": standing,
        "at_machine": AT_MACHINE,
        "days": (timezone.now() - standing.made_at).days,
        "is_kek_under_way": jobs.is_under_way(NEW_KEK),
        "is_dek_under_way": jobs.is_under_way(NEW_DEKS),
        "asked": [job for kind in KINDS if (job := jobs.last_of(request.user, kind))],
    }
    return render(request, "config/keys.html", context)


def ask_for_new_keys(kind: str, *, by: User) -> Job:
    """Ask for new keys of one kind, after a recent sign-in. What was broken off is gone on with.

    Raises NotFound, NotAllowed, ConfirmationNeeded, and WrongState while somebody's are being made.
    """
    if kind not in KINDS:
        raise NotFound(_("There are no such keys."))
    jobs.check_right(kind, by)
    check_recent()
    if jobs.is_under_way(kind):
        raise WrongState(_("This is under way already."))
    version = {"version": rotation.next_version()} if kind == NEW_KEK else {}
    return jobs.ask(kind, by=by, parameters=version)
