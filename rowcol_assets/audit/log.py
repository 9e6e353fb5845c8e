"""The transaction log on disk: events are chained, sealed into Parquet files and covered by a signed checkpoint.

A file belongs to the log from the moment a checkpoint covers it: it is written and synced under a name that says it is
being sealed, then the checkpoint is written, then it gets its name. A crash before the checkpoint leaves a file that is
thrown away and whose events are appended anew; a crash after it leaves one that only has to be renamed. So nothing is ever
signed that this process did not chain itself. What the events are is in `writer`; checking a log is `verify`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import duckdb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.errors import RowcolError
from ingestion.files import private_dir, sync_dir, write_atomic
from rowcol_assets.audit.chain import Head, heads_root_leaf
from rowcol_assets.audit.checkpoint import FIRST, BadCheckpoint, Checkpoint, read, sign, verifier_key
from rowcol_assets.audit.event import COLUMN_TYPES, HASHES
from rowcol_assets.audit.files import (
    KEY,
    checkpoint_files,
    checkpoint_path,
    event_files,
    next_key_files,
    next_key_path,
    sealed_path,
    sealing_path,
)
from rowcol_assets.audit.merkle import leaf_hashes, root_of, tree_root
from rowcol_assets.audit.sealing import number, ordered, seal
from rowcol_assets.audit.signing_key import held_key, make_key, next_path, take_over
from rowcol_assets.audit.tiles import Tiles

# What is handed to `append`: an event's columns without those that the log itself gives it.
PENDING = tuple(name for name in COLUMN_TYPES if name not in ("seq", *HASHES))


@dataclass(frozen=True, slots=True)
class Appended:
    """What one append came to; checkpoint is that of the log as it is now, None of one without events."""

    events: int
    files: tuple[Path, ...]
    checkpoint: Checkpoint | None


class TransactionLog:
    """The log of a home. One process appends at a time: the caller holds the writer lock."""

    def __init__(self, folder: Path, anchors: Path, key_file: Path, origin: str) -> None:
        self.folder = private_dir(folder)
        self.anchors = private_dir(anchors)
        self.origin = origin
        self._key_file = key_file
        self._key = self._signing_key()
        self.checkpoint = self._finish()
        self._publish_key()

    @property
    def verifier(self) -> str:
        """The public key of the checkpoints that are signed now."""
        return verifier_key(self.origin, self._key)

    @property
    def size(self) -> int:
        """Events in the log."""
        return self.checkpoint.size if self.checkpoint else 0

    @property
    def tiles(self) -> Tiles:
        """The hashes of the event tree, for proofs."""
        return Tiles(self.folder / "tile", self.size)

    def next_key(self) -> Ed25519PrivateKey:
        """A fresh key on the disk, that takes over with the append it is handed to; until then the present one signs alone."""
        return make_key(next_path(self._key_file))

    def public_key(self, key: Ed25519PrivateKey) -> str:
        """A key's public half, as checkpoints and events of this log tell it."""
        return verifier_key(self.origin, key)

    def append(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        pending: str,
        sealed: Callable[[], None] = lambda: None,
        successor: Ed25519PrivateKey | None = None,
    ) -> Appended:
        """Appends the rows of relation `pending` (columns PENDING and `position`, a number each) and covers them.

        Events of one business follow each other by `position`. The log is whole again whenever this dies. sealed: called
        between writing the events and covering them, where a death costs most. successor: the `next_key`, which one of these
        events announces, and which takes over with the checkpoint that covers it.
        """
        heads = self._heads()
        files: list[Path] = []
        chains: list[bytes] = []
        size = self.size
        parts = number(warehouse, pending, heads)
        for (position, events), following in zip_longest(parts, parts[1:]):
            path = sealing_path(self.folder, size, size + events)
            ends = following[0] if following else None
            chains.append(seal(ordered(warehouse, pending, position, ends), heads, path))
            files.append(path)
            size += events
        if not files:
            return Appended(0, (), self.checkpoint)
        sealed()
        tiles = self._sound_tiles().append(leaf_hashes(b"".join(chains)))
        after = self.checkpoint.digest if self.checkpoint else FIRST
        named = None if successor is None else self.public_key(successor)
        self.checkpoint = Checkpoint(self.origin, size, tree_root(size, tiles.subtree), len(heads), _heads_root(heads), after, named)
        self._write_heads(heads)
        sync_dir(self.folder)
        note = sign(self.checkpoint, self._key) if successor is None else sign(self.checkpoint, self._key, successor)
        write_atomic(checkpoint_path(self.anchors, size), note.encode())
        if successor is not None:
            self._hand_over(self.checkpoint, successor)
        self._rename()
        return Appended(
            sum(events for _, events in parts), tuple(sealed_path(self.folder, *_range(path)) for path in files), self.checkpoint
        )

    def _finish(self) -> Checkpoint | None:
        """The last checkpoint, after what a crash left is renamed or thrown away; RowcolError if log and anchors differ."""
        checkpoint = self._last_checkpoint()
        covered = checkpoint.size if checkpoint else 0
        for file in event_files(self.folder):
            if not file.is_sealed and file.end > covered:
                file.path.unlink()
        self._rename()
        events = max((file.end for file in event_files(self.folder)), default=0)
        if events != covered:
            raise RowcolError(
                f"the transaction log has {events} events and its last checkpoint covers {covered}: "
                "nothing is appended before `rowcol verify-log` is satisfied"
            )
        # One that is there still was never announced: the process died before.
        next_path(self._key_file).unlink(missing_ok=True)
        return checkpoint

    def _last_checkpoint(self) -> Checkpoint | None:
        """The last checkpoint, if this home's key signed it, or the key that was to take over, which then does."""
        found = checkpoint_files(self.anchors)
        if not found:
            return None
        note, following = found[-1][1].read_text(), held_key(next_path(self._key_file))
        try:
            if following is not None and self.public_key(following) in note:
                checkpoint = read(note, self.public_key(following))
                self._hand_over(checkpoint, following)
                return checkpoint
            return read(note, self.verifier)
        except BadCheckpoint as error:
            told = f"{found[-1][1]} is no checkpoint of this log, or this home's signing key was replaced: {error}"
            raise RowcolError(f"{told}. A key is replaced by `rowcol rotate-log-key` alone") from None

    def _hand_over(self, checkpoint: Checkpoint, following: Ed25519PrivateKey) -> None:
        """Makes `following` the home's key once a checkpoint that both signed names it. The public half first: a death finds the rest."""
        write_atomic(next_key_path(self.anchors, checkpoint.size), f"{self.public_key(following)}\n".encode())
        take_over(self._key_file)
        self._key = following

    def _rename(self) -> None:
        for file in event_files(self.folder):
            if not file.is_sealed:  # a name that a power cut takes back is given again by whoever comes next
                file.path.rename(sealed_path(self.folder, file.first, file.end))

    def _heads(self) -> dict[str, Head]:
        """The end of every chain: as kept beside the log if that is what the checkpoint covers, else from the files."""
        if self.checkpoint is None:
            return {}
        for found in (self._kept_heads, self._heads_of_files):
            heads = found()
            if heads and _heads_root(heads) == self.checkpoint.heads_root:
                return heads
        raise RowcolError("the chains of the transaction log are not those its last checkpoint covers: run `rowcol verify-log`")

    def _kept_heads(self) -> dict[str, Head]:
        try:
            kept = json.loads((self.folder / "heads.json").read_text())
            return {business: Head(seq, bytes.fromhex(chain)) for business, (seq, chain) in kept.items()}
        except (OSError, ValueError):
            return {}

    def _heads_of_files(self) -> dict[str, Head]:
        files = [str(file.path) for file in event_files(self.folder)]
        found = duckdb.execute(
            "select business_id, max(seq), arg_max(chain_hash, seq) from read_parquet($files) group by business_id", {"files": files}
        ).fetchall()
        return {business: Head(seq, bytes.fromhex(chain)) for business, seq, chain in found}

    def _sound_tiles(self) -> Tiles:
        """The tiles, made again from the files where they do not lead to the root that is signed.

        They are written without waiting for the disk, and a copy of the log can lack them; what they say is signed next.
        """
        found = self.tiles
        if self.checkpoint is None or _leads_to(found, self.checkpoint):
            return found
        made = Tiles(found.folder, 0).append(leaf_hashes(self._chain_of_files()))
        if not _leads_to(made, self.checkpoint):
            raise RowcolError("the events of the transaction log are not those its last checkpoint covers: run `rowcol verify-log`")
        return made

    def _chain_of_files(self) -> bytes:
        chains: list[bytes] = []
        for file in (file for file in event_files(self.folder) if file.end <= self.size):
            with duckdb.connect() as connection:
                found = connection.execute("select chain_hash from read_parquet($path)", {"path": str(file.path)}).fetchall()
            chains += (bytes.fromhex(chain) for (chain,) in found)
        return b"".join(chains)

    def _write_heads(self, heads: dict[str, Head]) -> None:
        kept = {business: [head.seq, head.chain.hex()] for business, head in sorted(heads.items())}
        # Not waited for: heads that do not lead to the signed root are made again from the files.
        write_atomic(self.folder / "heads.json", json.dumps(kept).encode(), is_synced=False)

    def _signing_key(self) -> Ed25519PrivateKey:
        key = held_key(self._key_file)
        if key is None and checkpoint_files(self.anchors):
            raise RowcolError(f"{self._key_file} is missing: without the log's key nothing is appended to it; put it back")
        return key or make_key(self._key_file)

    def _publish_key(self) -> None:
        """Tells the public key of a new log, and checks that of one that goes on: the first, or the last of those that took over."""
        first, later = self.anchors / KEY, next_key_files(self.anchors)
        path = later[-1][1] if later else first
        if self.checkpoint is None and not path.exists():
            write_atomic(path, f"{self.verifier}\n".encode())
        elif not first.exists():
            raise RowcolError(f"{first} is missing: without the first public key no checkpoint can be believed; put it back")
        elif path.read_text().strip() != self.verifier:
            raise RowcolError(f"{path} is the public key of another log, or this home's signing key was replaced")


def _leads_to(tiles: Tiles, checkpoint: Checkpoint) -> bool:
    """Whether the tiles give the root of a checkpoint: of all hashes that an append goes on from, none is missing or other."""
    try:
        return tiles.size == checkpoint.size and tree_root(tiles.size, tiles.subtree) == checkpoint.root
    except OSError:
        return False


def _heads_root(heads: dict[str, Head]) -> bytes:
    return root_of(_leaves(heads))


def _leaves(heads: dict[str, Head]) -> Iterator[bytes]:
    return (heads_root_leaf(business, heads[business]) for business in sorted(heads))


def _range(path: Path) -> tuple[int, int]:
    first, end = path.stem.split("-")[1:]
    return int(first), int(end)
