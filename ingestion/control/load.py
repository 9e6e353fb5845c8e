"""Loads the control store's mirror into `raw_control`, after the rails, under the writer lock.

What is mirrored is in `ingestion.control.rows` and `mirror`. The tables are small and made anew each time, so a load
that a crash interrupted is thrown away instead of resumed.
"""

from __future__ import annotations

import duckdb

from ingestion.changelog.pipeline import finish_load, load_lock, rail_pipeline, restore_state
from ingestion.control.mirror import control_source
from ingestion.control.store import ControlStore
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse

CONTROL = "control"


def load_control(settings: Settings, store: ControlStore) -> dict[str, int]:
    """Brings `raw_control` up to date and returns the rows of each table."""
    with open_warehouse(settings, "load control") as warehouse, load_lock(settings, CONTROL):
        pipeline = rail_pipeline(settings, CONTROL, warehouse)
        restore_state(pipeline)
        if pipeline.has_pending_data:
            pipeline.abort_packages()
        pipeline.extract(control_source(store, from_start=not _has_outcomes(warehouse)), loader_file_format="parquet")
        counts = pipeline.normalize().row_counts
        finish_load(pipeline, warehouse)
    return {table: rows for table, rows in counts.items() if not table.startswith("_dlt")}


def _has_outcomes(warehouse: duckdb.DuckDBPyConnection) -> bool:
    """Whether the warehouse holds outcomes already; after it was lost, the watermark must not be believed."""
    return warehouse.execute(
        "select count(*) from information_schema.tables where table_schema = 'raw_control' and table_name = 'sync_outcomes'"
    ).fetchone() == (1,)
