"""The truth is about what was really served: every record it names was, and what is one thing in the world is one in it."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from ingestion.rails.qbo.promise import REPORTS
from sandbox.hub import Hub
from sandbox.qbo.entities import RAW_TABLE
from sandbox.serving import application
from sandbox.state import Config
from sandbox.truth import SCHEMAS, truth_table
from tests.sandbox.conftest import InProcess, Ledger
from tests.sandbox.plaid_client import Mirror, Plaid
from tests.sandbox.ramp_client import RampClient
from tests.sandbox.stripe_account import Account

BUSINESSES = 3
Rows = list[dict[str, Any]]
STRIPE_LISTS = ("customers", "invoices", "charges", "payouts", "refunds", "disputes", "balance_transactions")
RAMP_LISTS = ("bills", "vendors", "transactions", "transfers", "reimbursements", "statements", "entities")


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rows]]:
    """All truth tables once every rail of every business was read to its end, three weeks after the sandbox began."""
    hub = Hub(tmp_path_factory.mktemp("relations") / "sandbox", Config(seed=5, businesses=BUSINESSES))
    hub.advance(days=21)
    for index in range(BUSINESSES):
        _read_all(hub, index)
    yield {name: pq.read_table(io.BytesIO(truth_table(hub, name))).to_pylist() for name in SCHEMAS}
    hub.close()


def _read_all(hub: Hub, index: int) -> None:
    ledger = Ledger(hub, _client(hub, "qbo"), index)
    for entity, table in RAW_TABLE.items():
        if entity not in ("CompanyInfo", "Preferences") and table not in REPORTS:
            ledger.walk(entity)
    ramp = RampClient(hub, _client(hub, "ramp"), index)
    for name in RAMP_LISTS:
        ramp.walk(f"/{name}")
    ramp.walk("/bills", is_archived="true")
    ramp.walk("/reimbursements", direction="USER_TO_BUSINESS")
    Mirror(Plaid.over(hub, index)).follow()
    account = Account(hub, index)
    for name in STRIPE_LISTS:
        account.walk(f"/{name}")


def _client(hub: Hub, rail: str) -> httpx.Client:
    return httpx.Client(transport=InProcess(application(hub, rail, limits=False)), base_url="http://testserver")


@pytest.fixture(scope="module")
def served(truth: dict[str, Rows]) -> set[tuple[str, str, str, str]]:
    """(business, rail, table, record id) of what was sent and is still there."""
    newest: dict[tuple[str, str, str, str], bool] = {}
    for row in truth["served"]:
        newest[row["business_id"], row["rail"], row["entity"], row["record_id"]] = row["is_deleted"]
    return {key for key, is_deleted in newest.items() if not is_deleted}


def _twice(rows: Rows, *columns: str) -> list[tuple[Any, ...]]:
    counted = Counter(tuple(row[column] for column in columns) for row in rows)
    return [key for key, count in counted.items() if count > 1 and None not in key]


def test_every_record_that_is_named_was_served(truth: dict[str, Rows], served: set[tuple[str, str, str, str]]) -> None:
    named = {(row["business_id"], row["rail"], "vendors", row["rail_vendor_id"]) for row in truth["vendors"] if row["rail"] != "plaid"}
    named |= {(row["business_id"], "qbo", "bills", row["qbo_bill_id"]) for row in truth["bills"] if row["qbo_bill_id"]}
    named |= {(row["business_id"], "ramp", "bills", row["ramp_bill_id"]) for row in truth["bills"] if row["ramp_bill_id"]}
    named |= {(row["business_id"], row["rail"], row["entity"], row["record_id"]) for row in truth["bank_matches"]}
    named |= {(row["business_id"], "plaid", "transactions", row["plaid_transaction_id"]) for row in truth["bank_matches"]}
    named |= {(row["business_id"], "stripe", "payouts", row["stripe_payout_id"]) for row in truth["payouts"]}
    named |= {(row["business_id"], "stripe", "charges", id) for row in truth["payouts"] for id in row["charge_ids"].split(",")}
    standing = [row for row in truth["mistakes"] if row["is_standing"] and row["hygiene_check"] not in {"H24", "H37", "H45"}]
    named |= {(row["business_id"], row["rail"], row["entity"], row["record_id"]) for row in standing}
    assert named - served == set()
    assert {rail for _, rail, _, _ in named} == {"qbo", "ramp", "plaid", "stripe"}


def test_what_is_one_thing_is_one_row(truth: dict[str, Rows]) -> None:
    assert _twice(truth["vendors"], "business_id", "rail", "rail_vendor_id", "name", "world_vendor_id") == []
    assert _twice([row for row in truth["vendors"] if row["rail"] != "plaid"], "business_id", "rail", "rail_vendor_id") == []
    assert _twice(truth["bills"], "business_id", "qbo_bill_id") == _twice(truth["bills"], "business_id", "ramp_bill_id") == []
    assert _twice(truth["payouts"], "business_id", "stripe_payout_id") == []
    assert _twice(truth["payouts"], "business_id", "plaid_transaction_id") == []
    charges = [{"charge": id} for row in truth["payouts"] for id in row["charge_ids"].split(",")]
    assert _twice(charges, "charge") == []
    assert _twice(truth["balances"], "business_id", "date") == []
    assert _twice(truth["mistakes"], "business_id", "kind", "hygiene_check", "rail", "entity", "record_id") == []
    assert _twice(truth["served"], "business_id", "rail", "entity", "record_id", "version_no", "content_sha256") == []


def test_a_record_has_one_bank_transaction_unless_it_moves_money_between_two_accounts(truth: dict[str, Rows]) -> None:
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in truth["bank_matches"]:
        found[row["business_id"], row["rail"], row["entity"], row["record_id"]].add(row["plaid_transaction_id"])
    several = {key[1:3] for key, ids in found.items() if len(ids) > 1}
    assert several <= {("qbo", "transfers"), ("qbo", "journal_entries")}
    assert max(len(ids) for ids in found.values()) <= 2


def test_days_follow_one_another_and_a_business_whose_bank_was_read_has_its_banks_cash(truth: dict[str, Rows]) -> None:
    for business in {row["business_id"] for row in truth["balances"]}:
        rows = [row for row in truth["balances"] if row["business_id"] == business]
        assert [row["date"] for row in rows] == [rows[0]["date"] + timedelta(days=number) for number in range(len(rows))]
        assert all(row["bank_cash"] == row["posted_cash"] for row in rows[:-1])
        assert any(row["bank_cash"] != row["ledger_cash"] for row in rows)
