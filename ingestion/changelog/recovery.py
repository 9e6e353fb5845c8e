"""Completes what a crash left, and makes the raw tables again from segments when the warehouse is gone.

Runs at the start of every sync, under the rail's load lock, before anything is compared with the raw tables: a
version whose load is pending must not be taken for unknown. Costs two look-ups when nothing is pending.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import duckdb

from ingestion.changelog.pipeline import Package, load_package, missing_tables, no_rows, rail_pipeline, restore_state
from ingestion.changelog.segments import discard_drafts, distinct_changes, journals, open_rebuild, rebuild_is_open, segments
from ingestion.changelog.spool import remove_abandoned
from ingestion.files import private_dir
from ingestion.promise import RailPromise
from ingestion.settings import Settings


def recover(settings: Settings, rail: RailPromise, warehouse: duckdb.DuckDBPyConnection) -> int:
    """Brings raw tables and segments into agreement and returns the number of rows that had to be added.

    The caller holds the load lock of the rail and the writer lock.
    """
    remove_abandoned(settings)
    discard_drafts(settings, rail.name)
    if rebuild_is_open(settings, rail.name) or _is_lost(settings, rail, warehouse):
        return rebuild_raw(settings, rail, warehouse)
    pipeline = rail_pipeline(settings, rail.name, warehouse)
    restore_state(pipeline)
    if pipeline.has_pending_data:
        # A job that is loaded again appends its rows again. The journal knows which rows are lacking; aborting takes
        # the watermarks back, so what they stood for is read again.
        pipeline.abort_packages()
    added = 0
    for journal, named in journals(settings, rail.name):
        added += _replay(settings, rail, dict(named), warehouse)
        journal.unlink()
    return added


def rebuild_raw(settings: Settings, rail: RailPromise, warehouse: duckdb.DuckDBPyConnection) -> int:
    """Loads every segment of the rail into an empty dataset and returns the number of rows; the caller holds the locks."""
    note = open_rebuild(settings, rail.name)
    pipeline = rail_pipeline(settings, rail.name, warehouse)
    if pipeline.has_pending_data:
        pipeline.abort_packages()
    warehouse.execute(f"drop schema if exists raw_{rail.name} cascade")
    everything = {promise.name: segments(settings, rail.name, promise.name) for promise in rail.entities}
    rows = _load(settings, rail, everything, frozenset(everything), warehouse)
    for journal, _ in journals(settings, rail.name):
        journal.unlink()
    note.unlink()
    return rows


def _replay(settings: Settings, rail: RailPromise, named: dict[str, Path], warehouse: duckdb.DuckDBPyConnection) -> int:
    """Loads the rows of interrupted segments that did not reach their tables in a finished load, and returns their number."""
    missing = missing_tables(warehouse, rail) & named.keys()
    for entity in named.keys() - missing:
        _take_back_unfinished(warehouse, rail, entity)
    lacking = {entity: [path] for entity, path in named.items() if entity in missing or _lacks(warehouse, rail, entity, path)}
    return _load(settings, rail, lacking, missing, warehouse) if lacking else 0


def _take_back_unfinished(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise, entity: str) -> None:
    """Deletes the rows of loads that never finished: dlt commits an entity's rows before it says that the load has.

    Mirrors and the transaction log read finished loads alone, so rows left there would be known to `delta` and shown to nobody.
    """
    raw = f"raw_{rail.name}"
    warehouse.execute(f"delete from {raw}.{entity} where _dlt_load_id not in (select load_id from {raw}._dlt_loads where status = 0)")


def _load(
    settings: Settings, rail: RailPromise, paths: dict[str, list[Path]], missing: frozenset[str], warehouse: duckdb.DuckDBPyConnection
) -> int:
    """Loads the rows of segments that their tables lack, each change once."""
    folder = private_dir(settings.home / "spool" / f"recovery.{os.getpid()}")
    loaded: dict[str, int] = {}

    def write(entity: str, load_id: str) -> tuple[Path, int] | None:
        target = folder / f"{rail.name}.{entity}.parquet"
        rows = distinct_changes(None if entity in missing else f"raw_{rail.name}.{entity}")
        warehouse.execute(
            f"""copy (select * replace ($load_id as _dlt_load_id) from ({rows}))
            to '{str(target).replace("'", "''")}' (format parquet, compression lz4, row_group_size 20000)""",
            {"load_id": load_id, "paths": [str(path) for path in paths[entity]]},
        )
        row = warehouse.execute("select count(*) from read_parquet(?)", [str(target)]).fetchone()
        loaded[entity] = int(row[0]) if row else 0
        return (target, loaded[entity]) if loaded[entity] else None

    try:
        writers = {entity: partial(write, entity) if found else no_rows for entity, found in paths.items()}
        load_package(settings, rail, Package(writers, missing_tables=missing), warehouse)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return sum(loaded.values())


def _is_lost(settings: Settings, rail: RailPromise, warehouse: duckdb.DuckDBPyConnection) -> bool:
    """Tells whether segments exist but the warehouse has none of the rail's tables."""
    if len(missing_tables(warehouse, rail)) < len(rail.entities):
        return False
    return any(segments(settings, rail.name, promise.name) for promise in rail.entities)


def _lacks(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise, entity: str, segment: Path) -> bool:
    row = warehouse.execute(
        f"select count(*) from read_parquet(?) as kept anti join raw_{rail.name}.{entity} using (change_id)", [str(segment)]
    ).fetchone()
    return row != (0,)
