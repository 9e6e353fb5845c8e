"""Proofs from the files and the tiles: that one event is in the log, checked with the event, the proof and the key alone.

Its form is C2SP's tlog-proof: the event's index, the hashes that lead from it to the root, and the signed checkpoint of that
root. The entry is the event's chain hash (32 bytes), which `chain` makes of the event's content and of everything before it
in its business. Proving reads O(log n) hashes. Source: https://c2sp.org/tlog-proof.

And a proof that the log only grew between two checkpoints, in the form in which C2SP's witnesses take it (`add-checkpoint`): the
size of the older one, the hashes that lead from its root to the newer one's, and the newer one. Whoever kept a checkpoint checks
with it that nothing it covers was changed since, without the log. Source: https://c2sp.org/tlog-witness.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

import duckdb

from rowcol_assets.audit.checkpoint import BadCheckpoint
from rowcol_assets.audit.files import checkpoint_files, event_files
from rowcol_assets.audit.keys import Keys, keys_of
from rowcol_assets.audit.merkle import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from rowcol_assets.audit.tiles import Tiles

HEADER = "c2sp.org/tlog-proof@v1"


class BadProof(Exception):
    """An event that cannot be proven, or a proof that does not hold; the message says why."""


def prove(folder: Path, anchors: Path, event_id: str) -> tuple[bytes, str]:
    """An event's chain hash and the proof that the last checkpoint covers it; BadProof when there is none to be had."""
    index, entry = _found(folder, event_id)
    notes = checkpoint_files(anchors)
    if not notes:
        raise BadProof(f"{anchors} holds no checkpoint")
    keys = _keys(anchors)
    try:
        note = notes[-1][1].read_text()
        checkpoint = keys.read(note)
    except (BadCheckpoint, OSError, UnicodeDecodeError) as error:
        raise BadProof(f"{notes[-1][1].name} cannot be believed: {error}") from None
    try:
        path = inclusion_proof(index, checkpoint.size, Tiles(folder / "tile", checkpoint.size).subtree)
    except (OSError, ValueError) as error:
        raise BadProof(f"the hashes of the log do not reach event {index}: {error}") from None
    if not verify_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root):
        raise BadProof("the hashes of the log do not lead from the event to the signed root: run `rowcol verify-log`")
    return entry, f"{HEADER}\nindex {index}\n{_lines(path)}\n{note}"


def check(entry: bytes, proof: str, keys: Keys) -> int:
    """The index at which the log that `keys` sign holds `entry`; BadProof when the proof does not show it."""
    steps, _, note = proof.partition("\n\n")
    header, *lines = steps.split("\n")
    lines = lines[1:] if lines and lines[0].startswith("extra ") else lines
    if header != HEADER or not lines or not lines[0].removeprefix("index ").isdecimal():
        raise BadProof("it is no proof")
    index = int(lines[0].removeprefix("index "))
    try:
        checkpoint = keys.read(note)
        path = [base64.b64decode(line, validate=True) for line in lines[1:]]
    except (BadCheckpoint, binascii.Error, ValueError) as error:
        raise BadProof(f"it cannot be believed: {error}") from None
    if not verify_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root):
        raise BadProof("it does not lead to the signed root")
    return index


def prove_growth(folder: Path, anchors: Path, older: int, newer: int | None = None) -> str:
    """The proof that the log of `older` events is the beginning of that of `newer`, the last checkpoint's if None.

    BadProof when there is no such checkpoint, or when the log no longer leads from the one to the other.
    """
    notes = dict(checkpoint_files(anchors))
    if not notes:
        raise BadProof(f"{anchors} holds no checkpoint")
    newer = max(notes) if newer is None else newer
    keys = _keys(anchors)
    checkpoints = []
    for size in (older, newer):
        if size not in notes:
            raise BadProof(f"{anchors} holds no checkpoint of {size} events")
        try:
            checkpoints.append(keys.read(notes[size].read_text()))
        except (BadCheckpoint, OSError, UnicodeDecodeError) as error:
            raise BadProof(f"{notes[size].name} cannot be believed: {error}") from None
    before, after = checkpoints
    try:
        path = consistency_proof(before.size, after.size, Tiles(folder / "tile", after.size).subtree)
    except (OSError, ValueError) as error:
        raise BadProof(f"the hashes of the log do not reach from {older} to {newer} events: {error}") from None
    if not verify_consistency(before.size, before.root, after.size, after.root, path):
        raise BadProof("the hashes of the log do not lead from the older root to the newer one: run `rowcol verify-log`")
    return f"old {before.size}\n{_lines(path)}\n{notes[newer].read_text()}"


def check_growth(kept: str, proof: str, keys: Keys) -> tuple[int, int]:
    """The sizes between which the log only grew: from the kept checkpoint to that in `proof`; BadProof when it is not shown."""
    steps, _, note = proof.partition("\n\n")
    header, *lines = steps.split("\n")
    try:
        before, after = keys.read(kept), keys.read(note)
        path = [base64.b64decode(line, validate=True) for line in lines]
    except (BadCheckpoint, binascii.Error, ValueError) as error:
        raise BadProof(f"it cannot be believed: {error}") from None
    if header != f"old {before.size}":
        raise BadProof(f"it does not begin at the kept checkpoint, which covers {before.size} events")
    if not verify_consistency(before.size, before.root, after.size, after.root, path):
        raise BadProof("it does not lead from the kept root to the signed one: what the kept checkpoint covers was changed")
    return before.size, after.size


def _keys(anchors: Path) -> Keys:
    try:
        return keys_of(anchors)
    except (BadCheckpoint, OSError, UnicodeDecodeError) as error:
        raise BadProof(f"the keys of {anchors} cannot be believed: {error}") from None


def _lines(path: Sequence[bytes]) -> str:
    return "".join(f"{base64.b64encode(step).decode()}\n" for step in path)


def _found(folder: Path, event_id: str) -> tuple[int, bytes]:
    for file in event_files(folder):
        with duckdb.connect() as connection:
            row = connection.execute(
                "select file_row_number, chain_hash from read_parquet($path, file_row_number = true) where event_id = $event_id",
                {"path": str(file.path), "event_id": event_id},
            ).fetchone()
        if row:
            return file.first + int(row[0]), bytes.fromhex(row[1])
    raise BadProof(f"the log has no event {event_id}")
