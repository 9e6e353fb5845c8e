"""What the change log knows before anything is fetched: up to where a rail has been read, and which records there are.

Who asks: `ingestion.part`. How it is kept: `ingestion.changelog`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ingestion.changelog.delta import version_order
from ingestion.changelog.pipeline import Watermarks, load_lock, missing_tables, rail_pipeline, read_watermarks
from ingestion.changelog.recovery import recover
from ingestion.control.database import Database
from ingestion.control.facts import Connection
from ingestion.control.outcomes import newest_outcome, was_synced_since
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse


class Marks:
    """The watermarks of a rail while a sync is under way. current: one mapping, moved in place, for all fetches to look into."""

    def __init__(self, settings: Settings, database: Database, rail: RailPromise) -> None:
        self.current: Watermarks = {}
        self._settings = settings
        self._database = database
        self._rail = rail
        self._outcome_no = 0

    def read(self) -> None:
        """Brings them up to date, once what a crash left is completed."""
        # Before the marks, so that what ends in between is looked at again rather than missed.
        self._outcome_no = newest_outcome(self._database)
        with load_lock(self._settings, self._rail.name):
            recover(self._settings, self._rail)
            found = read_watermarks(rail_pipeline(self._settings, self._rail.name))
        for entity, marks in found.items():
            self.current.setdefault(entity, {}).update(marks)

    def read_if_passed(self, connections: Sequence[Connection]) -> None:
        """Brings them up to date if others have synced one of `connections` since; the caller holds their leases.

        Mostly an old mark only costs requests. One of Plaid's balances also says that newer figures were read live: without
        it the vendor's cached ones of hours ago would be taken for newer.
        """
        if was_synced_since(self._database, self._outcome_no, connections):
            self.read()


async def known_ids(settings: Settings, rail: RailPromise, connection: Connection, entity: str) -> frozenset[str]:
    """The ids of the records of an entity that the change log holds as existing on a connection."""

    def read() -> frozenset[str]:
        with open_warehouse(settings, f"known ids {rail.name}") as warehouse:
            if entity in missing_tables(warehouse, rail):
                return frozenset()
            rows = warehouse.execute(
                f"""select record_id from raw_{rail.name}.{entity} where business_id = ? and connection_id = ?
                group by record_id having not max_by(is_deleted, {version_order(rail.versioned)})""",
                [connection.business_id, connection.connection_id],
            ).fetchall()
        return frozenset(record_id for (record_id,) in rows)

    return await asyncio.to_thread(read)
