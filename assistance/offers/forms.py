"""HTML input of what an office gives."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assistance import reference
from assistance.kinds import KINDS
from assistance.models import Offer

TYPES, SUBTYPES = "types_", "subtypes_"  # before the kind, in the names of fields
LONGEST, MOST = 60, 30  # letters of a subtype, and how many one kind has


class OfferForm(forms.Form):
    """Kinds and types that are ticked are given; subtypes are typed one a line."""

    kinds = forms.MultipleChoiceField(
        label=_("Kinds of assistance that your office gives"),
        choices=list(reference.KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("An office gives at least one kind of assistance.")},
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].initial = [kind for kind in KINDS if kind not in offer.off]
        for kind in KINDS:
            if types := types_of(kind):
                self.fields[f"{TYPES}{kind}"] = forms.MultipleChoiceField(
                    label=_("Types"),
                    choices=list(types.items()),
                    required=False,
                    initial=[code for code in types if code not in offer.off],
                    widget=forms.CheckboxSelectMultiple,
                )
            self.fields[f"{SUBTYPES}{kind}"] = forms.CharField(
                label=_("Subtypes of your own, one a line"),
                required=False,
                initial="\n".join(offer.subtypes.get(kind, [])),
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def parts(self) -> Iterator[tuple[Any, list[forms.BoundField]]]:
        """(kind in words, its fields), for the page."""
        for kind, label in reference.KINDS.items():
            yield (
                label,
                [
                    self[f"{part}{kind}"]
                    for part in (TYPES, SUBTYPES)
                    if f"{part}{kind}" in self.fields
                ],
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for kind in KINDS:
            name = f"{SUBTYPES}{kind}"
            words = data[name] = _lines(data.get(name, ""))
            if len(words) > MOST or any(len(word) > LONGEST for word in words):
                self.add_error(
                    name,
                    _("At most %(most)s subtypes, each of at most %(longest)s letters.")
                    % {"most": MOST, "longest": LONGEST},
                )
            types = types_of(kind)
            if kind in data.get("kinds", ()) and types and not data.get(f"{TYPES}{kind}"):
                self.add_error(f"{TYPES}{kind}", _("Leave one type, or take the kind away."))
        return data

    def values(self) -> dict[str, Any]:
        """What `offers.set_offer` takes."""
        data = self.cleaned_data
        off = set(KINDS) - set(data["kinds"])
        for kind in data["kinds"]:
            off |= types_of(kind).keys() - set(data.get(f"{TYPES}{kind}", ()))
        return {"off": off, "subtypes": {kind: data[f"{SUBTYPES}{kind}"] for kind in KINDS}}


def types_of(kind: str) -> dict[str, Any]:
    """Code → label of the types of a kind; none where its form has no types."""
    field = KINDS[kind].fields.get("type")
    if field is None:
        return {}
    flat: dict[str, Any] = {}
    for code, label in field.choices:  # type: ignore[attr-defined]
        flat |= dict(label) if isinstance(label, list | tuple) else {code: label}
    return {code: label for code, label in flat.items() if code}


def _lines(text: str) -> list[str]:
    """Each line once, in its order, without empty ones."""
    return list(dict.fromkeys(" ".join(line.split()) for line in text.splitlines() if line.strip()))
