"""Every column of ours is declared open or sealed, and is what it is declared to be."""

import pytest
from django.apps import apps
from django.db import connection, models

from audit.digests import columns
from audit.guards import tracked_models
from cases.models import SealedModel
from tests.guards.source import PACKAGES
from vault.fields import SealedField


def _is_history(model):
    return hasattr(model, "instance_type")


OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in PACKAGES and not _is_history(model)
]
LABEL = {"ids": lambda model: model._meta.label}

# What may be open of a case: workflow facts, and nothing else. Adding a name here is a decision.
OPEN_OF_A_CASE = {
    "cases.Case": {
        *("reference", "status", "office", "owner", "opened_on", "is_test"),
        *("closed_on", "retain_until", "on_hold", "erased_on", "stage", "stage_since"),
    },
    "cases.Person": {"case", "role"},
    "cases.Consent": {"case", "recorded_on", "recorded_by", "expires_on"},
    "cases.RiskAssessment": {"case", "recorded_on", "recorded_by", "risk_level", "review_due"},
    "cases.IdentityDocument": {"case", "recorded_on", "recorded_by"},
    "cases.ContactPoint": {"case", "recorded_on", "recorded_by"},
    "cases.Screening": {"case", "recorded_on", "recorded_by"},
    "cases.ProtectionStep": {"case", "recorded_on", "recorded_by"},
    "cases.Closure": {"case", "recorded_on", "recorded_by", "state"},
    "cases.Merge": {"case", "recorded_on", "recorded_by", "state", "ended_on", "made_at"},
    "cases.Transfer": {"case", "recorded_on", "recorded_by", "state", "to", "consent"},
    "cases.IncomingReferral": {"office", "organisation", "is_sent", "status", "received_on"}
    | {"answer_due", "decided_on", "recorded_by", "became", "erased_on"},
    "cases.StatusDecision": {"case", "recorded_on", "recorded_by"},
    "cases.TraffickingEvent": {"case", "recorded_on", "recorded_by"},
    "cases.Perpetrator": {"case", "recorded_on", "recorded_by"},
    "cases.Comment": {"case", "recorded_on", "recorded_by"},
    "cases.Task": {"case", "recorded_on", "recorded_by", "assignee", "first_due", "due_on"}
    | {"repeats", "state", "ended_on"},
    "assistance.SupportPlan": {"case", "recorded_on", "recorded_by"},
    "assistance.FollowUpVisit": {"case", "recorded_on", "recorded_by", "next_visit_on"},
    "assistance.PlanAgreement": {"case", "recorded_on", "recorded_by"},
    "assistance.Cost": {"case", "recorded_on", "recorded_by", "waits"},
    "assistance.Payment": {"case", "recorded_on", "recorded_by", "cost", "reverses"},
    "assistance.AssistanceSession": {"case", "recorded_on", "recorded_by"},
    "assistance.Referral": {"case", "to", "grant", "status", "recorded_by"}
    | {"sent_on", "answer_due", "status_on"},
    "cases.Exclusion": {"case", "user", "since", "until"},
    "cases.Attachment": {"case", "added_on", "added_by", "state", "file", "file_digest"},
    "assistance.Assistance": {"case", "status", "starts_on", "ends_on", "recorded_by"},
}
# Open text that is no code out of a list: made by Tutela, never typed.
OPEN_TEXT = {"reference", "file", "file_digest"}
TECHNICAL = {"id", "revision", "last_event", "resealed_by", "sealed_at"}


def test_there_are_models_to_look_at():
    assert len(OURS) >= 15


@pytest.mark.parametrize("model", OURS, **LABEL)
def test_every_field_is_declared_open_or_sealed(model):
    assert "Privacy" in vars(model), "say which fields are open and which are sealed"
    opened, sealed = list(model.Privacy.open), list(model.Privacy.sealed)
    assert len(opened) == len(set(opened)) and len(sealed) == len(set(sealed))
    assert not set(opened) & set(sealed)
    fields = {field.name for field in (*model._meta.concrete_fields, *model._meta.many_to_many)}
    assert set(opened) | set(sealed) == fields


@pytest.mark.parametrize("model", OURS, **LABEL)
def test_sealed_fields_take_sealed_bytes_and_open_ones_do_not(model):
    for field in model._meta.concrete_fields:
        is_sealed = isinstance(field, SealedField)
        assert is_sealed == (field.name in model.Privacy.sealed), field.name


@pytest.mark.parametrize("model", [m for m in OURS if issubclass(m, SealedModel)], **LABEL)
def test_every_section_has_its_column_and_every_column_its_section(model):
    assert {f"{section}_sealed" for section in model.SECTIONS} == set(model.Privacy.sealed)
    assert model._meta.label in OPEN_OF_A_CASE
    assert set(model.Privacy.open) - TECHNICAL == OPEN_OF_A_CASE[model._meta.label]


@pytest.mark.parametrize("model", [m for m in OURS if issubclass(m, SealedModel)], **LABEL)
def test_open_text_is_a_code_out_of_a_list_or_a_reference(model):
    """Free text says something about somebody sooner or later."""
    for field in model._meta.concrete_fields:
        if isinstance(field, models.CharField | models.TextField):
            assert field.choices or field.name in OPEN_TEXT, field.name


@pytest.mark.parametrize("model", tracked_models(), **LABEL)
def test_a_history_has_the_columns_of_its_table(model):
    history = model.history.model
    own = {
        field.name for field in history._meta.concrete_fields if field.name.startswith("history_")
    }
    kept = [f for f in history._meta.concrete_fields if f.name not in own]
    assert {field.attname for field in kept} == set(columns(model))
    for field in kept:
        original = model._meta.get_field(field.name)
        assert field.column == original.column
        assert field.db_parameters(connection)["type"] == _stored_as(original), field.name
        assert isinstance(field, SealedField) == isinstance(original, SealedField), field.name
    assert own == {
        "history_id",
        "history_date",
        "history_change_reason",
        "history_type",
        "history_user",
    }


def _stored_as(field):
    """The column type of a copy: a key of its own becomes a plain value."""
    if isinstance(field, models.ForeignKey):
        return field.target_field.rel_db_type(connection)
    if field.primary_key:
        return field.rel_db_type(connection)
    return field.db_parameters(connection)["type"]


def test_every_table_of_a_case_is_tracked():
    """What is about a case changes only with an event; these few are no part of the record."""
    loose = {m._meta.label for m in OURS} - {m._meta.label for m in tracked_models()}
    assert {label for label in loose if label.split(".")[0] in ("cases", "assistance")} == {
        "cases.Draft",  # sealed, and offered to its own person alone
        "cases.Reach",  # made out of the grants
        "cases.ReferenceCounter",
        "cases.Reminded",  # of the staff
        "cases.SavedList",  # sealed, and opened for its own person alone
        "cases.SearchChange",
    }
