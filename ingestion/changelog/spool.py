"""Where a fetch puts what it receives: one Parquet file per entity, so that memory does not grow with the data.

A spool lives for one sync and means nothing afterwards; what is kept is decided in `delta` and written by `segments`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.changelog.schema import SPOOLED
from ingestion.files import private_dir, process_is_alive
from ingestion.settings import Settings

# About 4 MB of ledger documents: large enough that a row group costs little, small enough for many entities at once.
BATCH_ROWS = 5_000


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


@dataclass
class _Pending:
    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0


class Spool:
    """Collects arrivals per entity on disk; `close` before reading, `remove` at the end."""

    def __init__(self, settings: Settings, sync_id: str) -> None:
        self.folder = private_dir(settings.home / "spool" / f"{sync_id}.{os.getpid()}")
        self._pending: dict[str, _Pending] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._ordinal = 0
        self.rows: dict[str, int] = {}

    def add(self, entity: str, arrivals: Arrivals) -> None:
        """Adds one response's records; raises UnicodeDecodeError-like ArrowInvalid if a payload is not UTF-8."""
        count = len(arrivals.record_ids)
        if not count:
            return
        batch = pa.record_batch(
            [
                pa.repeat(arrivals.business_id, count),
                pa.repeat(arrivals.connection_id, count),
                pa.array(arrivals.record_ids, pa.string()),
                pa.array(arrivals.source_updated_at, SPOOLED.field("source_updated_at").type),
                pa.array(arrivals.is_deleted, pa.bool_()),
                pa.array(arrivals.payloads, pa.string()),
                pa.array(arrivals.content_hashes, pa.string()),
                pa.repeat(pa.scalar(arrivals.observed_at, SPOOLED.field("observed_at").type), count),
                pa.repeat(arrivals.delivery, count),
                pa.array(range(self._ordinal, self._ordinal + count), pa.int64()),
            ],
            schema=SPOOLED,
        )
        self._ordinal += count
        self.rows[entity] = self.rows.get(entity, 0) + count
        pending = self._pending.setdefault(entity, _Pending())
        pending.batches.append(batch)
        pending.rows += count
        if pending.rows >= BATCH_ROWS:
            self._flush(entity)

    def close(self) -> None:
        """Finishes the files; nothing can be added afterwards."""
        for entity in list(self._pending):
            self._flush(entity)
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def path(self, entity: str) -> Path:
        """The entity's file; it exists if any row of it arrived."""
        return self.folder / f"{entity}.parquet"

    def remove(self) -> None:
        """Deletes the spool."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _flush(self, entity: str) -> None:
        pending = self._pending.pop(entity)
        if entity not in self._writers:
            self._writers[entity] = pq.ParquetWriter(self.path(entity), SPOOLED, compression="lz4")
        self._writers[entity].write_table(pa.Table.from_batches(pending.batches, SPOOLED))


def remove_orphans(settings: Settings) -> None:
    """Deletes the spools of processes that are gone."""
    folder = settings.home / "spool"
    for spool in folder.iterdir() if folder.exists() else ():
        pid = spool.name.rpartition(".")[2]
        if not pid.isdigit() or not process_is_alive(int(pid)):
            shutil.rmtree(spool, ignore_errors=True)
