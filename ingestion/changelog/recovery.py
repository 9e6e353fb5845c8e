"""Completes what a crash left, and makes the raw tables again from segments when the warehouse is gone.

Runs at the start of every sync, under the rail's load lock, before anything is compared with the raw tables: a
version whose load is pending must not be taken for unknown. Costs two look-ups when nothing is pending.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingestion.changelog.pipeline import Package, load_package, missing_tables, rail_pipeline, restore_state
from ingestion.changelog.segments import discard_drafts, journals, segments
from ingestion.changelog.spool import remove_orphans
from ingestion.files import private_dir
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import connect, open_warehouse, writer_lock


def recover(settings: Settings, rail: RailPromise) -> int:
    """Brings raw tables and segments into agreement and returns the number of rows that had to be added.

    The caller holds the load lock of the rail.
    """
    remove_orphans(settings)
    discard_drafts(settings, rail.name)
    with writer_lock(settings, f"recover {rail.name}"):
        if _is_lost(settings, rail):
            return rebuild_raw(settings, rail)
        pipeline = rail_pipeline(settings, rail.name)
        restore_state(settings, pipeline)
        if pipeline.has_pending_data:
            # A load job that is retried appends to dlt's staging table once more, and insert-only merges both copies.
            # The journal knows the rows; aborting takes the watermarks back, so what they stood for is read again.
            pipeline.abort_packages()
        added = 0
        for journal, named in journals(settings, rail.name):
            pending = {entity: [segment] for entity, segment in named if _lacks(settings, rail, entity, segment)}
            if pending:
                load_package(settings, rail, Package(pending))
                added += len(pending)
            journal.unlink()
        return added


def rebuild_raw(settings: Settings, rail: RailPromise) -> int:
    """Loads every segment of the rail into an empty dataset and returns the number of rows; the caller holds the locks."""
    pipeline = rail_pipeline(settings, rail.name)
    pipeline.abort_packages()
    with open_warehouse(settings, f"rebuild {rail.name}") as warehouse:
        warehouse.execute(f"drop schema if exists raw_{rail.name} cascade")
        warehouse.execute(f"drop schema if exists raw_{rail.name}_staging cascade")
    folder = private_dir(settings.home / "spool" / "rebuild")
    loaded: dict[str, list[Path]] = {}
    rows = 0
    for promise in rail.entities:
        target = folder / f"{rail.name}.{promise.name}.parquet"
        rows += _collect(settings, segments(settings, rail.name, promise.name), target)
        loaded[promise.name] = [target] if target.exists() else []
    absent = frozenset(entity for entity, paths in loaded.items() if not paths)
    load_package(settings, rail, Package(loaded, missing_tables=absent))
    for paths in loaded.values():
        for path in paths:
            path.unlink()
    for journal, _ in journals(settings, rail.name):
        journal.unlink()
    return rows


def _collect(settings: Settings, paths: list[Path], target: Path) -> int:
    """Writes the rows of many segments to one file, each change once, in order of observation."""
    target.unlink(missing_ok=True)
    if not paths:
        return 0
    with duckdb.connect(config={"memory_limit": settings.duckdb_memory, "threads": settings.duckdb_threads}) as memory:
        memory.execute(
            f"""copy (
                select * from read_parquet(?)
                qualify row_number() over (partition by change_id order by observed_at, sync_id) = 1
                order by observed_at, sync_id, version_no
            ) to '{str(target).replace("'", "''")}' (format parquet, compression zstd, row_group_size 20000)""",
            [[str(path) for path in paths]],
        )
        row = memory.execute("select count(*) from read_parquet(?)", [str(target)]).fetchone()
    return int(row[0]) if row else 0


def _is_lost(settings: Settings, rail: RailPromise) -> bool:
    """Tells whether segments exist but the warehouse has none of the rail's tables."""
    if not any(segments(settings, rail.name, promise.name) for promise in rail.entities):
        return False
    if not settings.warehouse_path.exists():
        return True
    warehouse = connect(settings.warehouse_path, settings)
    try:
        return len(missing_tables(warehouse, rail)) == len(rail.entities)
    finally:
        warehouse.close()


def _lacks(settings: Settings, rail: RailPromise, entity: str, segment: Path) -> bool:
    with open_warehouse(settings, f"recover {rail.name}") as warehouse:
        if entity in missing_tables(warehouse, rail):
            return True
        row = warehouse.execute(
            f"select count(*) from read_parquet(?) as kept anti join raw_{rail.name}.{entity} using (change_id)", [str(segment)]
        ).fetchone()
        return row != (0,)
