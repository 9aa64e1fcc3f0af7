"""What somebody with every right on the database, and with the stolen key of the log, can do to it.

A deed without traces changes the past and then everything that follows from it: entries, links, tree,
tiles, and every stored checkpoint, signed anew; and what the key store remembers of the log. Only who
kept a checkpoint elsewhere can tell, so these deeds begin before `known`, its size.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import models

from accounts.models import User
from audit import guards, notes, signing, tiles
from audit.digests import canonical_json, columns, row_digest
from audit.merkle import Frontier, leaf_hash
from audit.models import Checkpoint, Event, EventCase, LogState, Resealing, Tile, TrackedModel
from cases.models import Case
from core.ids import uuid7
from tests.audit import tampering
from tests.audit.tools import changed_value, flip, sealed_columns, some_row, write
from vault.models import SignedHead

Content = dict[str, Any]


class Impossible(Exception):
    """The database offers nothing to do this to: another deed is drawn."""


@dataclass
class Thief:
    """Rewrites the log in memory; `leave` puts it back as if it had always been so."""

    random: Random
    known: int
    before: list[bytes] = field(default_factory=list)
    log: list[Content] = field(default_factory=list)

    def __post_init__(self) -> None:
        entries = Event.objects.order_by("seq").values_list("entry", flat=True)
        self.before = [bytes(entry) for entry in entries]
        self.log = [json.loads(entry) for entry in self.before]

    # --- Finding something to do it to -----------------------------------------------------

    def some(self, fits: Callable[[Content], bool]) -> int:
        """The place of an event before `known` that fits."""
        places = [at for at, content in enumerate(self.log[: self.known]) if fits(content)]
        if not places:
            raise Impossible
        return self.random.choice(places)

    def some_row(self, fits: Callable[[list[int]], bool] = bool) -> tuple[type[TrackedModel], Any]:
        """A row, with its model, whose events are at places that fit."""
        found = [
            (label, row)
            for (label, row), places in self.places().items()
            if places[0] < self.known and fits(places)
        ]
        if not found:
            raise Impossible
        label, row = self.random.choice(sorted(found))
        model = next(m for m in guards.tracked_models() if m._meta.label == label)
        return model, model._default_manager.get(pk=row)

    def places(self) -> dict[tuple[str, str], list[int]]:
        """Row → where the events of its versions are."""
        found: dict[tuple[str, str], list[int]] = {}
        for at, content in enumerate(self.log):
            if "object" in content:
                found.setdefault((content["object_type"], content["object"]), []).append(at)
        return found

    # --- Changing the past -----------------------------------------------------------------

    def retell(self, model: type[TrackedModel], row: UUID, revision: int) -> None:
        """Put the digest that this version has by now into the event that told it last."""
        names = columns(model)
        version = model.history.filter(id=row, revision=revision).values_list(*names).get()
        digest = row_digest(model, version).hex()
        label = model._meta.label
        for content in reversed(self.log):
            for told in content.get("resealed", ()):
                if told[:3] == [label, str(row), revision]:
                    told[3] = digest
                    return
            if (content.get("object"), content.get("revision")) == (str(row), revision):
                content["digest"] = digest
                return

    def drop(self, places: Sequence[int]) -> None:
        for at in sorted(places, reverse=True):
            del self.log[at]

    def insert(self, at: int, content: Content) -> None:
        """Put an event in, at the time of the one before it."""
        before = self.log[at - 1]["at"] if at else content["at"]
        self.log.insert(at, content | {"id": str(uuid7()), "at": before})

    # --- Leaving no trace ------------------------------------------------------------------

    def leave(self) -> None:
        """Write the log, its tree and all that is signed, as the changed past would have made them."""
        gone = {content["id"] for content in self.log}
        for resealing in Resealing.objects.all():
            if str(resealing.event) not in gone:
                resealing.delete()
        sizes = set(Checkpoint.objects.values_list("size", flat=True))
        entries = [canonical_json(content) for content in self.log]
        pairs = zip(entries, self.before, strict=False)
        same = next((at for at, (new, old) in enumerate(pairs) if new != old), len(entries))
        if same >= self.known:
            raise Impossible  # nothing of it is older than the checkpoint that somebody kept
        for table in (Event, EventCase):
            delete(table, seq__gte=same)
        for table in (Tile, Checkpoint):
            delete(table)
        events, links = [], []
        frontier, roots = Frontier(), {}
        for seq, (entry, content) in enumerate(zip(entries, self.log, strict=True)):
            if seq >= same:
                events.append(Event(seq=seq, entry=entry, **open_columns(content)))
                links += [EventCase(seq=seq, case=case) for case in content["cases"]]
            frontier.append(leaf_hash(entry))
            roots[frontier.size] = frontier.root()
        Event.objects.bulk_create(events)
        EventCase.objects.bulk_create(links)
        LogState.objects.update(size=frontier.size, frontier=frontier.to_bytes())
        tiles.store(frontier.size)
        key, name = signing.signing_key(), signing.name()
        Checkpoint.objects.bulk_create(
            Checkpoint(size=size, note=notes.sign(key, name, size, roots[size]))
            for size in {*sizes, frontier.size}
            if size in roots
        )
        SignedHead.objects.update(size=frontier.size, root=frontier.root())


def open_columns(content: Content) -> dict[str, Any]:
    """What stands beside an entry."""
    return {
        "id": content["id"],
        "at": datetime.fromisoformat(content["at"]),
        "actor": None if content["actor"] == "system" else content["actor"],
        "session": content["session"],
        "verb": content["verb"],
        "outcome": content["outcome"],
        "object_type": content.get("object_type", ""),
        "object": content.get("object"),
        "revision": content.get("revision"),
    }


def delete(table: type[models.Model], **which: object) -> None:
    """Remove rows without asking what refers to them."""
    rows = table._default_manager.filter(**which)
    rows._raw_delete(rows.db)


def _is_alone(content: Content) -> bool:
    """Is it an event that no row hangs on?"""
    return "object" not in content and "resealed" not in content


def _other_user(thief: Thief, actor: str) -> str:
    people = {str(pk) for pk in User.objects.values_list("pk", flat=True)} - {actor}
    return thief.random.choice(sorted(people))


def _live(version: Any, model: type[TrackedModel]) -> dict[str, Any]:
    return {name: getattr(version, name) for name in columns(model)}


# --- The past, changed without traces ---------------------------------------------------------


def another_actor(thief: Thief) -> None:
    at = thief.some(_is_alone)
    thief.log[at]["actor"] = _other_user(thief, thief.log[at]["actor"])


def another_word(thief: Thief) -> None:
    content = thief.log[thief.some(_is_alone)]
    name = thief.random.choice(["verb", "outcome", "reason", "session", "request", "classes"])
    content[name] = {
        "verb": "log_read" if content["verb"] != "log_read" else "case_listed",
        "outcome": "denied" if content["outcome"] == "ok" else "ok",
        "classes": sorted({*content["classes"]} ^ {"medical"}),
    }.get(name, f"{content[name]}0"[-16:])


def a_case_left_out(thief: Thief) -> None:
    content = thief.log[thief.some(lambda content: _is_alone(content) and bool(content["cases"]))]
    content["cases"].remove(thief.random.choice(content["cases"]))


def a_case_named_in_addition(thief: Thief) -> None:
    content = thief.log[thief.some(_is_alone)]
    others = {str(pk) for pk in Case.objects.values_list("pk", flat=True)} - {*content["cases"]}
    if not others:
        raise Impossible
    content["cases"].append(thief.random.choice(sorted(others)))


def a_reading_dropped(thief: Thief) -> None:
    thief.drop([thief.some(_is_alone)])


def all_readings_of_a_person_dropped(thief: Thief) -> None:
    actor = thief.log[thief.some(_is_alone)]["actor"]
    thief.drop([at for at, c in enumerate(thief.log) if c["actor"] == actor and _is_alone(c)])


def a_reading_put_in(thief: Thief) -> None:
    content = dict(thief.log[thief.some(_is_alone)])
    content["actor"] = _other_user(thief, content["actor"])
    thief.insert(thief.random.randrange(1, thief.known), content)


def two_readings_exchanged(thief: Thief) -> None:
    one, two = thief.some(_is_alone), thief.some(_is_alone)
    log = thief.log
    log[one], log[two] = log[two] | {"at": log[one]["at"]}, log[one] | {"at": log[two]["at"]}


def an_event_dated_back(thief: Thief) -> None:
    """To somewhere between itself and the one before, together with the version it made."""
    at = thief.some(lambda content: "resealed" not in content)
    content, before = thief.log[at], thief.log[max(0, at - 1)]
    then, now = (datetime.fromisoformat(c["at"]) for c in (before, content))
    gap = int((now - then) / timedelta(microseconds=1))
    if not gap:
        raise Impossible
    moment = now - timedelta(microseconds=thief.random.randint(1, gap))
    content["at"] = moment.astimezone(UTC).isoformat(timespec="microseconds")
    if "object" in content:
        model = next(m for m in guards.tracked_models() if m._meta.label == content["object_type"])
        version = model.history.filter(id=content["object"], revision=content["revision"])
        version.update(history_date=moment)


def the_beginning_dated_back(thief: Thief) -> None:
    """Everything up to some event, by a day."""
    last = thief.random.randrange(1, thief.known)
    for content in thief.log[:last]:
        moment = datetime.fromisoformat(content["at"]) - timedelta(days=1)
        content["at"] = moment.isoformat(timespec="microseconds")
        if "object" in content:
            label = content["object_type"]
            model = next(m for m in guards.tracked_models() if m._meta.label == label)
            version = model.history.filter(id=content["object"], revision=content["revision"])
            version.update(history_date=moment)


def the_end_cut_off(thief: Thief) -> None:
    """With every row as it was then."""
    thief.drop(range(thief.random.randrange(1, thief.known), len(thief.log)))
    _keep_only_what_is_told(thief)


def all_of_today_gone(thief: Thief) -> None:
    """Nothing is left but the first few events."""
    thief.drop(range(min(5, thief.known - 1), len(thief.log)))
    _keep_only_what_is_told(thief)


def _keep_only_what_is_told(thief: Thief) -> None:
    told = {(c["object"], c["revision"]) for c in thief.log if "object" in c}
    for model in guards.tracked_models():
        kept: dict[UUID, Any] = {}
        dropped = []
        for version in model.history.order_by("revision"):
            if (str(version.id), version.revision) in told:
                kept[version.id] = version
            else:
                dropped.append(version.pk)
        delete(model.history.model, pk__in=dropped)
        rows = list(model._default_manager.all())
        delete(model, pk__in=[row.pk for row in rows if row.pk not in kept])
        for row in rows:
            if row.pk in kept and kept[row.pk].revision != row.revision:
                values = _live(kept[row.pk], model)
                model._default_manager.filter(pk=values.pop("id")).update(**values)
        for version in model.history.all():
            thief.retell(model, version.id, version.revision)


def a_row_set_back(thief: Thief) -> None:
    """Its last version was never written."""
    model, row = thief.some_row(lambda places: len(places) > 1 and places[-1] < thief.known)
    places = thief.places()[model._meta.label, str(row.pk)]
    thief.drop(places[-1:])
    delete(model.history.model, id=row.pk, revision=row.revision)
    values = _live(model.history.get(id=row.pk, revision=row.revision - 1), model)
    model._default_manager.filter(pk=values.pop("id")).update(**values)
    _forget_resealing(thief, model, row, row.revision)


def a_row_never_there(thief: Thief) -> None:
    """A row is gone with its history and every event about it."""
    model, row = thief.some_row()
    thief.drop(thief.places()[model._meta.label, str(row.pk)])
    delete(model.history.model, id=row.pk)
    delete(model, pk=row.pk)
    for revision in range(1, row.revision + 1):
        _forget_resealing(thief, model, row, revision)


def _forget_resealing(
    thief: Thief, model: type[TrackedModel], row: TrackedModel, revision: int
) -> None:
    for content in thief.log:
        if "resealed" in content:
            mine = [model._meta.label, str(row.pk), revision]
            content["resealed"] = [told for told in content["resealed"] if told[:3] != mine]
    delete(Resealing, object=row.pk, revision=revision)


def a_row_always_there(thief: Thief) -> None:
    """A row that nobody wrote, such as a grant, with its history and the event that tells of it."""
    model, row = thief.some_row()
    first = model.history.get(id=row.pk, revision=1)
    event, pk = uuid7(), uuid7()
    for model_field in model._meta.concrete_fields:
        if model_field.unique and not model_field.primary_key:
            value = changed_value(thief.random, model_field, getattr(first, model_field.attname))
            setattr(first, model_field.attname, value)
    first.pk, first.id, first.last_event, first.resealed_by = None, pk, event, None
    told = dict(thief.log[thief.places()[model._meta.label, str(row.pk)][0]])
    at = thief.random.randrange(1, thief.known)
    thief.insert(at, told | {"object": str(pk)})
    thief.log[at]["id"] = str(event)
    first.history_date = datetime.fromisoformat(thief.log[at]["at"])
    model.history.model._default_manager.bulk_create([first])
    model._default_manager.bulk_create([model(**_live(first, model))])
    thief.retell(model, pk, 1)


def an_open_column(thief: Thief) -> None:
    model, row = thief.some_row(lambda places: places[-1] < thief.known)
    fields = [
        f
        for f in model._meta.concrete_fields
        if not f.primary_key
        and not isinstance(f, models.BinaryField)
        and f.name not in ("revision", "last_event", "resealed_by", "revoked_by", "revoked_at")
    ]
    chosen = thief.random.choice(fields)
    value = changed_value(thief.random, chosen, getattr(row, chosen.attname))
    _rewrite(thief, model, row, {chosen.attname: value})


def two_ciphertexts_exchanged(thief: Thief) -> None:
    model, one = thief.some_row(lambda places: places[-1] < thief.known)
    others = model._default_manager.exclude(pk=one.pk).order_by("pk")
    two = thief.random.choice(list(others) or [one])
    names = sorted(set(sealed_columns(one)) & set(sealed_columns(two)))
    if one.pk == two.pk or not names:
        raise Impossible
    name = thief.random.choice(names)
    first, second = getattr(one, name), getattr(two, name)
    _rewrite(thief, model, one, {name: second})
    _rewrite(thief, model, two, {name: first})


def one_bit_of_a_ciphertext(thief: Thief) -> None:
    model, row = thief.some_row(lambda places: places[-1] < thief.known)
    if not (names := sealed_columns(row)):
        raise Impossible
    name = thief.random.choice(names)
    _rewrite(thief, model, row, {name: flip(thief.random, bytes(getattr(row, name)))})


def an_earlier_version(thief: Thief) -> None:
    """One bit of what stood there before."""
    model, row = thief.some_row(lambda places: len(places) > 1)
    version = model.history.get(id=row.pk, revision=1)
    if not (names := sealed_columns(version)):
        raise Impossible
    name = thief.random.choice(names)
    changed = flip(thief.random, bytes(getattr(version, name)))
    write(model.history.model, version.pk, **{name: changed})
    thief.retell(model, row.pk, 1)


def who_wrote_it(thief: Thief) -> None:
    model, row = thief.some_row()
    version = model.history.get(id=row.pk, revision=1)
    content = thief.log[thief.places()[model._meta.label, str(row.pk)][0]]
    content["actor"] = _other_user(thief, content["actor"])
    model.history.filter(pk=version.pk).update(history_user_id=content["actor"])


def _rewrite(
    thief: Thief, model: type[TrackedModel], row: TrackedModel, values: dict[str, Any]
) -> None:
    """Change columns in a row, in its newest version, and in what the log tells of it."""
    model._default_manager.filter(pk=row.pk).update(**values)
    model.history.filter(id=row.pk, revision=row.revision).update(**values)
    thief.retell(model, row.pk, row.revision)


TRACELESS: list[Callable[[Thief], None]] = [
    another_actor,
    another_word,
    a_case_left_out,
    a_case_named_in_addition,
    a_reading_dropped,
    all_readings_of_a_person_dropped,
    a_reading_put_in,
    two_readings_exchanged,
    an_event_dated_back,
    the_beginning_dated_back,
    the_end_cut_off,
    all_of_today_gone,
    a_row_set_back,
    a_row_never_there,
    a_row_always_there,
    an_open_column,
    two_ciphertexts_exchanged,
    one_bit_of_a_ciphertext,
    an_earlier_version,
    who_wrote_it,
]


# --- Half of it: what an attacker forgot ------------------------------------------------------


def all_but_a_checkpoint(random: Random, known: int) -> None:
    """Everything is written anew, and one old checkpoint stays."""
    old = some_row(random, Checkpoint)
    thief = Thief(random, known=old.size)
    a_reading_dropped(thief)
    thief.leave()
    Checkpoint.objects.filter(size=old.size).delete()
    old.save(force_insert=True)


def all_but_the_tiles(random: Random, known: int) -> None:
    old = list(Tile.objects.all())
    thief = Thief(random, known=min(tiles.WIDTH, known))
    another_actor(thief)
    thief.leave()
    delete(Tile)
    Tile.objects.bulk_create(old)


def all_but_the_end(random: Random, known: int) -> None:
    """The state that appending goes on from is the old one."""
    old = LogState.objects.get()
    thief = Thief(random, known)
    another_actor(thief)
    thief.leave()
    old.save()


def all_but_the_links(random: Random, known: int) -> None:
    old = list(EventCase.objects.all())
    thief = Thief(random, known)
    a_case_left_out(thief)
    thief.leave()
    delete(EventCase)
    EventCase.objects.bulk_create(old)


def signed_with_another_key(random: Random, known: int) -> None:
    note = some_row(random, Checkpoint)
    _size, root = notes.verify(note.note, signing.verifier_key())
    key = Ed25519PrivateKey.generate()
    note.note = notes.sign(key, signing.name(), note.size, root)
    Checkpoint.objects.filter(size=note.size).update(note=note.note)


def signed_over_another_root(random: Random, known: int) -> None:
    note = some_row(random, Checkpoint)
    signed = notes.sign(signing.signing_key(), signing.name(), note.size, random.randbytes(32))
    Checkpoint.objects.filter(size=note.size).update(note=signed)


def a_bit_of_a_tile(random: Random, known: int) -> None:
    tile = some_row(random, Tile)
    name = random.choice(["hashes", "root"])
    write(Tile, tile.pk, **{name: flip(random, bytes(getattr(tile, name)))})


def a_tile_gone(random: Random, known: int) -> None:
    delete(Tile, pk=some_row(random, Tile).pk)


def a_tile_elsewhere(random: Random, known: int) -> None:
    tile = some_row(random, Tile)
    Tile.objects.filter(pk=tile.pk).update(index=tile.index + random.randint(1, 9))


def a_tile_of_nowhere(random: Random, known: int) -> None:
    tile = some_row(random, Tile)
    tile.pk, tile.index = None, tile.index + random.randint(1, 9)
    Tile.objects.bulk_create([tile])


HALF: list[Callable[[Random, int], None]] = [
    all_but_a_checkpoint,
    all_but_the_tiles,
    all_but_the_end,
    all_but_the_links,
    signed_with_another_key,
    signed_over_another_root,
    a_bit_of_a_tile,
    a_tile_gone,
    a_tile_elsewhere,
    a_tile_of_nowhere,
]
PLAIN = tampering.DEEDS  # upon single tables, after which nothing else is put right
