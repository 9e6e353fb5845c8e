"""Dagster's run history in SQLite, laid out and written as Dagster does it, over connections that stay open.

Dagster opens an engine, commits to the disk and closes again up to six times for each of the thousands of events of a cycle;
closing a database's last connection also folds its log back into it, and a new engine compiles each statement anew. With
other work on the machine that was half of a small cycle (docs/decisions.md). What history is for: `cycle`, `runs`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from dagster._utils.concurrency import ConcurrencyClaimStatus
from sqlalchemy.pool import StaticPool

# A run writes to its own database and to the index; the webserver reads those of several runs.
OPEN_AT_ONCE = 8
BUSY_TIMEOUT_SECONDS = 20
# Between two looks at a taken slot of a pool: short beside what a step of a cycle takes, long beside what a look costs.
SLOT_WAIT_SECONDS = 0.2


class RunHistory(DagsterSqliteStorage):
    """The storage of a home's Dagster instance; what `storage.custom` of its `dagster.yaml` names."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLog(str(Path(base_dir) / "history" / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> RunHistory:
        """Dagster's way of making it."""
        return cls(inst_data=inst_data, **config_value)


class EventLog(SqliteEventLogStorage):
    """Dagster's event log; a commit reaches the disk with the next checkpoint, so a crash of the machine may cost the last events."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._asset_columns: set[str] = set()
        self._held: dict[str, sa.Connection] = {}
        super().__init__(base_dir, inst_data)
        # Dagster's own cannot be taken twice by one thread, as a batch does for each of its events.
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        # Under the lock that Dagster takes here too, so that threads can share one connection.
        with self._db_lock:
            if shard in self._held:
                yield self._held[shard]
                return
            engine = self._engines.get(shard) or self._open(shard)
            self._engines.move_to_end(shard)
            with engine.begin() as connection:
                yield connection

    def _open(self, shard: str) -> sa.Engine:
        while len(self._engines) >= OPEN_AT_ONCE:
            self._engines.popitem(last=False)[1].dispose()
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = normal"))
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._engines[shard] = engine
        return engine

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Stores events of one run, those planned at its begin, in one transaction per database instead of four per event."""
        with self._connect(events[0].run_id) as run, self._connect(INDEX_SHARD_NAME) as index:
            self._held = {events[0].run_id: run, INDEX_SHARD_NAME: index}
            try:
                super().store_event_batch(events)
            finally:
                self._held = {}

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Claims a slot of a pool, or comes back without one after a moment, to be asked again at once.

        Dagster's own wait between two claims is `min(0, ...)` seconds (`interval_to_next_pending_claim_check`, 1.13): a run
        that waits for another one took a whole core away from it.
        """
        status = super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)
        if status.is_claimed:
            return status
        time.sleep(SLOT_WAIT_SECONDS)
        return status.with_sleep_interval(0.0)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Dagster opens the file and reads its layout for each event; a table that is there stays."""
        if table_name not in self._tables:
            if not super().has_table(table_name):
                return False
            self._tables.add(table_name)
        return True

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        if column_name not in self._asset_columns:
            if not super()._has_asset_key_col_on_connection(conn, column_name):
                return False
            self._asset_columns.add(column_name)
        return True

    def wipe(self) -> None:
        """Deletes all events; the databases of runs are removed under their connections, so these are closed before."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Closes what is open."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
