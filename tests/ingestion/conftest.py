"""A sandbox in a process of its own, a home connected to it, and the shortest way to sync and to look at raw tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy
from ingestion.sync import SyncReport, SyncRequest, sync
from sandbox.server import Running, start
from tests.ingestion.plaid_bank import Bank
from tests.ingestion.plaid_home import PlaidHome, patch, settings_in
from tests.ingestion.vendors import office, vendors  # noqa: F401 - fixtures of consents

# The specified waits take seconds; what is retried and how often is what these tests are about.
HASTY = replace(DATA_FETCH, backoff_factor=1.0, first_wait_seconds=0.01)


@dataclass
class Home:
    """A home whose businesses are all on one sandbox."""

    settings: Settings
    store: ControlStore
    sandbox: Running
    strategy: Strategy = HASTY

    @property
    def businesses(self) -> list[str]:
        return [entry["business_id"] for entry in self.sandbox.credentials]

    def sync(self, *, businesses: list[str] | None = None, entities: list[str] | None = None, count_check: bool = False) -> SyncReport:
        clock = product_clock_of(self.settings, self.store)
        request = SyncRequest(RAILS["qbo"], businesses, entities, strategy=self.strategy, count_check=count_check)
        return sync(self.settings, self.store, clock, request)

    def fault(self, business: str, kind: str, **limits: Any) -> None:
        self.sandbox.post("fault", rail="qbo", business=business, kind=kind, **limits)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return warehouse.execute(statement).fetchall()

    def raw(self) -> set[tuple[str, str, str, str, bool]]:
        """Every version known: business, entity, record, SHA-256 of the payload, whether it is a deletion."""
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload), is_deleted from raw_qbo.{promise.name}"
            for promise in RAILS["qbo"].entities
        )
        return set(self.rows(union))

    def truth(self, table: str) -> list[tuple[Any, ...]]:
        import httpx

        path = self.settings.home / f"{table}.parquet"
        path.write_bytes(
            httpx.get(f"{self.sandbox.base_url}/sandbox/truth/{table}", trust_env=False, timeout=60).raise_for_status().content
        )
        return duckdb.sql(f"select * from read_parquet('{path}')").fetchall()


def outcome_of(report: SyncReport, business: str) -> SyncOutcome:
    return next(outcome for outcome in report.outcomes if outcome.business_id == business)


OpenHome = Callable[..., Home]


@pytest.fixture
def open_home(tmp_path: Path) -> Iterator[OpenHome]:
    """Starts a sandbox and connects all its businesses."""
    with ExitStack() as stack:

        def opening(**config: Any) -> Home:
            settings = Settings(home=tmp_path / "home", duckdb_memory="1GB", duckdb_threads=1)
            running = stack.enter_context(start(tmp_path / "world", **{"seed": 11, "businesses": 2, **config}))
            store = stack.enter_context(open_store(settings))
            for entry in running.credentials:
                onboard(
                    settings,
                    store,
                    entry["business_id"],
                    "qbo",
                    entry["credentials"],
                    base_url=running.base_url,
                    auth_url=running.base_url,
                    name=entry["name"],
                    timezone=entry["timezone"],
                    firm=entry["firm"],
                )
            return Home(settings, store, running)

        yield opening


@pytest.fixture
def plaid_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaidHome]:
    """A home whose syncs reach a bank in memory."""
    bank = Bank()
    patch(monkeypatch, bank)
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        yield PlaidHome(settings, store, bank)
