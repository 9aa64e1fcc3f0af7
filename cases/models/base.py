"""Rows of a case file: their sections are sealed to the row, the class, the case and the revision."""

from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.db import models

from audit.models import TrackedModel
from core.schema import Section
from vault.sealing import Place, seal

SectionTypes = dict[str, tuple[str, type[Section]]]


class SealedModel(TrackedModel):
    """A tracked row with sealed sections.

    `SECTIONS` names them: section → (class, schema). The column is the section's name with `_sealed`.
    A `ROUTED` model keeps even the class of its content under seal: its `facts` are opened first, by
    the door alone, and `route` tells from them what the other sections are.
    """

    SECTIONS: ClassVar[SectionTypes] = {}
    ROUTED: ClassVar[bool] = False
    # The field that names whose key seals the row: its case, or the row itself where it has one.
    SEALED_BY: ClassVar[str] = "case"

    # Revision at which each section was last sealed: the others keep theirs when one is written.
    sealed_at = models.JSONField(default=dict, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def route(cls, facts: Section) -> SectionTypes:
        """Class and schema of each content section of a row with these facts."""
        return cls.SECTIONS

    def case_id_(self) -> UUID:
        """The case whose key seals this row, or the row's own id where it has a key itself."""
        return self.case_id  # type: ignore[attr-defined, no-any-return]

    def case_ids(self) -> list[Any]:
        return [self.case_id_()]

    def put(self, section: str, value: Section, cls: str | None = None) -> None:
        """Set a section; it is sealed when the row is saved."""
        self.__dict__.setdefault("_waiting", {})[section] = (
            cls or self.SECTIONS[section][0],
            value,
        )

    def seals(self) -> bool:
        return bool(self.__dict__.get("_waiting"))

    def prepare(self) -> None:
        for section, (cls, value) in self.__dict__.pop("_waiting", {}).items():
            place = place_of(self, cls, self.revision)
            blob = seal(place, msgspec.json.encode(value), quantum=value.QUANTUM)
            setattr(self, f"{section}_sealed", blob)
            self.sealed_at = self.sealed_at | {section: self.revision}


def place_of(row: Any, cls: str, revision: int) -> Place:
    """Where a section belongs. A history row stands for the row it is a version of."""
    model = getattr(row, "instance_type", type(row))
    return Place(model._meta.label, cls, row.id, model.case_id_(row), revision)
