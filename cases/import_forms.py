"""HTML input of bringing cases in from a file."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cases.access_forms import ColleagueForm


class ImportForm(ColleagueForm):
    """Which file, and who becomes the officer of its cases."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.gz"}),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("This file is empty. Choose another."),
        },
    )
    person = forms.ChoiceField(
        label=_("Officer of these cases"),
        help_text=_("Somebody of your office."),
        error_messages={"required": _("Choose who becomes the officer of these cases.")},
    )
    accept_good_rows = forms.BooleanField(
        label=_("Leave out rows that have a problem, and bring in the others"),
        required=False,
        help_text=_("Otherwise one such row stops the whole file, and nothing is written."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "An Excel workbook (XLSX) or a table (CSV in UTF-8) with the columns of HTCDS or CTDC, up "
            "to %(size)s MB."
        ) % {"size": settings.UPLOAD_MAX_MB}

    def clean_file(self) -> Any:
        """What the upload handler noticed while the file came in."""
        upload = self.cleaned_data["file"]
        if upload.is_too_large:
            raise forms.ValidationError(
                _("This file is larger than %(size)s MB, so it was not kept. Split it.")
                % {"size": settings.UPLOAD_MAX_MB}
            )
        return upload
