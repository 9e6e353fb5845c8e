"""A home on one rail of a sandbox of its own, and what a test of faults does to and asks of both."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import sqlalchemy as sa

from ingestion.changelog.delta import version_order
from ingestion.control.onboarding import onboard
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.schema import quarantined_pages
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy
from ingestion.sync import SyncReport, SyncRequest, sync
from sandbox.server import Running, start

# What is tried again and how often is what counts here, not how long one waits in between.
HASTY = Strategy(
    "data_fetch", "medium", 0, use_cache=True, max_attempts=DATA_FETCH.max_attempts, backoff_factor=1.0, first_wait_seconds=0.001
)
# Business, entity, record and the hash of the bytes, which is left out where the same state is served in changing bytes.
Version = tuple[str, str, str, str]


@dataclass
class Place:
    """A home whose businesses are all connected to one rail of a sandbox."""

    rail: str
    settings: Settings
    store: ControlStore
    sandbox: Running

    @property
    def businesses(self) -> list[str]:
        """The sandbox's businesses by id."""
        return [entry["business_id"] for entry in self.sandbox.credentials]

    def fault(self, business: str, kind: str, **limits: Any) -> dict[str, Any]:
        """Orders a fault on the rail."""
        return self.sandbox.post("fault", rail=self.rail, business=business, kind=kind, **limits)

    def sync(self, *, businesses: Sequence[str] | None = None, count_check: bool = False, clock_off: timedelta = timedelta()) -> SyncReport:
        """Reads the rail as a schedule does. clock_off: how far this home's clock is before the vendor's."""
        clock = product_clock_of(self.settings, self.store)
        request = SyncRequest(RAILS[self.rail], businesses, strategy=HASTY, count_check=count_check)
        return sync(self.settings, self.store, lambda: clock() + clock_off, request)

    def states(self) -> dict[str, set[str]]:
        """The states of each business's connections."""
        found: dict[str, set[str]] = {}
        for one in self.store.connections(self.rail):
            found.setdefault(one.business_id, set()).add(one.state)
        return found

    def kept_pages(self) -> set[str]:
        """The businesses of which a page lies in quarantine that no later reading has made up for."""
        with self.store.database.read() as transaction:
            rows = transaction.execute(sa.select(quarantined_pages).where(quarantined_pages.c.resolved_at.is_(None))).all()
        assert all((self.settings.home / row.path).stat().st_size == row.byte_count for row in rows)
        return {row.business_id for row in rows}

    def raw(self) -> tuple[set[Version], set[Version]]:
        """The versions known: living ones and deletions. Fails if one is there twice."""
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload), is_deleted, change_id from raw_{self.rail}.{promise.name}"
            for promise in RAILS[self.rail].entities
        )
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            rows = warehouse.execute(union).fetchall()
        assert len(rows) == len({row[-1] for row in rows}), "no change is known twice"
        return self._versions(rows)

    def heads(self) -> set[Version]:
        """What exists now, by the hash of its content; Stripe's events leave by themselves, its old payouts are not asked."""
        newest = version_order(RAILS[self.rail].versioned)
        union = " union all ".join(
            f"""select business_id, '{promise.name}', record_id, max_by(content_hash, {newest}) from raw_{self.rail}.{promise.name}
            group by all having not max_by(is_deleted, {newest})"""
            for promise in RAILS[self.rail].entities
            if promise.name not in ("events", "payout_transactions")
        )
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return set(warehouse.execute(union).fetchall())

    def served(self) -> tuple[set[Version], set[Version]]:
        """The versions the sandbox has sent: living ones and deletions."""
        path = self.settings.home / "served.parquet"
        path.write_bytes(self._get("truth/served").content)
        columns = "business_id, entity, record_id, content_sha256, is_deleted"
        return self._versions(duckdb.sql(f"select {columns} from read_parquet('{path}') where rail = '{self.rail}'").fetchall())

    def connect(self) -> None:
        """Onboards every business with the credentials that are good now."""
        for entry in self._get("credentials").json():
            if entry["rail"] == self.rail:
                told = {name: entry[name] for name in ("base_url", "auth_url", "name", "timezone", "firm")}
                onboard(self.settings, self.store, entry["business_id"], self.rail, entry["credentials"], **told)

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.sandbox.base_url}/sandbox/{path}", trust_env=False, timeout=60).raise_for_status()

    def _versions(self, rows: list[tuple[Any, ...]]) -> tuple[set[Version], set[Version]]:
        volatile = {promise.name for promise in RAILS[self.rail].entities if promise.volatile_fields}
        found: tuple[set[Version], set[Version]] = (set(), set())
        for business, entity, record, digest, is_deleted, *_ in rows:
            # A bank is no business's, so the truth has none.
            if entity != "institutions":
                found[is_deleted].add((business, entity, record, "" if entity in volatile else digest))
        return found


def outcomes_of(report: SyncReport, business: str) -> list[SyncOutcome]:
    """The outcomes of a business's connections."""
    return [outcome for outcome in report.outcomes if outcome.business_id == business]


def open_place(stack: ExitStack, folder: Path, rail: str, businesses: int) -> Place:
    """A new home on a new sandbox, both until the stack closes."""
    running = stack.enter_context(start(folder, seed=11, businesses=businesses, scale=0.1))
    running.post("options", slow_seconds=0.05)
    return connected(stack, folder / "home", rail, running)


def connected(stack: ExitStack, home: Path, rail: str, running: Running) -> Place:
    """A new home whose businesses are all connected to one rail of a sandbox."""
    settings = Settings(home=home, duckdb_memory="500MB", duckdb_threads=1, rail_limits="off", _env_file=None)
    place = Place(rail, settings, stack.enter_context(open_store(settings)), running)
    place.connect()
    return place
