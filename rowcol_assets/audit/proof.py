"""A proof that one event is in the log: made from the files and the tiles, checked with the event, the proof and the key alone.

Its form is C2SP's tlog-proof: the event's index, the hashes that lead from it to the root, and the signed checkpoint of that
root. The entry is the event's chain hash (32 bytes), which `chain` makes of the event's content and of everything before it
in its business. Proving reads O(log n) hashes. Source: https://c2sp.org/tlog-proof.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import duckdb

from rowcol_assets.audit.checkpoint import BadCheckpoint, read
from rowcol_assets.audit.files import KEY, checkpoint_files, event_files
from rowcol_assets.audit.merkle import inclusion_proof, leaf_hash, verify_inclusion
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
    try:
        note = notes[-1][1].read_text()
        checkpoint = read(note, (anchors / KEY).read_text())
    except (BadCheckpoint, OSError, UnicodeDecodeError) as error:
        raise BadProof(f"{notes[-1][1].name} cannot be believed: {error}") from None
    try:
        path = inclusion_proof(index, checkpoint.size, Tiles(folder / "tile", checkpoint.size).subtree)
    except (OSError, ValueError) as error:
        raise BadProof(f"the hashes of the log do not reach event {index}: {error}") from None
    if not verify_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root):
        raise BadProof("the hashes of the log do not lead from the event to the signed root: run `rowcol verify-log`")
    hashes = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return entry, f"{HEADER}\nindex {index}\n{hashes}\n{note}"


def check(entry: bytes, proof: str, verifier: str) -> int:
    """The index at which the log that `verifier` signs holds `entry`; BadProof when the proof does not show it."""
    steps, _, note = proof.partition("\n\n")
    header, *lines = steps.split("\n")
    lines = lines[1:] if lines and lines[0].startswith("extra ") else lines
    if header != HEADER or not lines or not lines[0].removeprefix("index ").isdecimal():
        raise BadProof("it is no proof")
    index = int(lines[0].removeprefix("index "))
    try:
        checkpoint = read(note, verifier)
        path = [base64.b64decode(line, validate=True) for line in lines[1:]]
    except (BadCheckpoint, binascii.Error, ValueError) as error:
        raise BadProof(f"it cannot be believed: {error}") from None
    if not verify_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root):
        raise BadProof("it does not lead to the signed root")
    return index


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
