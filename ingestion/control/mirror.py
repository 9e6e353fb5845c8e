"""The dlt source that copies the control store into the dataset `raw_control`, without secrets, after the rails.

What the tables hold is in `ingestion.control.rows`; when they are loaded, and under which lock, is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.control.rows import APPENDED, appended_rows, current_rows
from ingestion.control.store import ControlStore
from ingestion.dlt_settings import configure_dlt

DATASET = "raw_control"

# Two writers on PostgreSQL can commit their numbers out of order; what is read twice is merged away by its id.
OVERLAP = 1000


@dlt.source(name="control", max_table_nesting=0)
def control_source(store: ControlStore, from_start: bool = False) -> Iterator[DltResource]:
    """One resource per table of `raw_control`, each created even when empty; pass `loader_file_format="parquet"` to `run`.

    Current tables are replaced, outcomes and acts are appended from a watermark that commits with the rows. from_start
    reads all of them again, which changes nothing where they are already there.
    """
    configure_dlt()
    for name, table in current_rows(store).items():
        yield dlt.resource(table, name=name, write_disposition="replace")
    for name in APPENDED:
        yield _appended(store, name, from_start)


def _appended(store: ControlStore, name: str, from_start: bool) -> DltResource:
    numbers, row_id = APPENDED[name]

    def rows() -> Iterator[pa.Table]:
        state = dlt.current.resource_state()
        after = 0 if from_start else max(0, state.get(numbers.name, 0) - OVERLAP)
        table, state[numbers.name] = appended_rows(store, name, after)
        yield table

    return dlt.resource(
        rows,
        name=name,
        primary_key=row_id,
        write_disposition={"disposition": "merge", "strategy": "insert-only"},
    )
