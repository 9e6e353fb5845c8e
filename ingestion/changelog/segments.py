"""The change log outside the warehouse: immutable Parquet files, one per entity and sync, and the journal of a load.

A segment is complete and on the disk before anything of it reaches the warehouse, so the warehouse can always be made
again. A journal names the segments of a load under way; it is removed when the load is done, and one that is left
over tells `recovery` what to complete.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.changelog.schema import CHANGE
from ingestion.files import private_dir, sync_dir, sync_file, write_atomic
from ingestion.settings import Settings

JOURNALS = ".pending"
REBUILD = "rebuild"
# Columns with few values in a segment; the others are not worth looking for a dictionary.
REPEATED = ["business_id", "connection_id", "delivery", "sync_id", "_dlt_load_id"]


def segment_dir(settings: Settings, rail: str, entity: str) -> Path:
    """The folder of an entity's segments."""
    return settings.raw_dir / rail / entity


def draft_path(settings: Settings, rail: str, entity: str, sync_id: str) -> Path:
    """Where a segment is written before it counts; names starting with a dot are no segments."""
    return private_dir(segment_dir(settings, rail, entity)) / f".{sync_id}.draft"


def write_draft(draft: Path, versions: pa.RecordBatchReader, payloads: Iterator[pa.Array]) -> dict[tuple[str, str], int]:
    """Joins new versions with their payloads into a Parquet file and returns their number per business and connection.

    Both come in order of arrival, so they are merged as they stream and memory does not grow with their number. No file
    is written when there are no versions.
    """
    counts: Counter[tuple[str, str]] = Counter()
    writer: pq.ParquetWriter | None = None
    arrived = _Arrived(payloads)
    try:
        for batch in versions:
            if not batch.num_rows:
                continue
            writer = writer or pq.ParquetWriter(draft, CHANGE, compression="lz4", use_dictionary=REPEATED)  # type: ignore[arg-type]
            payload = arrived.payloads_of(batch.column("ordinal").to_numpy())
            columns = [payload if name == "payload" else batch.column(name) for name in CHANGE.names]
            writer.write_table(pa.table(columns, schema=CHANGE))
            counts.update(zip(*(map(str, batch.column(name).to_pylist()) for name in ("business_id", "connection_id")), strict=True))
    finally:
        if writer:
            writer.close()
    return dict(counts)


class _Arrived:
    """Payloads by ordinal, from a stream read once; asked for in ascending order."""

    def __init__(self, pages: Iterator[pa.Array]) -> None:
        self._pages = pages
        self._page: pa.Array = pa.array([], pa.string())
        self._first = 0

    def payloads_of(self, ordinals: np.ndarray) -> pa.ChunkedArray:
        found = []
        while len(ordinals):
            here = int(np.searchsorted(ordinals, self._first + len(self._page)))
            if here:
                found.append(_pick(self._page, ordinals[:here] - self._first))
                ordinals = ordinals[here:]
            else:
                self._first += len(self._page)
                self._page = next(self._pages)
        return pa.chunked_array(found, pa.string())


def _pick(page: pa.Array, positions: np.ndarray) -> pa.Array:
    """The values at ascending positions; without a copy where none is left out, as in a first load."""
    if positions[-1] - positions[0] + 1 == len(positions):
        return page.slice(positions[0], len(positions))
    return page.take(pa.array(positions))


def seal(settings: Settings, rail: str, entity: str, sync_id: str) -> Path:
    """Makes the draft a segment: content on the disk, then the name."""
    draft = draft_path(settings, rail, entity, sync_id)
    segment = draft.with_name(f"{sync_id}.parquet")
    draft.chmod(0o600)
    sync_file(draft)
    draft.replace(segment)
    sync_dir(segment.parent)
    return segment


def segments(settings: Settings, rail: str, entity: str) -> list[Path]:
    """All segments of an entity, oldest sync first."""
    folder = segment_dir(settings, rail, entity)
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith(".")) if folder.exists() else []


def open_journal(settings: Settings, rail: str, sync_id: str, entities: list[str]) -> Path:
    """Notes, before the segments are sealed, that a load of them is under way."""
    path = settings.raw_dir / rail / JOURNALS / f"{sync_id}.json"
    write_atomic(path, json.dumps({"sync_id": sync_id, "entities": entities}).encode())
    return path


def journals(settings: Settings, rail: str) -> list[tuple[Path, list[tuple[str, Path]]]]:
    """Unfinished loads: each journal with the segments it names that were sealed."""
    folder = settings.raw_dir / rail / JOURNALS
    found = []
    for journal in sorted(folder.glob("*.json")) if folder.exists() else ():
        note = json.loads(journal.read_bytes())
        named = [(entity, segment_dir(settings, rail, entity) / f"{note['sync_id']}.parquet") for entity in note["entities"]]
        found.append((journal, [(entity, segment) for entity, segment in named if segment.exists()]))
    return found


def distinct_changes(known: str | None = None) -> str:
    """SQL for the rows of the segments `$paths`, each change once: the earliest seen; without those of the relation `known`.

    Which rows are wanted is found without their payloads, so these pass by once and never through a window.
    """
    rows = "read_parquet($paths, filename = true, file_row_number = true)"
    unknown = f"anti join {known} using (change_id)" if known else ""
    return f"""
        select kept.* exclude (filename, file_row_number)
        from {rows} as kept
        semi join (
            select kept.filename, kept.file_row_number
            from {rows} as kept {unknown}
            qualify row_number() over (partition by kept.change_id order by kept.observed_at, kept.sync_id) = 1
        ) as wanted using (filename, file_row_number)
    """


def open_rebuild(settings: Settings, rail: str) -> Path:
    """Notes that the raw tables are being made again: until the note is gone they hold a part, whatever tables exist."""
    path = settings.raw_dir / rail / JOURNALS / REBUILD
    write_atomic(path, b"")
    return path


def rebuild_is_open(settings: Settings, rail: str) -> bool:
    """Tells whether a crash ended a rebuild of the rail's raw tables."""
    return (settings.raw_dir / rail / JOURNALS / REBUILD).exists()


def discard_drafts(settings: Settings, rail: str) -> None:
    """Removes drafts a crash left; the caller holds the rail's load lock, so none is in use."""
    folder = settings.raw_dir / rail
    for draft in folder.glob("*/.*.draft") if folder.exists() else ():
        draft.unlink(missing_ok=True)
