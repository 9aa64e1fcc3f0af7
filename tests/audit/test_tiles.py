"""The tree in tiles is the tree of RFC 9162, at every size, and gives its proofs."""

from functools import cache

import pytest
from django.db import DatabaseError, connection, transaction

from audit import signing, tiles, trail
from audit.merkle import leaf_hash, node_hash, root_from_path, root_of
from audit.models import Event, Tile
from audit.tiles import HEIGHT, WIDTH, Tree
from audit.trail import Entry
from audit.verbs import Verb

LEAVES = [leaf_hash(i.to_bytes(4)) for i in range(70_000)]
SIZES = [1, 2, 3, 5, 8, 70, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 69_999]


@cache
def level_hashes(level: int) -> list[bytes]:
    """Every full hash of a level, by plain halving."""
    found = LEAVES
    for _ in range(HEIGHT * level):
        found = [node_hash(a, b) for a, b in zip(found[::2], found[1::2], strict=False)]
    return found


def load(level: int, index: int, width: int) -> bytes:
    hashes = level_hashes(level)[index * WIDTH : index * WIDTH + width]
    assert len(hashes) == width
    return b"".join(hashes)


def split(n: int) -> int:
    return 1 << (n - 1).bit_length() - 1


@cache
def root(start: int, end: int) -> bytes:
    """MTH as RFC 9162 writes it down."""
    if end - start == 1:
        return LEAVES[start]
    k = split(end - start)
    return node_hash(root(start, start + k), root(start + k, end))


def path(index: int, start: int, end: int) -> list[bytes]:
    """PATH as RFC 9162 writes it down."""
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*path(index, start, middle), root(middle, end)]
    return [*path(index, middle, end), root(start, middle)]


def subproof(m: int, start: int, end: int, is_known: bool) -> list[bytes]:
    """SUBPROOF as RFC 9162 writes it down."""
    n = end - start
    if m == n:
        return [] if is_known else [root(start, end)]
    k = split(n)
    if m <= k:
        return [*subproof(m, start, start + k, is_known), root(start + k, end)]
    return [*subproof(m - k, start + k, end, False), root(start, start + k)]


@pytest.mark.parametrize("size", SIZES)
def test_roots_are_those_of_the_standard(size: int) -> None:
    assert Tree(size, load).root() == root(0, size) == root_of(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_paths_are_those_of_the_standard_and_lead_to_the_root(size: int) -> None:
    tree = Tree(size, load)
    for index in {0, 1, 2, 100, 255, 256, 511, size // 3, size // 2, size - 2, size - 1}:
        if 0 <= index < size:
            found = tree.inclusion(index)
            assert found == path(index, 0, size)
            assert root_from_path(index, size, LEAVES[index], found) == tree.root()


@pytest.mark.parametrize("size", SIZES)
def test_proofs_of_consistency_are_those_of_the_standard(size: int) -> None:
    tree = Tree(size, load)
    for old in {1, 2, 3, 6, 255, 256, 257, 512, size // 3, size // 2, size - 1}:
        if 0 < old < size:
            assert tree.consistency(old) == subproof(old, 0, size, True)
    assert tree.consistency(size) == tree.consistency(0) == []


def test_what_is_beyond_the_tree_has_no_proof() -> None:
    tree = Tree(5, load)
    for index in (-1, 5):
        with pytest.raises(IndexError):
            tree.inclusion(index)
    with pytest.raises(IndexError):
        tree.consistency(6)


def test_the_empty_tree_has_its_root() -> None:
    assert Tree(0, load).root() == root_of([])


def test_a_path_of_another_place_length_or_leaf_leads_elsewhere() -> None:
    for size in (5, 8, 33):
        tree = Tree(size, load)
        for index in range(size):
            right = tree.inclusion(index)
            wrong = [(other, right) for other in range(size) if other != index]
            wrong += [(index, right[:-1]), (index, [*right, right[-1]]), (index, right[::-1])]
            for place, hashes in wrong:
                if (place, hashes) != (index, right):
                    assert _led_to(place, size, LEAVES[index], hashes) != tree.root()
            assert _led_to(index, size, LEAVES[-1], right) != tree.root()


def _led_to(index: int, size: int, leaf: bytes, hashes: list[bytes]) -> bytes | None:
    try:
        return root_from_path(index, size, leaf, hashes)
    except ValueError:
        return None


@pytest.fixture
def long_log(db: None) -> int:
    """A log of more than two full tiles; its size."""
    for start in (0, 300):
        trail.append([Entry(Verb.LOG_READ, reason=str(start + n)) for n in range(300)])
        signing.checkpoint()
    return Event.objects.count()


def test_checkpoints_store_the_full_tiles_of_the_log(long_log: int) -> None:
    assert list(Tile.objects.values_list("level", "index")) == [(0, 0), (0, 1)]
    leaves = [leaf_hash(bytes(event.entry)) for event in Event.objects.all()]
    tree = tiles.tree(long_log)
    assert tree.root() == root_of(leaves)
    for index in (0, 299, 300, long_log - 1):
        proof = tree.inclusion(index)
        assert root_from_path(index, long_log, leaves[index], proof) == tree.root()
    assert tree.consistency(300)


def test_a_proof_reads_few_rows(long_log: int, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        tiles.tree(long_log).inclusion(7)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_tile SET level = 3",
        "DELETE FROM audit_tile",
        'INSERT INTO audit_tile (level, "index", hashes, root) SELECT level, "index", hashes, root'
        " FROM audit_tile",
    ],
)
def test_tiles_are_never_changed(long_log: int, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_tree_whose_tiles_are_missing_gives_no_proof(long_log: int) -> None:
    with pytest.raises(LookupError):
        tiles.tree(long_log + 1).inclusion(0)
