"""The tree against the definition of RFC 9162, and against roots everybody knows."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, root_of

# The eight leaves and roots that implementations of RFC 6962 have been tested with since its beginning.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_known_roots_come_out(size: int) -> None:
    assert root_of(leaf_hash(leaf) for leaf in LEAVES[:size]).hex() == ROOTS[size]
    assert by_definition([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@given(hashes)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root_of(leaves) == by_definition(leaves)


@given(hashes, st.integers(min_value=0, max_value=70))
def test_appending_goes_on_where_it_was_left(leaves: list[bytes], cut: int) -> None:
    before = Frontier()
    for leaf in leaves[:cut]:
        before.append(leaf)
    after = Frontier.from_bytes(before.size, before.to_bytes())
    for leaf in leaves[cut:]:
        after.append(leaf)
    assert after.size == len(leaves)
    assert after.root() == by_definition(leaves)
    assert len(after.to_bytes()) == 32 * len(leaves).bit_count()


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == root_of([])


def test_a_node_is_never_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


@given(hashes.filter(lambda found: len(found) > 1), st.data())
def test_every_change_shows_in_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(leaves) - 1))
    other = [*leaves]
    other[at] = bytes([leaves[at][0] ^ 1]) + leaves[at][1:]
    assert root_of(other) != root_of(leaves)
    assert root_of(leaves[:at]) != root_of(leaves)


@pytest.mark.parametrize(("size", "count"), [(1, 0), (0, 1), (3, 1), (4, 2), (7, 2)])
def test_a_frontier_that_cannot_be_is_refused(size: int, count: int) -> None:
    with pytest.raises(ValueError, match="one hash for each full subtree"):
        Frontier.from_bytes(size, bytes(32 * count))
