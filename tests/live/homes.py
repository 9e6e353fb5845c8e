"""A home whose businesses are on all four rails of one sandbox, synced once, and the shortest way to ask it something."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import sqlalchemy as sa

from ingestion.clock import Clock
from ingestion.control.onboarding import onboard
from ingestion.control.schema import sync_outcomes
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.live.desk import open_desk
from ingestion.live.facts import Answer, question_of
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import USER_ACTION, Strategy
from ingestion.sync import SyncRequest, sync
from sandbox.server import Running, start

# The specified waits take seconds; what is asked and answered is what these tests are about.
HASTY = Strategy(
    USER_ACTION.name,
    USER_ACTION.priority,
    USER_ACTION.run_priority,
    use_cache=False,
    max_attempts=USER_ACTION.max_attempts,
    backoff_factor=1.0,
    first_wait_seconds=0.01,
)
# In this world the first business is paid through Stripe and its balances move within days.
WORLD: dict[str, Any] = {"seed": 5, "businesses": 2, "scale": 1.0}


@dataclass
class LiveHome:
    """Two businesses; the first is the one asked about, the second is somebody else's."""

    settings: Settings
    store: ControlStore
    sandbox: Running

    @property
    def clock(self) -> Clock:
        """A clock that nobody asked yet: one that was asked before an `advance` holds its answer for a second."""
        return product_clock_of(self.settings, self.store)

    @property
    def business(self) -> str:
        return str(self.sandbox.credentials[0]["business_id"])

    @property
    def other(self) -> str:
        return str(self.sandbox.credentials[1]["business_id"])

    def ask(self, subject: str, record_id: str | None = None, *, strict: bool = False, patience: float | None = None) -> Answer:
        """One answer about the business, by a process that remembers nothing."""
        return asyncio.run(self.asked(subject, self.business, record_id, strict=strict, patience=patience))

    async def asked(
        self, subject: str, business: str, record_id: str | None = None, *, strict: bool = False, patience: float | None = None
    ) -> Answer:
        """The same of any business."""
        async with open_desk(self.settings, self.store, self.clock, strategy=HASTY, patience_seconds=patience) as desk:
            return await desk.ask(question_of(subject, business, record_id), strict=strict)

    def sync(self, *rails: str) -> int:
        """Syncs the business on `rails`, or on all, and returns the versions added by the fetches."""
        requests = [SyncRequest(RAILS[rail], [self.business]) for rail in rails or RAILS]
        return sum(sync(self.settings, self.store, self.clock, request).rows_new for request in requests)

    def fault(self, kind: str, *rails: str, **limits: Any) -> None:
        for rail in rails or RAILS:
            self.sandbox.post("fault", rail=rail, business=self.business, kind=kind, **limits)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return warehouse.execute(statement).fetchall()

    def truth(self, table: str) -> list[dict[str, Any]]:
        """One of the sandbox's truth tables."""
        answer = httpx.get(f"{self.sandbox.base_url}/sandbox/truth/{table}", timeout=60, trust_env=False).raise_for_status()
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(answer.content)).to_pylist()
        return rows

    def served(self, rail: str) -> int:
        """How many requests of live readings the control store has counted for a rail."""
        query = sa.select(sa.func.coalesce(sa.func.sum(sync_outcomes.c.requests), 0)).filter_by(rail=rail, delivery="live")
        with self.store.database.read() as transaction:
            return int(transaction.execute(query).scalar_one())

    def last_calls(self, rail: str) -> str | None:
        """How the calls of a rail's newest live reading went, as the control store keeps it."""
        query = sa.select(sync_outcomes.c.calls).filter_by(rail=rail, delivery="live").order_by(sync_outcomes.c.outcome_no.desc())
        with self.store.database.read() as transaction:
            return transaction.execute(query.limit(1)).scalar_one()


def connect(settings: Settings, store: ControlStore, running: Running, rails: Sequence[str]) -> None:
    """Onboards all businesses of the sandbox on `rails`."""
    for entry in [*running.credentials, *running.others]:
        if entry["rail"] in rails:
            told = {name: entry[name] for name in ("base_url", "auth_url", "name", "timezone", "firm")}
            onboard(settings, store, entry["business_id"], entry["rail"], entry["credentials"], **told)


@contextmanager
def live_home(folder: Path) -> Iterator[LiveHome]:
    """A home of its own over a sandbox of its own."""
    settings = Settings(home=folder / "home", duckdb_memory="1GB", duckdb_threads=1)
    with start(folder / "world", **WORLD) as running, open_store(settings) as store:
        connect(settings, store, running, list(RAILS))
        home = LiveHome(settings, store, running)
        home.sync()
        yield home


def linked_bill(home: LiveHome) -> tuple[str, str]:
    """A bill of the ledger that Ramp pays, and its id there."""
    (found,) = home.rows(
        f"""select payload ->> 'remote_id', record_id from raw_ramp.bills where business_id = '{home.business}'
        and (payload ->> 'remote_id') is not null and (payload ->> 'archived_at') is null order by record_id limit 1"""
    )
    return found[0], found[1]
