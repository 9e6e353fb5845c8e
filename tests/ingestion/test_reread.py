"""Kept pages read again by a program that can: what they hold lands once, as of when it came, and nothing else moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.clock import fixed_clock
from ingestion.control.facts import QuarantinedPage
from ingestion.control.live_cache import change_numbers
from ingestion.control.quarantine import KeptPage, kept_pages
from ingestion.control.schema import businesses, connections
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import RowcolError, UsageError
from ingestion.registry import RAILS
from ingestion.reread import Reread, StillUnreadable, reread_page
from ingestion.settings import Settings

KEPT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = KEPT + timedelta(hours=1)
STAMP = {"MetaData": {"LastUpdatedTime": "2026-05-01T10:00:00-07:00"}}

# Per rail: under which name a page was kept, what was served, and the records it holds by raw table.
PAGES: dict[str, tuple[str, dict[str, Any], dict[str, set[str]]]] = {
    "qbo": (
        "cdc",
        {
            "CDCResponse": [
                {
                    "QueryResponse": [
                        {"Bill": [{"Id": "1", **STAMP}, {"Id": "2", "status": "Deleted", **STAMP}]},
                        {"Term": [{"Id": "7", **STAMP}]},
                    ]
                }
            ],
            "time": "2026-06-01T05:00:00-07:00",
        },
        {"bills": {"1"}, "terms": {"7"}},
    ),
    "ramp": ("transfers", {"data": [{"id": "t-1"}, {"id": "t-2"}], "page": {"next": None}}, {"transfers": {"t-1", "t-2"}}),
    "plaid": (
        "transactions",
        {
            "added": [{"transaction_id": "a", "amount": 1}], "modified": [], "removed": [{"transaction_id": "gone"}],
            "next_cursor": "c", "has_more": True,
        },
        {"transactions": {"a", "gone"}},
    ),
    "stripe": (
        "invoices",
        {
            "object": "list",
            "has_more": False,
            "data": [{"id": "in_1", "created": 1, "lines": {"has_more": False, "data": [{"id": "il_1"}]}}],
        },
        {"invoices": {"in_1"}, "invoice_lines": {"il_1"}},
    ),
}  # fmt: skip


class Kept:
    """A home with one connection per rail and no vendor."""

    def __init__(self, settings: Settings, store: ControlStore) -> None:
        self.settings, self.store = settings, store
        with store.database.write() as transaction:
            transaction.execute(sa.insert(businesses).values(business_id="acme", business_name="Acme", onboarded_at=KEPT))
            for rail in RAILS:
                own = {"business_id": "acme", "rail": rail, "connection_id": f"{rail}-1"}
                transaction.execute(sa.insert(connections).values(**own, base_url="", auth_url="", updated_at=KEPT))

    def keep(self, rail: str, entity: str, body: bytes, at: datetime = KEPT) -> KeptPage:
        page = QuarantinedPage("acme", f"{rail}-1", rail, entity, "sync", "unknown to an older program", body, at)
        return kept_pages(self.store.database, ids=[self.store.quarantine(page)])[0]

    def reread(self, page: KeptPage) -> Reread:
        return reread_page(self.settings, self.store, fixed_clock(NOW), page)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            warehouse.execute("set timezone = 'UTC'")
            return warehouse.execute(statement).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Kept]:
    settings = Settings(home=tmp_path / "home", duckdb_memory="500MB", duckdb_threads=1, _env_file=None)
    with open_store(settings) as store:
        yield Kept(settings, store)


@pytest.mark.parametrize("rail", RAILS)
def test_what_a_page_holds_lands_once_and_the_page_is_settled(home: Kept, rail: str) -> None:
    entity, served, expected = PAGES[rail]
    page = home.keep(rail, entity, json.dumps(served).encode())
    assert [one.quarantine_id for one in kept_pages(home.store.database)] == [page.quarantine_id]
    count = sum(map(len, expected.values()))
    assert home.reread(page) == Reread(page.quarantine_id, count, count)
    with home.store.database.read() as transaction:
        assert change_numbers(transaction, "acme") == dict.fromkeys(((rail, table) for table in expected), 1), "live answers end"
    for table, records in expected.items():
        found = home.rows(f"select record_id, observed_at = timestamptz '{KEPT}', delivery, is_deleted from raw_{rail}.{table}")
        assert {row[0] for row in found} == records and {row[1:3] for row in found} == {(True, "backfill")}
        assert {row[0] for row in found if row[3]} == records & {"gone"}
    assert kept_pages(home.store.database) == []
    assert home.reread(page).rows_new == 0, "again, it adds nothing"


def test_a_page_from_before_what_is_known_becomes_an_earlier_state(home: Kept) -> None:
    def page(amount: int, at: datetime) -> KeptPage:
        update = {
            "added": [{"transaction_id": "a", "amount": amount}],
            "modified": [],
            "removed": [],
            "next_cursor": "c",
            "has_more": False,
        }
        return home.keep("plaid", "transactions", json.dumps(update).encode(), at)

    newer, older = page(2, KEPT), page(1, KEPT - timedelta(minutes=1))
    assert [home.reread(one).rows_new for one in (newer, older, older)] == [1, 1, 0]
    assert home.rows("select max_by(payload->>'$.amount', (observed_at, version_no)), count(*) from raw_plaid.transactions") == [("2", 2)]


@pytest.mark.parametrize(
    ("rail", "entity", "body", "reason"),
    [
        ("qbo", "bills", b'{"QueryResponse":{"Bill":[{"Id":"1"', "Input data was truncated"),
        ("qbo", "counts", b"{}", "holds no totalCount|BatchItemResponse"),
        ("ramp", "vendor_accounts", b'{"data":[{"id":"1"}]}', "whose accounts they are"),
        ("plaid", "items", b'{"item":{"item_id":"another"}}', "another bank connection's"),
        ("stripe", "accounts", b'{"id":"acct_other","object":"account"}', "another one's"),
    ],
)
def test_a_page_that_is_no_better_now_stays_open(home: Kept, rail: str, entity: str, body: bytes, reason: str) -> None:
    page = home.keep(rail, entity, body)
    with pytest.raises(StillUnreadable, match=reason):
        home.reread(page)
    assert [one.quarantine_id for one in kept_pages(home.store.database)] == [page.quarantine_id]


def test_what_stands_in_the_way_is_said(home: Kept) -> None:
    page = home.keep("ramp", "bills", b'{"data":[{"id":"1"}]}')
    with (
        home.store.lease([home.store.connection("acme", "ramp", "ramp-1")], "sync x", 60),
        pytest.raises(RowcolError, match="is being synced"),
    ):
        home.reread(page)
    (home.settings.home / page.path).write_bytes(b"tampered with")
    with pytest.raises(RowcolError, match="not what was kept"):
        home.reread(page)
    with pytest.raises(UsageError, match="no kept page nowhere"):
        kept_pages(home.store.database, ids=["nowhere"])
