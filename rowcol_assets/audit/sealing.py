"""Events on their way into sealed files: put in order, numbered, chained and written, a file at a time.

What makes a file part of the log, and what a crash leaves, is in `log`; the chain itself is `chain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.files import sync_file
from rowcol_assets.audit.chain import Head, extend
from rowcol_assets.audit.columns import hexadecimal, runs, texts
from rowcol_assets.audit.event import COLUMN_TYPES, EVENT, HASHES, canonical_sql

# 200,000 events with their snapshots are about 200 MB while they are sorted and written; a first load has millions.
EVENTS_PER_FILE = 200_000
# A row group of a file too: history reads those of one business. Few enough that a small append has several, of which one is
# sorted out, one hashed and one written at a time.
EVENTS_PER_BATCH = 5_000

_COLUMNS = tuple(name for name in COLUMN_TYPES if name not in HASHES)
# No value of these is there twice, or hardly: looking for repetitions costs a quarter of writing and finds none.
_REPEATED = [name for name in EVENT.names if name not in ("seq", "event_id", "record_id", "cause_id", "changes", "snapshot", *HASHES)]
_SEQUENCE_FIELDS: list[pa.Field[pa.DataType]] = [pa.field("business_id", pa.string()), pa.field("seq", pa.int64())]
_SEQUENCE = pa.schema(_SEQUENCE_FIELDS)


def number(warehouse: duckdb.DuckDBPyConnection, pending: str, heads: dict[str, Head]) -> list[tuple[int, int]]:
    """Gives each row of `pending` its number in its business's chain, in the temporary table `_numbered`.

    Returns of each file the position it begins with and its number of events: files divide the events by position, so that of
    those that came in order each file reads its own part alone.
    """
    known = pa.table({"business_id": list(heads), "seq": [head.seq for head in heads.values()]}, schema=_SEQUENCE)
    warehouse.register("_known_heads", known)
    warehouse.execute(
        f"""
        create or replace temp table _numbered as
        select
            pending.position,
            row_number() over (order by pending.position) - 1 as place,
            coalesce(heads.seq, 0) + row_number() over (partition by pending.business_id order by pending.position) as seq
        from {pending} as pending
        left join _known_heads as heads on pending.business_id = heads.business_id
        """
    )
    warehouse.unregister("_known_heads")
    files = f"select min(position), count(*) from _numbered group by place // {EVENTS_PER_FILE} order by 1"
    return warehouse.execute(files).fetchall()


def ordered(warehouse: duckdb.DuckDBPyConnection, pending: str, begins: int, ends: int | None) -> Iterator[pa.RecordBatch]:
    """The numbered events from one position up to another, by business, each with its canonical text as the last column."""
    until = "" if ends is None else f"and pending.position < {ends}"
    columns = ", ".join("numbered.seq" if name == "seq" else f"pending.{name}" for name in _COLUMNS)
    found = warehouse.execute(
        f"""
        with events as (
            select {columns}
            from {pending} as pending
            inner join _numbered as numbered on pending.position = numbered.position
            where pending.position >= {begins} {until}
            order by pending.business_id, numbered.seq
        )
        select {", ".join(_COLUMNS)}, {canonical_sql()} as text
        from events
        """
    )
    return iter(found.to_arrow_reader(EVENTS_PER_BATCH))


def seal(batches: Iterator[pa.RecordBatch], heads: dict[str, Head], path: Path) -> bytes:
    """Chains events as they come, moving `heads` on, writes them with their hashes, and gives the chain hashes, one after another.

    While a batch is hashed, the next one is being sorted out and the one before it written.
    """
    chained: list[bytes] = []
    with (
        pq.ParquetWriter(path, EVENT, compression="zstd", use_dictionary=cast("bool", _REPEATED)) as file,
        ThreadPoolExecutor(1) as writing,
    ):
        written: Future[None] | None = None
        for batch in _ahead(batches):
            *columns, text = batch.columns
            contents, chains = extend(heads, runs(columns[0]), texts(text))
            told = pa.RecordBatch.from_arrays([*columns, hexadecimal(contents), hexadecimal(chains)], names=EVENT.names).cast(EVENT)
            if written:
                written.result()
            written = writing.submit(file.write_batch, told)
            chained.append(chains)
        if written:
            written.result()
    path.chmod(0o600)
    sync_file(path)
    return b"".join(chained)


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, of which the next is made by a thread of its own while one is worked on."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = thread.submit(next, batches, None)
            yield batch
