"""The page on which an auditor has the record verified. A worker does it: it takes its time."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from audit import signing, verification
from config.long_work import VERIFICATION
from core.access import require
from core.http import StaffRequest
from core.rights import Right
from jobs import services as jobs

LONGEST = 20_000  # characters of a checkpoint with the signatures of many witnesses


class VerifyForm(forms.Form):
    """A checkpoint that was kept, if there is one. What is none is told at once, not by a worker."""

    checkpoint = forms.CharField(
        label=gettext_lazy("A checkpoint you kept"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    def clean_checkpoint(self) -> str:
        note: str = self.cleaned_data["checkpoint"].replace("\r\n", "\n").strip()
        if not note:
            return ""
        note += "\n"
        if not verification.is_checkpoint(note):
            raise ValidationError(
                _("This is not a checkpoint. Paste all of it, from its first line to its last.")
            )
        return note


@require_http_methods(["GET", "POST"])
@require(Right.LOG_VERIFY)
def verify(request: StaffRequest) -> HttpResponse:
    """How it stood last time, and a form to have it verified now."""
    form = VerifyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        asked = {"checkpoint": form.cleaned_data["checkpoint"]}
        return redirect("jobs:job", jobs.ask(VERIFICATION, by=request.user, parameters=asked).pk)
    context = {
        "form": form,
        "last": verification.last_verification(),
        "job": jobs.last_of(request.user, VERIFICATION),
        "note": verification.checkpoint_to_keep(),
        "verifier_key": signing.verifier_key(),
    }
    return render(request, "audit/verify.html", context, status=422 if form.errors else 200)
