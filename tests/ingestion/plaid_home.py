"""A home connected to Plaid in memory: its businesses have one item each, and syncs take the whole way into raw tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore
from ingestion.rails.plaid.promise import PLAID
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, USER_ACTION, Strategy
from ingestion.sync import SyncReport, SyncRequest, sync
from tests.ingestion.plaid_bank import Bank, BankItem

URL = "https://localhost"
HASTY = replace(DATA_FETCH, backoff_factor=1.0, first_wait_seconds=0.001)
HASTY_ACTION = replace(USER_ACTION, backoff_factor=1.0, first_wait_seconds=0.001)


@dataclass
class PlaidHome:
    """A home, its bank, and a clock that goes a minute forward with each look."""

    settings: Settings
    store: ControlStore
    bank: Bank
    now: datetime = datetime(2026, 3, 3, tzinfo=UTC)

    def clock(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def connect(self, business: str, *items: BankItem) -> None:
        onboard(self.settings, self.store, business, "plaid", self.bank.credentials(*items), base_url=URL, probe=lambda url: None)
        self.bank.asked.clear()

    def sync(self, entities: list[str] | None = None, strategy: Strategy = HASTY, delivery: str = "schedule") -> SyncReport:
        return sync(self.settings, self.store, self.clock, SyncRequest(PLAID, None, entities, strategy, delivery))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return warehouse.execute(statement).fetchall()

    def heads(self, entity: str, business: str = "acme") -> dict[str, bytes]:
        """The newest state of each record that is not deleted, as served."""
        newest = self.rows(
            f"""select record_id, payload, is_deleted from raw_plaid.{entity} where business_id = '{business}'
            qualify row_number() over (partition by record_id order by observed_at desc, version_no desc) = 1"""
        )
        return {record: payload.encode() for record, payload, deleted in newest if not deleted}

    def state(self, business: str = "acme") -> str:
        return next(one.state for one in self.store.connections("plaid") if one.business_id == business)


def patch(monkeypatch: pytest.MonkeyPatch, bank: Bank) -> None:
    """Registers the rail and lets its calls end at `bank`."""
    monkeypatch.setitem(RAILS, "plaid", PLAID)
    transported = partial(httpx.AsyncClient, transport=httpx.MockTransport(bank.answer))
    monkeypatch.setattr("httpx.AsyncClient", transported)
    monkeypatch.setattr("ingestion.parts.many_calls_client", lambda _: transported())


def settings_in(folder: Path) -> Settings:
    return Settings(home=folder / "home", duckdb_memory="500MB", duckdb_threads=1)


def reports(report: SyncReport) -> dict[str, tuple[str, str | None]]:
    return {one.entity: (one.status, one.error_kind) for outcome in report.outcomes for one in outcome.entities}
