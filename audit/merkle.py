"""The Merkle tree of RFC 9162 as pure functions: hashes in, hashes out."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one log entry (RFC 9162, section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees (RFC 9162, section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of a growing tree, largest first: all that appending needs."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError("a frontier has one hash for each full subtree")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        size, node = self.size, leaf
        while size & 1:
            node = node_hash(self.hashes.pop(), node)
            size >>= 1
        self.hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree of everything appended so far (32 bytes)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The hashes one after another; with `size` enough to go on appending."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> "Frontier":
        return cls(size, [packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE)])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over the given leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def root_from_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a path proves `leaf` to lie under (RFC 9162, section 2.1.3.2).

    Raises ValueError when the path has another length than such a place in such a tree.
    """
    if not 0 <= index < size:
        raise ValueError("no such place in a tree of this size")
    node, last, remaining = leaf, size - 1, list(path)
    while last:
        if index & 1 or index != last:
            if not remaining:
                raise ValueError("the path is too short")
            sibling = remaining.pop(0)
            node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    if remaining:
        raise ValueError("the path is too long")
    return node


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Does the proof show that the tree of size `old` begins the one of size `new`?

    RFC 9162, section 2.1.4.2. The empty tree begins every other, without a proof.
    """
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new:
        return old == 0 and not proof and old_root == EMPTY_ROOT
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    of_old = of_new = path[0]
    for node in path[1:]:
        if not last:
            return False
        if first & 1 or first == last:
            of_old, of_new = node_hash(node, of_old), node_hash(node, of_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            of_new = node_hash(of_new, node)
        first, last = first >> 1, last >> 1
    return not last and (of_old, of_new) == (old_root, new_root)
