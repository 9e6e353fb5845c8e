"""Truth tables: what was served, what people got wrong, what the books held on each day."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.errors import UsageError
from sandbox.truth import SCHEMAS, truth_table
from tests.sandbox.conftest import Ledger, OpenSandbox

# Checks that compare the ledger with other rails and name a record of the ledger.
ACROSS_RAILS = {"H16", "H29", "H30", "H33", "H36"}
INTERFACE = {
    "vendors": {"business_id", "world_vendor_id", "rail", "rail_vendor_id", "name"},
    "bills": {"business_id", "world_bill_id", "qbo_bill_id", "ramp_bill_id"},
    "bank_matches": {"business_id", "plaid_transaction_id", "rail", "entity", "record_id", "world_event_id"},
    "payouts": {"business_id", "stripe_payout_id", "plaid_transaction_id", "charge_ids"},
    "balances": {"business_id", "date", "bank_cash", "open_ap", "open_ar"},
    "mistakes": {"business_id", "kind", "hygiene_check", "rail", "record_id"},
    "served": {"business_id", "rail", "entity", "record_id", "version_no", "content_sha256", "is_deleted", "served_first_at"},
    "receivables": {"business_id", "entity", "record_id", "qbo_entity", "qbo_record_id"},
}


def table(ledger: Ledger, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(truth_table(ledger.hub, name))).to_pylist()
    return rows


def test_every_table_of_the_interface_is_there_with_its_columns(ledger: Ledger) -> None:
    assert set(SCHEMAS) == set(INTERFACE)
    for name, columns in INTERFACE.items():
        read = pq.read_table(io.BytesIO(ledger.http.get(f"/sandbox/truth/{name}").content))
        assert columns <= set(read.column_names)
    assert ledger.http.get("/sandbox/truth/nothing").status_code == 404
    with pytest.raises(UsageError, match="no truth table"):
        truth_table(ledger.hub, "nothing")


def test_served_is_exactly_what_went_out_once_each_with_its_bytes(ledger: Ledger) -> None:
    assert table(ledger, "served") == []
    text = ledger.query("select * from Bill maxresults 10").content
    ledger.query("select * from Bill maxresults 20")
    ledger.hub.touch(1.0)
    ledger.query("select * from Bill maxresults 5")
    rows = table(ledger, "served")
    assert {(row["business_id"], row["rail"], row["entity"]) for row in rows} == {(ledger.business_id, "qbo", "bills")}
    assert sorted((row["version_no"], int(row["record_id"])) for row in rows if row["version_no"] == 1) == [
        (1, n) for n in _ids(ledger, 20)
    ]
    assert sum(row["version_no"] == 2 for row in rows) == 5
    first = next(row for row in rows if row["version_no"] == 1)
    body = ledger.hub.company(ledger.realm).tables["Bill"].versions[0].body
    assert body in text
    assert first["content_sha256"] == hashlib.sha256(body).hexdigest()
    assert {row["served_first_at"].isoformat() for row in rows} == {"2026-09-22T16:00:00+00:00", "2026-09-22T16:01:00+00:00"}


def _ids(ledger: Ledger, count: int) -> list[int]:
    return [int(version.id) for version in ledger.hub.company(ledger.realm).tables["Bill"].live()[:count]]


def test_a_tombstone_in_the_feed_is_served_as_a_deletion(ledger: Ledger) -> None:
    while not any(row["is_deleted"] for row in table(ledger, "served")):
        since = ledger.hub.clock()["now"]
        ledger.hub.advance(days=25)
        ledger.renew()
        ledger.changes("Bill,Purchase,Invoice,SalesReceipt,VendorCredit,BillPayment", since)
    assert all(row["version_no"] >= 1 for row in table(ledger, "served"))


def test_drifted_bodies_are_served_under_their_own_hash(ledger: Ledger) -> None:
    ledger.query("select * from Bill maxresults 3")
    ledger.hub.faults.order("qbo", "all", "schema_drift", count=1)
    ledger.query("select * from Bill maxresults 3")
    rows = table(ledger, "served")
    assert (len(rows), len({row["content_sha256"] for row in rows}), len({row["record_id"] for row in rows})) == (6, 6, 3)


def test_todays_balances_equal_what_the_ledger_serves(open_sandbox: OpenSandbox) -> None:
    ledger = open_sandbox()
    ledger.hub.advance(days=9)
    ledger.renew()
    last = [row for row in table(ledger, "balances") if row["business_id"] == ledger.business_id][-1]
    accounts = ledger.walk("Account")
    held = {kind: sum_of(_money(account["CurrentBalance"]) for account in accounts if account["AccountType"] == kind) for kind in _KINDS}
    assert last["bank_cash"] == last["ledger_cash"] == held["Bank"]
    assert last["open_ap"] == -held["Accounts Payable"]
    assert last["open_ar"] == held["Accounts Receivable"]
    payable = sum_of(_money(row["Balance"]) for row in ledger.walk("Bill")) - sum(
        _money(row["Balance"]) for row in ledger.walk("VendorCredit")
    )
    assert payable == last["open_ap"]
    receivable = sum_of(_money(row["Balance"]) for row in ledger.walk("Invoice"))
    receivable -= sum_of(_money(row["UnappliedAmt"]) for row in ledger.walk("Payment"))
    receivable -= sum_of(_money(row["Balance"]) for row in ledger.walk("CreditMemo"))
    assert receivable == last["open_ar"]


_KINDS = ("Bank", "Accounts Payable", "Accounts Receivable")


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _money(number: float) -> Decimal:
    return Decimal(str(number))


def test_every_ledger_check_has_standing_mistakes_among_a_few_businesses(open_sandbox: OpenSandbox) -> None:
    rows = table(open_sandbox(businesses=6), "mistakes")
    checks = {row["hygiene_check"] for row in rows if row["is_standing"] and row["rail"] == "qbo"}
    assert checks - ACROSS_RAILS == {f"H{number:02d}" for number in (*range(1, 16), 17, 19, 20, 21, 22, 23)}
    assert any(row["hygiene_check"] == "H42" for row in rows)


def test_what_was_entered_twice_is_one_thing_in_the_world(open_sandbox: OpenSandbox) -> None:
    ledger = open_sandbox(businesses=6)
    for name, kind, world_id, own_id in (
        ("vendors", "duplicate_vendor", "world_vendor_id", "rail_vendor_id"),
        ("bills", "duplicate_bill", "world_bill_id", "qbo_bill_id"),
    ):
        known = {(row["business_id"], row[own_id]): row[world_id] for row in table(ledger, name)}
        twice = [row for row in table(ledger, "mistakes") if row["kind"] == kind and (row["business_id"], row["record_id"]) in known]
        assert twice
        for row in twice:
            shared = known[row["business_id"], row["record_id"]]
            assert sum(value == shared and business == row["business_id"] for (business, _), value in known.items()) >= 2


@pytest.mark.parametrize("index", [0, 1, 2])
def test_standing_mistakes_are_visible_in_what_the_ledger_serves(open_sandbox: OpenSandbox, index: int) -> None:
    ledger = open_sandbox(index=index)
    bills, invoices, vendors, purchases = (
        {row["Id"]: row for row in ledger.walk(name)} for name in ("Bill", "Invoice", "Vendor", "Purchase")
    )
    visible: dict[str, Callable[[str], bool]] = {
        "H01": lambda i: "DueDate" not in bills[i] and bills[i]["Balance"] > 0,
        "H02": lambda i: bills[i]["VendorRef"]["value"] not in vendors,
        "H03": lambda i: bool(bills[i]["TotalAmt"] < 0),
        "H05": lambda i: bool(bills[i]["DueDate"] < bills[i]["TxnDate"]),
        "H06": lambda i: bool(bills[i]["TxnDate"] > "2026-09-22"),
        "H07": lambda i: bool(bills[i]["Balance"] > 0 and bills[i]["DueDate"] < "2026-08-23"),
        "H08": lambda i: "CustomerRef" not in invoices[i],
        "H09": lambda i: "DueDate" not in invoices[i],
        "H13": lambda i: "TermRef" not in vendors[i],
        "H14": lambda i: vendors[i]["Vendor1099"] and "TaxIdentifier" not in vendors[i],
        "H19": lambda i: "EntityRef" not in purchases[i],
    }
    mine = [row for row in table(ledger, "mistakes") if row["business_id"] == ledger.business_id and row["is_standing"]]
    checked = [row for row in mine if row["hygiene_check"] in visible]
    assert checked
    assert [row for row in checked if not visible[row["hygiene_check"]](row["record_id"])] == []
