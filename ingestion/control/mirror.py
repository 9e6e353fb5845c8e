"""The dlt source that copies the control store into the dataset `raw_control`, without secrets, after the rails.

What the tables hold is in `ingestion.control.rows`; when they are loaded, and under which lock, is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.control.rows import current_rows, outcome_rows
from ingestion.control.store import ControlStore

DATASET = "raw_control"

# Two writers on PostgreSQL can commit their numbers out of order; what is read twice is merged away by its id.
OVERLAP = 1000


@dlt.source(name="control", max_table_nesting=0)
def control_source(store: ControlStore, from_start: bool = False) -> Iterator[DltResource]:
    """One resource per table of `raw_control`, each created even when empty; pass `loader_file_format="parquet"` to `run`.

    Current tables are replaced, outcomes are appended from a watermark that commits with the rows. from_start reads
    all outcomes again, which changes nothing where they are already there.
    """
    # Without it Arrow tables arrive without _dlt_load_id, and the environment is not ours to write.
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    for name, table in current_rows(store).items():
        yield dlt.resource(table, name=name, write_disposition="replace")
    yield _outcomes(store, from_start)


def _outcomes(store: ControlStore, from_start: bool) -> DltResource:
    def sync_outcomes() -> Iterator[pa.Table]:
        state = dlt.current.resource_state()
        after = 0 if from_start else max(0, state.get("outcome_no", 0) - OVERLAP)
        table, state["outcome_no"] = outcome_rows(store, after)
        yield table

    return dlt.resource(
        sync_outcomes,
        name="sync_outcomes",
        primary_key="outcome_id",
        write_disposition={"disposition": "merge", "strategy": "insert-only"},
    )
