"""The Merkle tree over all events, in the order of the log, as RFC 6962 (section 2.1) defines it.

A leaf is the SHA-256 of a zero byte and the event's chain hash, a node that of a one byte and its two children. Here are
the tree's arithmetic and the two proofs; where hashes of a large tree are kept is in `tiles`, the signed root in
`checkpoint`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

# Gives the root of the perfect subtree of 2**level leaves that begins at leaf index * 2**level.
Subtree = Callable[[int, int], bytes]

HASH = 32
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows, kept as the roots of its perfect subtrees, largest first: O(log n) to keep and to close."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[tuple[int, bytes]] = []

    def add(self, root: bytes, level: int = 0) -> None:
        """Appends a leaf hash, or the root of 2**level leaves where the size is a multiple of that."""
        self.size += 1 << level
        roots = self._roots
        while roots and roots[-1][0] == level:
            root = node_hash(roots.pop()[1], root)
            level += 1
        roots.append((level, root))

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return _fold([root for _, root in self._roots])


def root_of(entries: Iterable[bytes]) -> bytes:
    """The root of a tree over entries, which are hashed into leaves here."""
    frontier = Frontier()
    for entry in entries:
        frontier.add(leaf_hash(entry))
    return frontier.root()


def leaf_hashes(entries: bytes) -> bytes:
    """The leaf hashes of entries of HASH bytes each, one after another as they are."""
    sha256 = hashlib.sha256
    return b"".join([sha256(b"\x00" + entries[at : at + HASH]).digest() for at in range(0, len(entries), HASH)])


def perfect_root(hashes: bytes) -> bytes:
    """The root over neighbouring hashes, a power of two of them: two that lie side by side are already what a node hashes."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH:
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 2 * HASH]).digest() for at in range(0, len(hashes), 2 * HASH)])
    return hashes


def subtrees(first: int, leaves: bytes, cuts: Iterable[int] = ()) -> list[tuple[int, bytes]]:
    """What a Frontier takes for leaf hashes from number `first` on, as (level, root); none reaches over one of `cuts`."""
    found: list[tuple[int, bytes]] = []
    start, last = first, first + len(leaves) // HASH
    for end in [*sorted(cut for cut in cuts if first < cut < last), last]:
        while start < end:
            level = (end - start).bit_length() - 1
            if start:
                level = min(level, (start & -start).bit_length() - 1)
            at = (start - first) * HASH
            found.append((level, perfect_root(leaves[at : at + (HASH << level)])))
            start += 1 << level
    return found


def tree_root(size: int, subtree: Subtree) -> bytes:
    """The root of the first `size` leaves."""
    return _range_root(0, size, subtree) if size else EMPTY


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    return _path(index, 0, size, subtree)


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show the first `old` leaves to be the beginning of the first `new` (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {new}")
    return [] if old == new else _subproof(old, 0, new, subtree, is_whole=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the leaf hash at `index` to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `old_root` is the beginning of that of `new_root` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, step)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _fold(roots: Sequence[bytes]) -> bytes:
    if not roots:
        return EMPTY
    found = roots[-1]
    for root in reversed(roots[:-1]):
        found = node_hash(root, found)
    return found


def _range_root(start: int, end: int, subtree: Subtree) -> bytes:
    """The root of leaves [start, end), where start is a multiple of a power of two not below their number."""
    roots = []
    while start < end:
        level = (end - start).bit_length() - 1
        roots.append(subtree(level, start >> level))
        start += 1 << level
    return _fold(roots)


def _split(count: int) -> int:
    """The largest power of two below `count`: where RFC 6962 divides a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def _path(index: int, start: int, end: int, subtree: Subtree) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, subtree), _range_root(middle, end, subtree)]
    return [*_path(index, middle, end, subtree), _range_root(start, middle, subtree)]


def _subproof(old: int, start: int, end: int, subtree: Subtree, *, is_whole: bool) -> list[bytes]:
    if old == end:
        return [] if is_whole else [_range_root(start, end, subtree)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, subtree, is_whole=is_whole), _range_root(middle, end, subtree)]
    return [*_subproof(old, middle, end, subtree, is_whole=False), _range_root(start, middle, subtree)]
