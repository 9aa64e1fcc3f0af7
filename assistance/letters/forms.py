"""HTML input of letters."""

from django import forms
from django.utils.translation import gettext_lazy

from cases.papers import LANGUAGES


class LanguageForm(forms.Form):
    """In which language a letter is written."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=list(LANGUAGES.items()))


class CertificateForm(LanguageForm):
    """The certificate of assistance."""

    tells_kinds = forms.BooleanField(
        label=gettext_lazy("Say which kinds of assistance were given"),
        required=False,
        help_text=gettext_lazy(
            "Those that you may read. Whoever sees the letter learns them: ask the person first."
        ),
    )
