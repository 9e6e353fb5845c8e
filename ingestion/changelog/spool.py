"""Where a fetch puts what it receives: two files per entity, so that memory does not grow with the data.

What versions are compared by lies in Parquet, which SQL reads; the payloads lie apart, as an Arrow stream: they are only
copied, and SQL need not pass over them. A spool lives for one sync and means nothing afterwards; what is kept is decided
in `delta` and written by `segments`.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.changelog.schema import ARRIVAL, INSTANT, PAYLOAD
from ingestion.files import private_dir, remove_orphans
from ingestion.settings import Settings

# About 2 MB of ledger documents: large enough that a row group costs little, small enough for many entities at once. With 5,000
# a first load of 786,000 records took up to 850 MB, with these up to 780, in the same time.
BATCH_ROWS = 2_000
# Columns with few values; looking for a dictionary in the others costs time and finds none.
REPEATED = ["business_id", "connection_id", "delivery"]
# Batches that may wait to be written; more would let a slow disk fill the memory.
WRITES_UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Records of one entity and connection that arrived in one response; lists of equal length, in order of arrival."""

    business_id: str
    connection_id: str
    record_ids: Sequence[str]
    source_updated_at: Sequence[datetime | None]
    is_deleted: Sequence[bool]
    payloads: Sequence[bytes]
    content_hashes: Sequence[str]
    observed_at: datetime
    delivery: str


class Sink(Protocol):
    """Where a fetch puts what arrives. folder: on the home's disk, for what a fetch holds back meanwhile."""

    @property
    def folder(self) -> Path: ...

    def add(self, entity: str, arrivals: Arrivals) -> None:
        """Adds one response's records."""


class _Page(NamedTuple):
    """One response's records on their way to the disk, with what must be refused at once already as Arrow. arrivals: without payloads."""

    arrivals: Arrivals
    record_ids: pa.Array
    payloads: pa.Array


class _Files:
    """The two files of one entity and what is to be written to them next."""

    def __init__(self, keys: Path, payloads: Path) -> None:
        self.rows = 0
        self.waiting: list[_Page] = []
        self.rows_waiting = 0
        self._rows_written = 0
        self._keys = pq.ParquetWriter(keys, ARRIVAL, compression="none", use_dictionary=REPEATED)  # type: ignore[arg-type]
        self._payloads = pa.ipc.new_stream(str(payloads), PAYLOAD)

    def write(self, pages: Sequence[_Page]) -> None:
        """Writes pages together: made into columns one by one, the small ones of many companies cost more than their bytes."""
        all_arrivals = [page.arrivals for page in pages]
        counts = np.array([len(arrivals.record_ids) for arrivals in all_arrivals])
        rows = int(counts.sum())
        repeats = np.repeat(np.arange(len(pages)), counts)
        columns: list[pa.Array[Any] | pa.ChunkedArray[Any]] = [
            pa.array([arrivals.business_id for arrivals in all_arrivals], pa.string()).take(repeats),
            pa.array([arrivals.connection_id for arrivals in all_arrivals], pa.string()).take(repeats),
            pa.chunked_array([page.record_ids for page in pages], pa.string()),
            pa.array([stamp for arrivals in all_arrivals for stamp in arrivals.source_updated_at], INSTANT),
            pa.array([mark for arrivals in all_arrivals for mark in arrivals.is_deleted], pa.bool_()),
            pa.array([value for arrivals in all_arrivals for value in arrivals.content_hashes], pa.string()),
            pa.array([arrivals.observed_at for arrivals in all_arrivals], INSTANT).take(repeats),
            pa.array([arrivals.delivery for arrivals in all_arrivals], pa.string()).take(repeats),
            pa.array(np.arange(self._rows_written, self._rows_written + rows)),
        ]
        self._keys.write_table(pa.table(columns, schema=ARRIVAL))
        self._rows_written += rows
        for page in pages:
            self._payloads.write_batch(pa.record_batch([page.payloads], schema=PAYLOAD))

    def close(self) -> None:
        self._keys.close()
        self._payloads.close()


class Spool:
    """Collects arrivals per entity on disk; `close` before reading, `remove` at the end."""

    def __init__(self, settings: Settings, sync_id: str) -> None:
        self.folder = private_dir(settings.home / "spool" / f"{sync_id}.{os.getpid()}")
        self._files: dict[str, _Files] = {}
        # Writing needs no interpreter lock, so it goes on beside the network. One thread keeps each file's order.
        self._pool = ThreadPoolExecutor(1)
        self._writes: deque[Future[None]] = deque()
        self._is_closed = False

    @property
    def rows(self) -> dict[str, int]:
        """Rows that arrived, per entity."""
        return {entity: files.rows for entity, files in self._files.items()}

    def add(self, entity: str, arrivals: Arrivals) -> None:
        """Adds one response's records; UnicodeEncodeError or ArrowInvalid when an id or a payload is not UTF-8."""
        count = len(arrivals.record_ids)
        if not count:
            return
        page = _Page(replace(arrivals, payloads=()), pa.array(arrivals.record_ids, pa.string()), pa.array(arrivals.payloads, pa.string()))
        if entity not in self._files:
            self._files[entity] = _Files(self.path(entity), self._payload_path(entity))
        files = self._files[entity]
        files.waiting.append(page)
        files.rows += count
        files.rows_waiting += count
        if files.rows_waiting >= BATCH_ROWS:
            self._flush(files)

    def close(self) -> None:
        """Finishes the files; nothing can be added afterwards. Raises OSError when they cannot be written, as on a full disk."""
        if self._is_closed:
            return
        for files in self._files.values():
            if files.waiting:
                self._flush(files)
        self._wait_for_writes(0)
        self._release()

    def path(self, entity: str) -> Path:
        """The entity's Parquet file without payloads; it exists if any row of it arrived."""
        return self.folder / f"{entity}.parquet"

    def payloads(self, entity: str) -> Iterator[pa.Array]:
        """The entity's payloads in order of arrival, a page at a time; the n-th belongs to `ordinal` n."""
        with pa.OSFile(str(self._payload_path(entity)), "rb") as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                yield batch.column("payload")

    def remove(self) -> None:
        """Deletes the spool, whatever state it is in."""
        with suppress(OSError):
            self._release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _release(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._pool.shutdown(cancel_futures=True)
        for files in self._files.values():
            files.close()

    def _payload_path(self, entity: str) -> Path:
        return self.folder / f"{entity}.payloads"

    def _flush(self, files: _Files) -> None:
        self._wait_for_writes(WRITES_UNDER_WAY)
        self._writes.append(self._pool.submit(files.write, files.waiting))
        files.waiting, files.rows_waiting = [], 0

    def _wait_for_writes(self, left: int) -> None:
        while len(self._writes) > left:
            self._writes.popleft().result()


def remove_abandoned(settings: Settings) -> None:
    """Deletes the spools of processes that are gone."""
    folder = settings.home / "spool"
    remove_orphans(folder.iterdir() if folder.exists() else ())
