"""Lands what a fetch spooled: finds the new versions, seals them as segments, loads them.

The one path by which rows reach the raw tables. Fetching and outcomes are the business of `ingestion.sync`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from ingestion.changelog.delta import new_versions
from ingestion.changelog.pipeline import Package, Watermarks, load_lock, load_package, missing_tables, no_rows
from ingestion.changelog.recovery import recover
from ingestion.changelog.segments import draft_path, open_journal, seal, write_draft
from ingestion.changelog.spool import Spool
from ingestion.control.facts import Connection
from ingestion.failpoints import fail_point
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse, writer_lock


@dataclass(frozen=True)
class Landed:
    """What a landing came to.

    rows_new: rows added, per entity and, of each, per business and connection, of which a business can have several on one rail.
    table_rows: rows of each of the rail's tables after that.
    """

    rows_new: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)
    table_rows: dict[str, int] = field(default_factory=dict)

    def of(self, entity: str, connection: Connection) -> int:
        """Rows added for one connection in one entity."""
        return self.rows_new.get(entity, {}).get((connection.business_id, connection.connection_id), 0)


def land(settings: Settings, rail: RailPromise, spool: Spool, sync_id: str, watermarks: Watermarks) -> Landed:
    """Makes the new versions in `spool` part of the change log; the caller holds the leases of what was fetched.

    After a crash anywhere in here, `recover` completes it: before the journal exists nothing counts, afterwards the
    segments do. Of a rail nobody is connected to nothing is loaded once its tables are there.
    """
    spool.close()
    fail_point("after_fetch", settings)
    landed = Landed()
    journal = None
    purpose = f"land {rail.name}"
    with writer_lock(settings, purpose), load_lock(settings, rail.name):
        with open_warehouse(settings, purpose) as warehouse:
            recover(settings, rail, warehouse)
            missing = missing_tables(warehouse, rail)
            if spool.rows:
                journal = open_journal(settings, rail.name, sync_id, sorted(spool.rows))
            if spool.rows or watermarks or missing:
                _Landing(settings, rail, spool, sync_id, warehouse, landed).load(watermarks, missing)
            landed.table_rows.update(_table_rows(warehouse, rail))
        fail_point("after_load", settings)
        if journal:
            journal.unlink()
    return landed


def _table_rows(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise) -> list[tuple[str, int]]:
    each = (f"select '{promise.name}', count(*) from raw_{rail.name}.{promise.name}" for promise in rail.entities)
    return warehouse.execute(" union all ".join(each)).fetchall()


@dataclass(frozen=True)
class _Landing:
    """One load of what was spooled; landed is filled in."""

    settings: Settings
    rail: RailPromise
    spool: Spool
    sync_id: str
    warehouse: duckdb.DuckDBPyConnection
    landed: Landed

    def load(self, watermarks: Watermarks, missing: frozenset[str]) -> None:
        """Loads new versions and watermarks, and makes the tables that are missing."""
        rows = self.spool.rows
        with ThreadPoolExecutor(self.settings.duckdb_threads) as pool:
            ahead = _Ahead(pool, self._write_segment, sorted(rows, key=lambda entity: -rows[entity]))
            entities = sorted(set(watermarks) | missing | set(rows))
            writers = {entity: partial(ahead.result, entity) if entity in rows else no_rows for entity in entities}
            load_package(self.settings, self.rail, Package(writers, watermarks, missing), self.warehouse)

    def _write_segment(self, entity: str, load_id: str) -> tuple[Path, int] | None:
        rail = self.rail
        with self.warehouse.cursor() as own:
            versions = new_versions(
                own,
                rail=rail.name,
                entity=entity,
                versioned=rail.versioned,
                spool=self.spool.path(entity),
                sync_id=self.sync_id,
                load_id=load_id,
            )
            draft = draft_path(self.settings, rail.name, entity, self.sync_id)
            counts = write_draft(draft, versions, self.spool.payloads(entity))
        if not counts:
            return None
        self.landed.rows_new[entity] = counts
        return seal(self.settings, rail.name, entity, self.sync_id), sum(counts.values())


class _Ahead:
    """Writes the segments of all entities side by side from the first one asked for: dlt asks for one after the other."""

    def __init__(self, pool: ThreadPoolExecutor, write: Callable[[str, str], tuple[Path, int] | None], entities: Sequence[str]) -> None:
        self._pool = pool
        self._write = write
        self._entities = entities
        self._written: dict[str, Future[tuple[Path, int] | None]] = {}

    def result(self, entity: str, load_id: str) -> tuple[Path, int] | None:
        """The entity's segment and number of rows, or None when nothing in it is new."""
        if not self._written:
            self._written = {name: self._pool.submit(self._write, name, load_id) for name in self._entities}
        return self._written[entity].result()
