"""One sealed file, read and hashed by itself: everything that can be said of its events without knowing the files before it.

Files are independent but for where each chain goes on, so several are read at once, each by a process of its own. What
joins them, and what they must come to, is in `verify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from rowcol_assets.audit.event import canonical_sql

# With text and hashes about 40 MB a batch of large events; small enough that two processes stay far below a gigabyte.
EVENTS_PER_BATCH = 10_000
MEMORY = "256MB"
# Whoever changes one event breaks all that follow: the first places tell where, the rest only how much.
PROBLEMS_TOLD = 20
_COLUMNS = f"business_id, seq, content_hash, chain_hash, {canonical_sql()} as text"


@dataclass(slots=True)
class First:
    """The first event of a business in a file: its place in the file, its number, both its hashes as they must be and are."""

    index: int
    seq: int
    content: bytes
    chain: str
    is_sound: bool


@dataclass(slots=True)
class Scan:
    """What a file holds. leaves: a leaf hash per event, one after another; ends: the last number and chain hash of each business."""

    leaves: bytearray = field(default_factory=bytearray)
    firsts: dict[str, First] = field(default_factory=dict)
    ends: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    found: int = 0
    problems: list[str] = field(default_factory=list)

    def wrong(self, problem: str) -> None:
        """Notes a problem."""
        self.found += 1
        if len(self.problems) < PROBLEMS_TOLD:
            self.problems.append(problem)


def scan(path: Path) -> Scan:
    """Hashes every event of a file again. What cannot be read is a problem like others; the leaves are those until there."""
    told = Scan()
    try:
        rows = _duckdb().execute(f"select {_COLUMNS} from read_parquet($path)", {"path": str(path)})
        for batch in rows.to_arrow_reader(EVENTS_PER_BATCH):
            _scan_batch(batch, path.name, told)
    except (duckdb.Error, ValueError, TypeError) as error:
        told.wrong(f"{path.name} cannot be read: {str(error).splitlines()[0]}")
    return told


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One for all files that this process scans: a log has a file per cycle, and most are small."""
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": 1})
    # A bar that is drawn when a file takes two seconds would stand in what the command prints.
    connection.execute("set enable_progress_bar = false")
    return connection


def _scan_batch(batch: pa.RecordBatch, name: str, told: Scan) -> None:
    """Each event against its content and, but for the first of a business, against the event before it."""
    sha256, ends, leaves = hashlib.sha256, told.ends, told.leaves
    businesses, numbers, contents, chains = cast("list[list[Any]]", [batch.column(index).to_pylist() for index in range(4)])
    for business, seq, content, chain, text in zip(businesses, numbers, contents, chains, texts(batch.column(4)), strict=True):
        computed = sha256(text)
        is_sound = content == computed.hexdigest()
        if not is_sound:
            told.wrong(f"{name}: event {seq} of {business} was changed")
        end = ends.get(business)
        if end is None:
            told.firsts[business] = First(len(leaves) // 32, seq, computed.digest(), chain, is_sound)
            ends[business] = (seq, stored(chain, b""))
            leaves += bytes(32)
            continue
        expected = sha256(end[1] + computed.digest())
        if is_sound and seq != end[0] + 1:
            told.wrong(f"{name}: event {seq} of {business} follows its event {end[0]}")
        elif is_sound and chain != expected.hexdigest():
            told.wrong(f"{name}: event {seq} of {business} does not continue its chain")
        # Going on from what is stored tells one changed event as one, not as all that follow it.
        ends[business] = (seq, stored(chain, expected.digest()))
        leaves += sha256(b"\x00" + expected.digest()).digest()


def texts(column: pa.Array) -> Iterator[memoryview]:
    """The bytes of a column of texts without making texts of them, in order; none may be null."""
    if column.null_count:
        raise ValueError("an event has no canonical text")
    _, offsets, data = column.buffers()
    whole = memoryview(offsets or b"").cast("q" if pa.types.is_large_string(column.type) else "i")
    view = memoryview(data or b"")
    ends = whole[column.offset : column.offset + len(column) + 1].tolist()
    return (view[start:end] for start, end in pairwise(ends))


def stored(chain: str, otherwise: bytes) -> bytes:
    """A chain hash as it stands in a file, or what it should be where it is none."""
    try:
        return bytes.fromhex(chain)
    except ValueError:
        return otherwise
