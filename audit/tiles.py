"""The log's tree in tiles of 256 hashes, as C2SP tlog-tiles lays them out, and the proofs they give.

Full tiles are stored when a checkpoint is signed and never change. What is beyond the last full tile of
a level is computed from the level below, so a proof reads a handful of rows at any size of the log.
"""

from collections.abc import Callable, Sequence

from audit.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from audit.models import Event, Tile

HEIGHT = 8
WIDTH = 1 << HEIGHT
BATCH = 64  # tiles stored in one statement

# (level, index, width) → that many hashes of a tile, one after another.
Load = Callable[[int, int, int], bytes]


class Tree:
    """The tree over the first `size` entries."""

    def __init__(self, size: int, load: Load) -> None:
        self.size = size
        self._load = load
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """Root hash (32 bytes)."""
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Hashes from leaf `index` to the root, lowest first (RFC 9162, section 2.1.3.1).

        Raises IndexError when there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise IndexError(index)
        path: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Proof that the tree of the first `old` entries is the beginning of this one.

        RFC 9162, section 2.1.4.1; empty for equal sizes and for the empty tree. Raises IndexError when
        `old` is larger than the tree.
        """
        if not 0 <= old <= self.size:
            raise IndexError(old)
        if old in (0, self.size):
            return []
        path: list[bytes] = []
        start, end = 0, self.size
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        if start:  # the old root itself is known to whoever asks
            path.append(self._range(start, end))
        return path[::-1]

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile as far as this size fills it."""
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        if (level, index) not in self._tiles:
            self._tiles[level, index] = self._load(level, index, width)
        return self._tiles[level, index]

    def _range(self, start: int, end: int) -> bytes:
        """Root over the leaves from `start` to `end`, where `start` begins a subtree that large."""
        size = end - start
        if size & (size - 1) == 0:
            return self._perfect(start, size)
        middle = start + _split(size)
        return node_hash(self._perfect(start, middle - start), self._range(middle, end))

    def _perfect(self, start: int, size: int) -> bytes:
        """Root of a full subtree of `size` leaves, out of the lowest tile that holds a hash of it."""
        height = size.bit_length() - 1
        level = height // HEIGHT
        first, count = start >> HEIGHT * level, 1 << height - HEIGHT * level
        index, offset = divmod(first, WIDTH)
        hashes = self.tile(level, index)[offset * HASH_SIZE : (offset + count) * HASH_SIZE]
        return root_over(hashes)


def root_over(hashes: bytes) -> bytes:
    """Root over 1, 2, 4 … 256 hashes that follow one another."""
    nodes = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    while len(nodes) > 1:
        nodes = [
            node_hash(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)
        ]
    return nodes[0]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


# --- As the database holds them -------------------------------------------------------


def tree(size: int) -> Tree:
    """The tree over the first `size` events of the log. `store` must have come that far."""
    return Tree(size, _load)


def store(size: int) -> None:
    """Store every tile that the first `size` events fill and that is not there yet."""
    level, full = 0, size >> HEIGHT
    while full:
        stored = Tile.objects.filter(level=level).count()
        for start in range(stored, full, BATCH):
            wanted = range(start, min(full, start + BATCH))
            Tile.objects.bulk_create(_full(level, index) for index in wanted)
        level, full = level + 1, full >> HEIGHT


def _full(level: int, index: int) -> Tile:
    hashes = _below(level, index, WIDTH)
    return Tile(level=level, index=index, hashes=hashes, root=root_over(hashes))


def _load(level: int, index: int, width: int) -> bytes:
    if width == WIDTH:
        tiles = Tile.objects.filter(level=level, index=index)
        if (hashes := tiles.values_list("hashes", flat=True).first()) is None:
            raise LookupError(f"tile {level}/{index} is not there")
        return bytes(hashes)
    return _below(level, index, width)


def _below(level: int, index: int, width: int) -> bytes:
    """The hashes of a tile, computed from the entries or from the roots of the level below."""
    first = index * WIDTH
    found: Sequence[bytes]
    if level == 0:
        entries = Event.objects.filter(seq__gte=first, seq__lt=first + width).order_by("seq")
        found = [leaf_hash(bytes(entry)) for entry in entries.values_list("entry", flat=True)]
    else:
        tiles = Tile.objects.filter(level=level - 1, index__gte=first, index__lt=first + width)
        found = [bytes(root) for root in tiles.order_by("index").values_list("root", flat=True)]
    if len(found) != width:
        raise LookupError(f"tile {level}/{index} is not all there")
    return b"".join(found)
