"""One sealed file, read and hashed by itself: everything that can be said of its events without knowing the files before it.

Files are independent but for where each chain goes on, so several are read at once, each by a process of its own. What
joins them, and what they must come to, is in `verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import duckdb
import numpy as np
import pyarrow as pa

from rowcol_assets.audit.chain import Head, extend
from rowcol_assets.audit.columns import hexadecimal, runs, texts
from rowcol_assets.audit.event import canonical_sql
from rowcol_assets.audit.merkle import HASH, leaf_hashes, subtrees

# With text and hashes about 40 MB a batch of large events; small enough that two processes stay far below a gigabyte.
EVENTS_PER_BATCH = 10_000
MEMORY = "256MB"
# Whoever changes one event breaks all that follow: the first places tell where, the rest only how much.
PROBLEMS_TOLD = 20
_KEYS = "case when business_id = ':home' and entity = 'signing_keys' then snapshot end as keys"
_COLUMNS = f"business_id, seq, content_hash, chain_hash, {canonical_sql()} as text, {_KEYS}"


@dataclass(slots=True)
class First:
    """The first event of a business in a file: its number, the content hash it must have, the chain hash it has."""

    seq: int
    content: bytes
    chain: str
    is_sound: bool


@dataclass(slots=True)
class Scan:
    """What a file holds. events: how many; parts: the event tree over them as `merkle.subtrees` tells it, of which the chain of the
    first event of each business is believed; ends: the last number and chain hash of each business; announced: the numbers in the log
    of the events that tell of a key the checkpoints are signed with, each with its public half.
    """

    events: int = 0
    parts: list[tuple[int, bytes]] = field(default_factory=list)
    firsts: dict[str, First] = field(default_factory=dict)
    ends: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    announced: list[tuple[int, str]] = field(default_factory=list)
    found: int = 0
    problems: list[str] = field(default_factory=list)

    def wrong(self, problem: str) -> None:
        """Notes a problem."""
        self.found += 1
        if len(self.problems) < PROBLEMS_TOLD:
            self.problems.append(problem)


def scan(path: Path, first: int, cuts: Sequence[int]) -> Scan:
    """Hashes every event of a file again. What cannot be read is a problem like others; the tree is over the events until there.

    first: the number of its first event in the log; cuts: sizes of the log at which the tree's root is wanted.
    """
    told, chains = Scan(), bytearray()
    try:
        rows = _duckdb().execute(f"select {_COLUMNS} from read_parquet($path)", {"path": str(path)})
        for told_batch in rows.to_arrow_reader(EVENTS_PER_BATCH):
            *hashed, keys = told_batch.columns
            batch = pa.RecordBatch.from_arrays(hashed, names=told_batch.schema.names[:-1])
            if keys.null_count < len(keys):
                told.announced += _announced(keys, first + len(chains) // HASH)
            if not _is_as_it_should_be(batch, told, chains):
                _scan_batch(batch, path.name, told, chains)
    except (duckdb.Error, ValueError, TypeError) as error:
        told.wrong(f"{path.name} cannot be read: {str(error).splitlines()[0]}")
    told.events = len(chains) // HASH
    told.parts = subtrees(first, leaf_hashes(bytes(chains)), cuts)
    return told


def _announced(keys: pa.Array, first: int) -> Iterator[tuple[int, str]]:
    """What a column of snapshots says of keys; first: the number of its first event. A snapshot that is none tells of no key."""
    for number, snapshot in enumerate(keys.to_pylist(), start=first):
        if snapshot is not None:
            try:
                yield number, str(json.loads(snapshot)["public_key"])
            except (ValueError, TypeError, KeyError):
                yield number, "that is none"


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One for all files that this process scans: a log has a file per cycle, and most are small."""
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": 1})
    # A bar that is drawn when a file takes two seconds would stand in what the command prints.
    connection.execute("set enable_progress_bar = false")
    return connection


def _is_as_it_should_be(batch: pa.RecordBatch, told: Scan, links: bytearray) -> bool:
    """Takes in a batch of events of which each is sound and continues the one before it; takes in nothing where one is not.

    What stands there is compared as a whole, so that an event costs its two hashes and little more.
    """
    businesses, numbers, contents, chains, text = batch.columns
    if any(column.null_count for column in batch.columns):
        return False
    sequence, canonical = numbers.to_numpy(), texts(text)
    ends, firsts, expected = dict(told.ends), {}, [(b"", b"")]
    place = 0
    for business, events in runs(businesses):
        rest = events
        if business not in ends:
            seq, chain, content = int(sequence[place]), chains[place].as_py(), hashlib.sha256(next(canonical)).digest()
            firsts[business] = First(seq, content, chain, is_sound=True)
            ends[business] = (seq, stored(chain))
            expected.append((content, ends[business][1]))
            rest -= 1
        heads = {business: Head(*ends[business])}
        expected.append(extend(heads, [(business, rest)], canonical))
        head = heads[business]
        if not (sequence[place : place + events] == np.arange(head.seq - events + 1, head.seq + 1)).all():
            return False
        ends[business] = (head.seq, head.chain)
        place += events
    linked = b"".join(chain for _, chain in expected)
    if not contents.equals(hexadecimal(b"".join(content for content, _ in expected))) or not chains.equals(hexadecimal(linked)):
        return False
    told.firsts |= firsts
    told.ends = ends
    links += linked
    return True


def _scan_batch(batch: pa.RecordBatch, name: str, told: Scan, links: bytearray) -> None:
    """Each event against its content and, but for the first of a business, against the event before it; `links` gets its chain hash."""
    sha256, ends = hashlib.sha256, told.ends
    businesses, numbers, contents, chains = cast("list[list[Any]]", [batch.column(index).to_pylist() for index in range(4)])
    for business, seq, content, chain, text in zip(businesses, numbers, contents, chains, texts(batch.column(4)), strict=True):
        computed = sha256(text)
        is_sound = content == computed.hexdigest()
        if not is_sound:
            told.wrong(f"{name}: event {seq} of {business} was changed")
        end = ends.get(business)
        if end is None:
            told.firsts[business] = First(seq, computed.digest(), chain, is_sound)
            ends[business] = (seq, stored(chain))
            links += ends[business][1]
            continue
        expected = sha256(end[1] + computed.digest())
        if is_sound and seq != end[0] + 1:
            told.wrong(f"{name}: event {seq} of {business} follows its event {end[0]}")
        elif is_sound and chain != expected.hexdigest():
            told.wrong(f"{name}: event {seq} of {business} does not continue its chain")
        # Going on from what is stored tells one changed event as one, not as all that follow it.
        ends[business] = (seq, stored(chain, expected.digest()))
        links += expected.digest()


def stored(chain: str, otherwise: bytes = bytes(HASH)) -> bytes:
    """A chain hash as it stands in a file, or `otherwise` where it is none."""
    try:
        found = bytes.fromhex(chain)
    except ValueError:
        return otherwise
    return found if len(found) == HASH else otherwise
