"""The event tree: roots and proofs as RFC 6962 defines them, whatever the sizes, from memory and from tiles."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rowcol_assets.audit.merkle import (
    Frontier,
    Subtree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    subtrees,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from rowcol_assets.audit.tiles import Tiles

# The test vectors of RFC 6962 implementations: entries, and the root of the first n of them.
ENTRIES = [
    bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def defined_root(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + defined_root(leaves[:split]) + defined_root(leaves[split:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def in_memory(leaves: list[bytes]) -> Subtree:
    return lambda level, index: defined_root(leaves[index << level : (index + 1) << level])


def test_the_published_vectors_hold() -> None:
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    for size, root in ROOTS.items():
        assert tree_root(size, in_memory(leaves)).hex() == root


@given(st.integers(0, 300))
def test_a_growing_tree_has_the_defined_root(count: int) -> None:
    leaves, frontier = leaves_of(count), Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    assert frontier.root() == defined_root(leaves) == tree_root(count, in_memory(leaves))


@given(st.data())
def test_a_leaf_is_proven_in_its_place_and_in_no_other(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root, proof = defined_root(leaves), inclusion_proof(index, size, in_memory(leaves))
    assert len(proof) <= (size - 1).bit_length()
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not any(verify_inclusion(leaves[index], other, size, proof, root) for other in range(size) if other != index)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    for at in range(len(proof)):
        assert not verify_inclusion(leaves[index], index, size, proof[:at] + proof[at + 1 :], root)


@given(st.data())
def test_an_older_tree_is_proven_to_be_the_beginning_and_another_is_not(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, new))
    leaves = leaves_of(new)
    proof = consistency_proof(old, new, in_memory(leaves))
    before, after = defined_root(leaves[:old]), defined_root(leaves)
    assert verify_consistency(old, before, new, after, proof)
    if old < new:
        rewritten = defined_root([leaf_hash(b"rewritten"), *leaves[1:old]])
        assert not verify_consistency(old, rewritten, new, after, proof)
        assert not verify_consistency(old, before, new, defined_root([*leaves[:-1], leaf_hash(b"other")]), proof)


@given(st.lists(st.integers(0, 40), max_size=6), st.sets(st.integers(0, 240), max_size=5))
def test_a_tree_put_together_of_the_parts_of_files_has_the_root_of_its_leaves_at_every_cut(sizes: list[int], cuts: set[int]) -> None:
    leaves, frontier = leaves_of(sum(sizes)), Frontier()
    roots = {0: frontier.root()}
    for size in sizes:
        first = frontier.size
        for level, root in subtrees(first, b"".join(leaves[first : first + size]), cuts):
            frontier.add(root, level)
            roots[frontier.size] = frontier.root()
    wanted = {cut for cut in cuts if cut <= len(leaves)} | {len(leaves)}
    assert {cut: roots[cut] for cut in wanted} == {cut: defined_root(leaves[:cut]) for cut in wanted}


def test_tiles_written_in_any_steps_give_the_roots_and_proofs_of_the_tree(tmp_path: Path) -> None:
    leaves = leaves_of(66_000)
    tiles = Tiles(tmp_path, 0)
    for end in (1, 2, 255, 256, 257, 700, 65_535, 65_536, 66_000):
        tiles = tiles.append(b"".join(leaves[tiles.size : end]))
        frontier = Frontier()
        for leaf in leaves[:end]:
            frontier.add(leaf)
        assert tree_root(end, tiles.subtree) == frontier.root()
    root = tree_root(66_000, tiles.subtree)
    for index in (0, 255, 256, 65_535, 65_536, 65_999):
        assert verify_inclusion(leaves[index], index, 66_000, inclusion_proof(index, 66_000, tiles.subtree), root)
    assert verify_consistency(257, tree_root(257, tiles.subtree), 66_000, root, consistency_proof(257, 66_000, tiles.subtree))
    assert (tmp_path / "0" / "256").stat().st_size == 8192
    assert (tmp_path / "0" / "257.p" / "208").stat().st_size == 208 * 32
