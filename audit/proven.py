"""Hashes of events that were verified before, out of stored tiles that provably lead to a known root."""

from collections.abc import Sequence

from django.core.exceptions import ObjectDoesNotExist

from audit import tiles
from verify.tutela_verify import HASH_SIZE, WIDTH, hashes_in, subtree_root

MOST_KNOWN = 500  # tiles kept in memory


class StoredTiles:
    """The tiles of the log's first `size` events."""

    def __init__(self, size: int) -> None:
        self._size = size

    def hashes(self, level: int, index: int, width: int) -> bytes | None:
        """The first hashes of a tile; None when it is missing or has another size."""
        try:
            found = tiles.tree(self._size).tile(level, index)
        except (LookupError, ObjectDoesNotExist):
            return None
        return found[: width * HASH_SIZE] if len(found) >= width * HASH_SIZE else None


class Proven:
    """Tells hashes of the events before `size`, a multiple of 256.

    `edge` are the tiles of that tree that are not full: who compared its root knows that they are right,
    and each full tile is compared with its root in the tile above.
    """

    def __init__(self, size: int, edge: Sequence[Sequence[bytes]]) -> None:
        self._size, self._stored = size, StoredTiles(size)
        self._edge = [list(hashes) for hashes in edge]
        self._known: dict[tuple[int, int], list[bytes] | None] = {}

    def has(self, position: int, leaf: bytes) -> bool:
        """Whether this is the hash of the event at `position`."""
        hashes = self._tile(0, position // WIDTH)
        return hashes is not None and hashes[position % WIDTH] == leaf

    def _tile(self, level: int, index: int) -> list[bytes] | None:
        full = self._size // WIDTH ** (level + 1)
        if not 0 <= index < full:
            return self._edge[level] if index == full else None
        if (level, index) not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[level, index] = self._proven(level, index)
        return self._known[level, index]

    def _proven(self, level: int, index: int) -> list[bytes] | None:
        above = self._tile(level + 1, index // WIDTH)
        tile = self._stored.hashes(level, index, WIDTH)
        if above is None or tile is None:
            return None
        hashes = hashes_in(tile)
        return hashes if subtree_root(hashes) == above[index % WIDTH] else None
