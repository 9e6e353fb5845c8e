"""What of the rails' records takes part in matching, and what of two records beside their amount keeps them from being one for sure.

How the pairs are chosen, and what is left: `test_matches`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, rows
from tests.dbt.rawfill import RawWarehouse
from tests.dbt.test_matches import paid, ramp_bill

BUILT = (
    "fct_match",
    "bill_map",
    "fct_exception",
    "fct_bank_closure",
    "fct_custody_chain",
    "chk_h16",
    "chk_h26",
    "chk_h27",
    "chk_h33",
    "chk_h44",
)
RAILS = {"relinked": ("plaid",), "anew": ("ramp",), "unlinked": ("ramp",), "withdrawn": ("ramp",)}


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business, rails in RAILS.items():
            raw.business(business, now=NOW)
            raw.versions(business, "accounts", [account("35", "Bank", 1000), account("33", "Accounts Payable", 0)])
            raw.versions(business, "vendors", [vendor("1")])
            for rail in rails:
                raw.connect(business, rail, now=NOW)
        _relinked(raw)
        _entered_anew(raw)
    build_marts(project, path, only=BUILT)
    return path


def _relinked(raw: RawWarehouse) -> None:
    """One bank account under two logins: the first was removed on 20 June, the second looks back to 9 May."""
    raw.execute(
        "update raw_control.connections set removed_at = ? where business_id = 'relinked' and rail = 'plaid'", ["2026-06-20 00:00:00+00"]
    )
    raw.connect("relinked", "plaid", now=NOW, connection_id="again")
    posted = {"2026-05-08": 120, "2026-05-12": 75, "2026-06-03": 310}
    for connection, account_id, told in ((None, "checking", posted), ("again", "checking-again", dict(list(posted.items())[1:]))):
        identity = {"account_id": account_id, "type": "depository", "subtype": "checking", "mask": "0001"}
        raw.observed("relinked", "plaid", "accounts", account_id, identity, connection_id=connection)
        for day, amount in told.items():
            moved = {"account_id": account_id, "amount": amount, "iso_currency_code": "USD", "date": day, "name": f"PAYEE {amount}"}
            raw.observed(
                "relinked",
                "plaid",
                "transactions",
                f"{connection or 'first'}-{amount}",
                moved | {"pending": False},
                connection_id=connection,
            )
    waiting = {"account_id": "checking", "amount": 9, "iso_currency_code": "USD", "date": "2026-06-19", "name": "CAFE", "pending": True}
    raw.observed("relinked", "plaid", "transactions", "waiting", waiting)
    payments = [paid(f"p-{amount}", f"{day[:8]}{int(day[8:]) - 2:02d}", amount, "Vendor 1") for day, amount in posted.items()]
    raw.versions("relinked", "bill_payments", payments)


def _entered_anew(raw: RawWarehouse) -> None:
    """A bill that was archived in Ramp and entered there a second time, linked or by number alone; and one that both withdrew."""
    told = {"invoice_number": "INV77", "issued_at": "2026-06-01T00:00:00Z", "vendor": {"name": "Vendor 1"}}
    archived = {"archived_at": "2026-06-03T00:00:00Z"}
    for business, link, day in (("anew", "b1", "2026-06-10"), ("unlinked", None, None)):
        raw.versions(business, "bills", [bill("b1", 900, 0 if day else 900, DocNumber="INV77", TxnDate="2026-06-01")])
        ramp_bill(raw, business, "r-old", link, 900, None, **told, **archived)
        ramp_bill(raw, business, "r-draft", link, 900, None, **told | {"status": "DRAFT"})
        ramp_bill(raw, business, "r-new", link, 900, day, **told)
    raw.versions("anew", "bill_payments", [paid("bp", "2026-06-10", 900, "Vendor 1", bill_id="b1")])
    raw.versions("withdrawn", "bills", [bill("b1", 0, 0, PrivateNote="Voided", TxnDate="2026-06-01")])
    ramp_bill(raw, "withdrawn", "r-old", "b1", 900, None, **told, **archived)


def test_what_a_bank_that_was_linked_again_tells_twice_is_matched_once(warehouse: Path) -> None:
    """And what is older than the second login looks back to is still matched with what the first one saw."""
    business = "where business_id = 'relinked'"
    matched = rows(warehouse, f"select left_id, right_id, tier from marts.fct_match {business} order by all")
    assert matched == [("p-120", "first-120", "auto"), ("p-310", "again-310", "auto"), ("p-75", "again-75", "auto")]
    closure = "select account_id, sum(transaction_count), sum(total_amount), sum(unmatched_amount) from marts.fct_bank_closure"
    assert rows(warehouse, f"{closure} {business} group by 1 order by 1") == [
        ("checking", 1, Decimal(-120), 0),
        ("checking-again", 2, Decimal(-385), 0),
    ]
    assert rows(warehouse, f"select * from marts.fct_exception {business}") == []
    assert rows(warehouse, f"select record_id, days_unexplained from quality.chk_h26 {business} and days_unexplained > 0") == []
    assert rows(warehouse, f"select record_id from quality.chk_h33 {business} and days_without_money > 0") == []
    assert rows(warehouse, f"select record_id from quality.chk_h44 {business}") == []


def test_a_bill_that_was_taken_back_from_ramp_leaves_its_place_to_the_one_entered_anew(warehouse: Path) -> None:
    found = rows(warehouse, "select business_id, qbo_bill_id, ramp_bill_id, method, tier from marts.bill_map order by all")
    assert found == [
        ("anew", "b1", "r-new", "linked", "auto"),
        ("unlinked", "b1", "r-new", "reference", "suggest"),
        ("withdrawn", "b1", "r-old", "linked", "auto"),
    ]
    chain = "select execute_record_id, record_record_id, order_violations from marts.fct_custody_chain where business_id = 'anew'"
    assert rows(warehouse, chain) == [("r-new", "bp", None)]
    assert rows(warehouse, "select record_id, minutes_unrecorded from quality.chk_h27 where business_id = 'anew'") == [("r-new", 0)]
    unlinked = "select record_id, unlinked_bill_id from quality.chk_h16 where business_id = 'unlinked'"
    assert rows(warehouse, unlinked) == [("b1", "r-new")]
