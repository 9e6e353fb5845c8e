"""Lands what a fetch spooled: finds the new versions, seals them as segments, loads them.

The one path by which rows reach the raw tables. Fetching and outcomes are the business of `ingestion.sync`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingestion.changelog.delta import write_delta
from ingestion.changelog.pipeline import Package, Watermarks, load_lock, load_package, missing_tables
from ingestion.changelog.recovery import recover
from ingestion.changelog.segments import draft_path, open_journal, seal
from ingestion.changelog.spool import Spool
from ingestion.failpoints import fail_point
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse


@dataclass(frozen=True)
class Landed:
    """Rows added, per entity and business."""

    rows_new: dict[str, dict[str, int]]

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
    with load_lock(settings, rail.name):
        recover(settings, rail)
        new, missing = _draft(settings, rail, spool, sync_id)
        sealed: dict[str, list[Path]] = {entity: [] for entity in set(watermarks) | missing | set(new)}
        journal = open_journal(settings, rail.name, sync_id, sorted(new)) if new else None
        for entity in new:
            sealed[entity] = [seal(settings, rail.name, entity, sync_id)]
        load_package(settings, rail, Package({entity: sealed[entity] for entity in sorted(sealed)}, watermarks, missing))
        fail_point("after_load", settings)
        if journal:
            journal.unlink()
    return Landed(new)


def _draft(settings: Settings, rail: RailPromise, spool: Spool, sync_id: str) -> tuple[dict[str, dict[str, int]], frozenset[str]]:
    new: dict[str, dict[str, int]] = {}
    with open_warehouse(settings, f"compare {rail.name}") as warehouse:
        missing = missing_tables(warehouse, rail)
        for entity in sorted(spool.rows):
            draft = draft_path(settings, rail.name, entity, sync_id)
            counts = write_delta(
                warehouse, rail=rail.name, entity=entity, versioned=rail.versioned, spool=spool.path(entity), sync_id=sync_id, segment=draft
            )
            if counts:
                new[entity] = counts
            else:
                draft.unlink()
    return new, missing
