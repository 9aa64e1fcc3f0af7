"""HTML input of letters and of the support plan on paper."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.paper_forms import LanguageForm


class CertificateForm(LanguageForm):
    """The certificate of assistance."""

    tells_kinds = forms.BooleanField(
        label=gettext_lazy("Say which kinds of assistance were given"),
        required=False,
        help_text=gettext_lazy(
            "Those that you may read. Whoever sees the letter learns them: ask the person first."
        ),
    )


class PlanPaperForm(LanguageForm):
    """The support plan on paper."""

    tells_name = forms.BooleanField(
        label=gettext_lazy("Print the person's name"),
        required=False,
        help_text=gettext_lazy("Without it, the plan is told apart by its reference."),
    )

    def __init__(self, *args: Any, reads_identity: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not reads_identity:
            del self.fields["tells_name"]
