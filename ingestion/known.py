"""What the change log knows before anything is fetched: up to where a rail has been read, and which records there are.

Who asks: `ingestion.part`. How it is kept: `ingestion.changelog`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import duckdb

from ingestion.changelog.delta import version_order
from ingestion.changelog.pipeline import Watermarks, load_lock, missing_tables, rail_pipeline, read_watermarks
from ingestion.changelog.recovery import recover
from ingestion.control.database import Database
from ingestion.control.facts import Connection
from ingestion.control.outcomes import newest_outcome, was_synced_since
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse, writer_lock


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
        purpose = f"recover {self._rail.name}"
        with writer_lock(self._settings, purpose), load_lock(self._settings, self._rail.name):
            with open_warehouse(self._settings, purpose) as warehouse:
                recover(self._settings, self._rail, warehouse)
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


class KnownRecords:
    """Which records of a rail the change log holds, for all fetches of a sync.

    Whoever asks while the warehouse is being read is answered by the next reading, together with all who ask meanwhile: once a
    day each business asks for each of its entities, and opening the file for one of them takes longer than a query (40 ms).
    """

    def __init__(self, settings: Settings, rail: RailPromise) -> None:
        self._settings = settings
        self._rail = rail
        self._waiting: list[tuple[Connection, str, asyncio.Future[frozenset[str]]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def ids(self, connection: Connection, entity: str) -> frozenset[str]:
        """The ids of the records of an entity that the change log holds as existing on a connection."""
        answer: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()
        self._waiting.append((connection, entity, answer))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_on())
        return await answer

    async def _read_on(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            reading = asyncio.to_thread(self._read, [(connection, entity) for connection, entity, _ in asked])
            (found,) = await asyncio.gather(reading, return_exceptions=True)
            for number, (_, _, answer) in enumerate(asked):
                if answer.done():
                    continue
                if isinstance(found, BaseException):
                    answer.set_exception(found)
                else:
                    answer.set_result(found[number])

    def _read(self, asked: Sequence[tuple[Connection, str]]) -> list[frozenset[str]]:
        with open_warehouse(self._settings, f"known ids {self._rail.name}") as warehouse:
            missing = missing_tables(warehouse, self._rail)
            return [frozenset() if entity in missing else self._known(warehouse, connection, entity) for connection, entity in asked]

    def _known(self, warehouse: duckdb.DuckDBPyConnection, connection: Connection, entity: str) -> frozenset[str]:
        rows = warehouse.execute(
            f"""select record_id from raw_{self._rail.name}.{entity} where business_id = ? and connection_id = ?
            group by record_id having not max_by(is_deleted, {version_order(self._rail.versioned)})""",
            [connection.business_id, connection.connection_id],
        ).fetchall()
        return frozenset(record_id for (record_id,) in rows)
