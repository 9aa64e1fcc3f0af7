"""What somebody who owns the database can do to it. Each deed says which words must name it.

A deed takes a random source and changes the database behind the application's back, with no guard in
the way. It returns the words of which one finding must hold every one.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from accounts.models import User
from audit import guards
from audit.digests import canonical_json
from audit.merkle import Frontier, leaf_hash
from audit.models import Checkpoint, Event, EventCase, LogState, Resealing
from cases.models import Case, SealedModel
from core.ids import uuid7
from tests.audit.tools import changed_value, flip, sealed_columns, some_model, some_row, write

Deed = Callable[[Random], list[str]]
BEHIND = "behind the application's back"


def an_open_column(random: Random) -> list[str]:
    while True:
        model = some_model(random)
        row = some_row(random, model)
        fields = [
            field
            for field in model._meta.concrete_fields
            if not field.primary_key
            and not isinstance(field, models.BinaryField)
            and not field.name.startswith("revoked_")
        ]
        field = random.choice(fields)
        value = changed_value(random, field, getattr(row, field.attname))
        if value != getattr(row, field.attname):
            try:
                with transaction.atomic():
                    model._default_manager.filter(pk=row.pk).update(**{field.attname: value})
            except IntegrityError:  # a constraint of the table stands in the way: something else
                continue
            return [f"{model._meta.label} {row.pk}", BEHIND]


def two_sealed_values_of_two_rows(random: Random) -> list[str]:
    model = some_model(random, SealedModel)
    one, two = random.sample(list(model._default_manager.order_by("pk")), 2)
    name = random.choice(sorted(set(sealed_columns(one)) & set(sealed_columns(two))))
    write(model, one.pk, **{name: getattr(two, name)})
    write(model, two.pk, **{name: getattr(one, name)})
    return [f"{model._meta.label} {one.pk}", BEHIND]


def two_sealed_values_of_one_row(random: Random) -> list[str]:
    while True:
        row = some_row(random, some_model(random, SealedModel))
        if len(names := sealed_columns(row)) > 1:
            one, two = random.sample(names, 2)
            write(type(row), row.pk, **{one: getattr(row, two), two: getattr(row, one)})
            return [f"{row._meta.label} {row.pk}", BEHIND]


def one_bit_of_a_sealed_value(random: Random) -> list[str]:
    row = some_row(random, some_model(random, SealedModel))
    name = random.choice(sealed_columns(row))
    write(type(row), row.pk, **{name: flip(random, bytes(getattr(row, name)))})
    return [f"{row._meta.label} {row.pk}", BEHIND]


def one_bit_of_an_earlier_version(random: Random) -> list[str]:
    model = some_model(random, SealedModel)
    version = some_row(random, model.history.model)
    name = random.choice(sealed_columns(version))
    write(type(version), version.pk, **{name: flip(random, bytes(getattr(version, name)))})
    return [f"{model._meta.label} {version.id}", f"version {version.revision}"]


def an_old_version_in_place_of_the_new(random: Random) -> list[str]:
    versions = [
        (model, version)
        for model in guards.tracked_models()
        for version in model.history.order_by("pk")
        if version.revision < model._default_manager.get(pk=version.id).revision
    ]
    model, version = random.choice(versions)
    old = {f.attname: getattr(version, f.attname) for f in model._meta.concrete_fields}
    model._default_manager.filter(pk=old.pop("id")).update(**old)
    return [f"{model._meta.label} {version.id}", "set back"]


def a_row_gone(random: Random) -> list[str]:
    row = some_row(random, some_model(random))
    _delete(type(row), row.pk)
    return [f"{row._meta.label} {row.pk}", "removed"]


def a_row_and_its_versions_gone(random: Random) -> list[str]:
    row = some_row(random, some_model(random))
    row.history.all().delete()
    _delete(type(row), row.pk)
    return [f"{row._meta.label} {row.pk}", "removed"]


def a_row_of_nowhere(random: Random) -> list[str]:
    while True:
        row = some_row(random, some_model(random))
        row.pk = uuid7()
        for field in row._meta.concrete_fields:
            if field.unique and not field.primary_key:
                value = changed_value(random, field, getattr(row, field.attname))
                setattr(row, field.attname, value)
        try:
            with transaction.atomic():
                type(row)._default_manager.bulk_create([row])
        except IntegrityError:  # one for each of something, and each has one: something else
            continue
        return [f"{row._meta.label} {row.pk}: no event tells of this row."]


def a_column_of_a_version(random: Random) -> list[str]:
    model = some_model(random)
    version = some_row(random, model.history.model)
    choices: dict[str, Any] = {
        "history_date": timezone.now() + timedelta(days=1),
        "history_change_reason": "case_viewed",
        "history_user_id": _another_user(random, version.history_user_id),
        "history_type": "~" if version.history_type == "+" else "+",
        "last_event": uuid7(),
    }
    name = random.choice(sorted(choices))
    type(version)._default_manager.filter(pk=version.pk).update(**{name: choices[name]})
    return [f"{model._meta.label} {version.id}", f"version {version.revision}"]


def a_version_gone(random: Random) -> list[str]:
    model = some_model(random)
    version = some_row(random, model.history.model)
    version.delete()
    return [f"{model._meta.label} {version.id}", f"version {version.revision}", "missing"]


def a_version_twice(random: Random) -> list[str]:
    model = some_model(random)
    version = some_row(random, model.history.model)
    version.pk = None
    type(version)._default_manager.bulk_create([version])
    return [f"{model._meta.label} {version.id}", f"version {version.revision}"]


def bytes_of_an_entry(random: Random) -> list[str]:
    event = some_row(random, Event)
    write(Event, event.seq, entry=flip(random, bytes(event.entry)))
    # Where the entry still reads as JSON, tree or columns tell.
    return ["The log was rewritten"]


def a_word_of_an_entry(random: Random) -> list[str]:
    event = some_row(random, Event)
    content = json.loads(bytes(event.entry))
    content["verb"] = "case_listed" if content["verb"] != "case_listed" else "case_viewed"
    write(Event, event.seq, entry=canonical_json(content))
    return [f"Event {event.seq} was changed"]


def a_column_of_an_event(random: Random) -> list[str]:
    event = some_row(random, Event)
    choices: dict[str, Any] = {
        "id": uuid7(),
        "at": event.at + timedelta(microseconds=1),
        "actor": _another_user(random, event.actor),
        "session": "another",
        "verb": "log_read" if event.verb != "log_read" else "signed_in",
        "outcome": "denied" if event.outcome == "ok" else "ok",
        "object_type": f"{event.object_type}x",
        "object": uuid7(),
        "revision": (event.revision or 0) + 100,
    }
    name = random.choice(sorted(choices))
    Event.objects.filter(pk=event.pk).update(**{name: choices[name]})
    return [f"Event {event.seq} was changed"]


def an_event_gone(random: Random) -> list[str]:
    seq = random.randrange(LogState.objects.get().size - 1)
    _delete(Event, seq)
    return [f"Missing from the log: event {seq}."]


def the_last_events_gone(random: Random) -> list[str]:
    """With the state of the log set back as if they had never been."""
    size = LogState.objects.get().size
    left = random.randrange(size)
    Event.objects.filter(seq__gte=left).delete()
    EventCase.objects.filter(seq__gte=left).delete()
    rebuild_state()
    return ["The log was cut", f"covers {size:,}", f"ends after {left:,} events"]


def an_event_put_at_the_end(random: Random) -> list[str]:
    event = some_row(random, Event)
    event.seq, event.id = LogState.objects.get().size, uuid7()
    event.object = event.revision = None
    Event.objects.bulk_create([event])
    return [f"Event {event.seq} was changed"]


def two_events_exchanged(random: Random) -> list[str]:
    one, two = random.sample(list(Event.objects.all()), 2)
    Event.objects.filter(pk__in=[one.pk, two.pk]).delete()
    one.seq, two.seq = two.seq, one.seq
    Event.objects.bulk_create([one, two])
    rebuild_state()
    return ["The log was rewritten"]


def the_log_written_anew(random: Random) -> list[str]:
    """Entry, columns, tree and state all fit; only the signed checkpoint remembers."""
    events = list(Event.objects.exclude(actor=None))
    event = random.choice(events)
    content = json.loads(bytes(event.entry))
    content["actor"] = str(_another_user(random, event.actor))
    Event.objects.filter(pk=event.pk).update(actor=content["actor"])
    write(Event, event.seq, entry=canonical_json(content))
    rebuild_state()
    return ["The log was rewritten"]


def a_link_gone(random: Random) -> list[str]:
    link = some_row(random, EventCase)
    link.delete()
    return [f"Event {link.seq} is linked to other cases"]


def a_link_to_another_case(random: Random) -> list[str]:
    link = some_row(random, EventCase)
    EventCase.objects.filter(pk=link.pk).update(case=uuid7())
    return [f"Event {link.seq} is linked to other cases"]


def a_link_of_nowhere(random: Random) -> list[str]:
    seq = random.randrange(2 * LogState.objects.get().size)
    EventCase.objects.create(seq=seq, case=some_row(random, Case).pk)
    return [f"vent {seq}"]


def a_resealing_gone(random: Random) -> list[str]:
    some_row(random, Resealing).delete()
    return ["sealed anew", "does not fit"]


def a_resealing_of_nowhere(random: Random) -> list[str]:
    row = some_row(random, some_model(random))
    Resealing.objects.create(event=uuid7(), object=row.pk, revision=row.revision)
    return ["sealed anew", "does not fit"]


def a_checkpoint(random: Random) -> list[str]:
    note = some_row(random, Checkpoint)
    changes = [
        {"note": note.note.replace(f"\n{note.size}\n", f"\n{note.size + 1}\n")},
        {"note": note.note.replace(settings.ORIGIN, "elsewhere")},
        {"note": note.note[:-30] + "\n"},
    ]
    Checkpoint.objects.filter(pk=note.pk).update(**random.choice(changes))
    return [f"The checkpoint at {note.size}"]


def a_checkpoint_elsewhere(random: Random) -> list[str]:
    note = some_row(random, Checkpoint)
    size = note.size + random.randint(1000, 9999)
    Checkpoint.objects.filter(pk=note.pk).update(size=size)
    return [f"The checkpoint at {size}"]


def the_state(random: Random) -> list[str]:
    state = LogState.objects.get()
    deeds = (
        lambda: LogState.objects.all().delete(),
        lambda: LogState.objects.update(size=state.size - 1),
        lambda: LogState.objects.update(frontier=flip(random, bytes(state.frontier))),
    )
    random.choice(deeds)()
    return ["The end of the log does not fit"]


def rebuild_state() -> None:
    """Compute the end of the log from the entries there are, as an attacker can."""
    frontier = Frontier()
    for entry in Event.objects.order_by("seq").values_list("entry", flat=True):
        frontier.append(leaf_hash(bytes(entry)))
    LogState.objects.update(size=frontier.size, frontier=frontier.to_bytes())


def _another_user(random: Random, user: object) -> Any:
    return random.choice(list(User.objects.exclude(pk=user).values_list("pk", flat=True)))


def _delete(model: type[models.Model], pk: object) -> None:
    key = model._meta.pk.get_db_prep_value(pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} WHERE {model._meta.pk.column} = %s", [key]
        )


DEEDS: list[Deed] = [
    an_open_column,
    two_sealed_values_of_two_rows,
    two_sealed_values_of_one_row,
    one_bit_of_a_sealed_value,
    one_bit_of_an_earlier_version,
    an_old_version_in_place_of_the_new,
    a_row_gone,
    a_row_and_its_versions_gone,
    a_row_of_nowhere,
    a_column_of_a_version,
    a_version_gone,
    a_version_twice,
    bytes_of_an_entry,
    a_word_of_an_entry,
    a_column_of_an_event,
    an_event_gone,
    the_last_events_gone,
    an_event_put_at_the_end,
    two_events_exchanged,
    the_log_written_anew,
    a_link_gone,
    a_link_to_another_case,
    a_link_of_nowhere,
    a_resealing_gone,
    a_resealing_of_nowhere,
    a_checkpoint,
    a_checkpoint_elsewhere,
    the_state,
]
