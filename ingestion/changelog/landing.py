"""Lands what a fetch spooled: finds the new versions, seals them as segments, loads them.

The one path by which rows reach the raw tables. Fetching and outcomes are the business of `ingestion.sync`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from ingestion.changelog.delta import write_delta
from ingestion.changelog.pipeline import Package, Watermarks, load_lock, load_package, missing_tables, no_rows
from ingestion.changelog.recovery import recover
from ingestion.changelog.segments import draft_path, open_journal, seal
from ingestion.changelog.spool import Spool
from ingestion.failpoints import fail_point
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse

# Copying rows from file to file needs little memory, and DuckDB takes what it may have: with 1 GB the loading process
# grew to 950 MB for 260,000 records, with 256 MB to 755 MB in the same time. Raw tables have no order worth keeping.
FRUGAL = "set memory_limit = '256MB'; set preserve_insertion_order = false"


@dataclass(frozen=True)
class Landed:
    """Rows added, per entity and business."""

    rows_new: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, entity: str, business_id: str) -> int:
        """Rows added for one business in one entity."""
        return self.rows_new.get(entity, {}).get(business_id, 0)


def land(settings: Settings, rail: RailPromise, spool: Spool, sync_id: str, watermarks: Watermarks) -> Landed:
    """Makes the new versions in `spool` part of the change log; the caller holds the leases of what was fetched.

    After a crash anywhere in here, `recover` completes it: before the journal exists nothing counts, afterwards the
    segments do.
    """
    spool.close()
    fail_point("after_fetch", settings)
    landed = Landed()
    with load_lock(settings, rail.name):
        recover(settings, rail)
        journal = open_journal(settings, rail.name, sync_id, sorted(spool.rows)) if spool.rows else None
        with open_warehouse(settings, f"land {rail.name}") as warehouse:
            warehouse.execute(FRUGAL)
            missing = missing_tables(warehouse, rail)
            writers = {
                entity: partial(_write_segment, settings, warehouse, rail, spool, sync_id, landed, entity)
                if entity in spool.rows
                else no_rows
                for entity in sorted(set(watermarks) | missing | set(spool.rows))
            }
            load_package(settings, rail, Package(writers, watermarks, missing), warehouse)
        fail_point("after_load", settings)
        if journal:
            journal.unlink()
    return landed


def _write_segment(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    rail: RailPromise,
    spool: Spool,
    sync_id: str,
    landed: Landed,
    entity: str,
    load_id: str,
) -> tuple[Path, int] | None:
    draft = draft_path(settings, rail.name, entity, sync_id)
    counts = write_delta(
        warehouse,
        rail=rail.name,
        entity=entity,
        versioned=rail.versioned,
        spool=spool.path(entity),
        sync_id=sync_id,
        load_id=load_id,
        segment=draft,
    )
    if not counts:
        draft.unlink()
        return None
    landed.rows_new[entity] = counts
    return seal(settings, rail.name, entity, sync_id), sum(counts.values())
