"""What two rails should both have and only one has: each told once, with its reason, and nothing of which the other has no say.

What is matched, and by which rule: `test_matches`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt.documents import account, customer, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import verdict
from tests.dbt.payouts import at, charge, received
from tests.dbt.project import DbtProject, rows
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

BUILT = ("fct_exception", "fct_match")
BUSINESSES = {"legs": ("plaid",), "receipts": ("plaid", "stripe")}


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exceptions") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business, rails in BUSINESSES.items():
            raw.business(business, now=NOW)
            books = [account("35", "Bank", 1000), account("37", "Bank", 1000), account("33", "Accounts Payable")]
            raw.versions(business, "accounts", books)
            raw.versions(business, "vendors", [vendor("1")])
            raw.versions(business, "customers", [customer("1")])
            for rail in rails:
                raw.connect(business, rail, now=NOW)
            bank_account(raw, business, "checking", available=1, current=1)
            bank_transaction(raw, business, "opening", 1, "2026-05-01", name="OPENING")
        _legs(raw)
        _receipts(raw)
    build_marts(project, path, only=BUILT)
    return path


def _legs(raw: RawWarehouse) -> None:
    """A transfer of which people said twice, on either account, which line of the bank it is."""
    bank_account(raw, "legs", "reserve", available=1, current=1)
    moved = {"Id": "t", "Amount": 500, "FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "37"}, "TxnDate": "2026-06-10"}
    raw.versions("legs", "transfers", [moved | {"CurrencyRef": {"value": "USD"}}])
    for number, (name, amount, account_id) in enumerate(
        (("out-1", 500, "checking"), ("out-2", 500, "checking"), ("in-1", -500, "reserve"), ("in-2", -500, "reserve"))
    ):
        bank_transaction(raw, "legs", name, amount, "2026-06-11", name="TRANSFER", account_id=account_id)
        verdict(raw, "legs", number, "confirm-match", "qbo:transfers:t", f"plaid:transactions:{name}")


def _receipts(raw: RawWarehouse) -> None:
    """Customers' payments that go to the bank account itself, all but one of them by the card processor."""
    days = ("2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25")
    raw.versions("receipts", "payments", [received(f"p-{number}", day, 100 + number, "35") for number, day in enumerate(days)])
    for number, day in enumerate(days[:3]):
        charge(raw, "receipts", f"ch-{number}", 10_000 + 100 * number, created=at(day))


def test_a_record_that_is_two_events_is_told_of_each_under_an_id_of_its_own(warehouse: Path) -> None:
    """A transfer is one on either account, a customer's payment one at the bank and one at the processor."""
    query = "select record_id, kind, amount, reason from marts.fct_exception where business_id = ? and rail = 'qbo' order by all"
    assert [row[:3] for row in rows(warehouse, query, ["legs"])] == [("t", "ambiguous", -500), ("t", "ambiguous", 500)]
    alone = [(record, reason) for record, _, _, reason in rows(warehouse, query, ["receipts"]) if record == "p-3"]
    assert alone == [
        ("p-3", "recorded as paid and the bank shows no money for it"),
        ("p-3", "recorded as paid through the card processor, which shows no charge for it"),
    ]
    assert rows(warehouse, "select count(*) = count(distinct exception_id) from marts.fct_exception") == [(True,)]
