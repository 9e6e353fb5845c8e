"""One hand-made ledger with one mistake of each kind, beside records that are right, as raw records."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.dbt.rawfill import RawWarehouse, realm_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)


PAYROLL = {"payroll_amount": 500, "payroll_next_date": TODAY - timedelta(days=5), "payroll_interval_days": 14}


def day(back: int) -> str:
    return (TODAY - timedelta(days=back)).isoformat()


def line(amount: int, account: str | None = "rent") -> dict[str, Any]:
    detail: dict[str, Any] = {"AccountRef": {"value": account}} if account else {"BillableStatus": "NotBillable"}
    return {"Id": "1", "Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


def bill(record_id: str, **changes: Any) -> dict[str, Any]:
    """A bill with nothing wrong; amounts differ, so that no two are alike."""
    amount = random.Random(record_id).randrange(10_000, 90_000) / 100
    fields = {
        "Id": record_id, "TxnDate": day(20), "DueDate": day(-10), "VendorRef": {"value": "steady"}, "TotalAmt": amount, "Balance": amount,
        "CurrencyRef": {"value": "USD"}, "Line": [line(1)],
    } | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def invoice(record_id: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "Id": record_id, "TxnDate": day(20), "DueDate": day(-10), "CustomerRef": {"value": "c1"}, "TotalAmt": 100, "Balance": 100,
        "CurrencyRef": {"value": "USD"},
    } | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def purchase(record_id: str, **changes: Any) -> dict[str, Any]:
    payee = {"value": "steady", "type": "Vendor"}
    fields = {
        "Id": record_id,
        "TxnDate": day(5),
        "EntityRef": payee,
        "TotalAmt": 10,
        "AccountRef": {"value": "bank"},
        "Line": [line(10)],
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def vendor(record_id: str, name: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"Id": record_id, "DisplayName": name or f"Vendor {record_id}", "Active": True, "TermRef": {"value": "t1"}} | changes


BILLS = [
    bill("old", TxnDate=day(400), Balance=0),
    bill("good"),
    bill("no-due", DueDate=None),
    bill("no-vendor", VendorRef=None),
    bill("ghost-vendor", VendorRef={"value": "ghost"}),
    bill("no-amount", TotalAmt=None),
    bill("zero-and-paid", TotalAmt=0, Balance=0),
    bill("over-open", TotalAmt=100, Balance=100.01),
    bill("paid-in-part", TotalAmt=200, Balance=50),
    bill("long-overdue", DueDate=day(31), TxnDate=day(61)),
    bill("overdue", DueDate=day(30), TxnDate=day(60)),
    bill("ask", Line=[line(5), line(5, "ask"), line(90, "rent")]),
    bill("first", TotalAmt=321.5, Balance=321.5, TxnDate=day(27), DocNumber="A-1"),
    bill("twin", TotalAmt=321.5, Balance=321.5, TxnDate=day(20), DocNumber="A-2"),
    bill("not-twin", TotalAmt=321.5, Balance=321.5, TxnDate=day(12), DocNumber="A-3"),
    bill("same-number", DocNumber=" a-1 ", TxnDate=day(3)),
    bill("other-vendor-number", DocNumber="A-1", VendorRef={"value": "other"}, TxnDate=day(90)),
    bill("unpaid-twin", TotalAmt=77, Balance=77, TxnDate=day(9)),
    bill("paid-twin", TotalAmt=77, Balance=0, TxnDate=day(8)),
    bill("paid-pair-1", TotalAmt=66, Balance=0),
    bill("paid-pair-2", TotalAmt=66, Balance=0),
    bill("credit", TotalAmt=-5, Balance=-5, DueDate=day(90), TxnDate=day(90)),
    bill("on-parent", Line=[line(1, "vehicles"), line(50, "rent")]),
    bill("odd-category", Line=[line(90, "fuel")]),
    bill("large-first", VendorRef={"value": "new"}, TotalAmt=99_999, Balance=99_999),
    bill("small-first", VendorRef={"value": "newer"}),
    bill("large-first-but-paid", VendorRef={"value": "newest"}, TotalAmt=99_998, Balance=0),
    bill("to-sort", Line=[line(90, "ask")]),
    *(bill(f"routine-{number}") for number in range(20)),
]
INVOICES = [
    invoice("good"),
    invoice("negative", TotalAmt=-5, Balance=-5),
    invoice("due-early", DueDate=day(21), Balance=0),
    invoice("no-customer", CustomerRef=None),
    invoice("no-due", DueDate=None),
    invoice("no-due-but-paid", DueDate=None, Balance=0),
    invoice("late", DueDate=day(1)),
    invoice("late-but-paid", DueDate=day(90), TxnDate=day(90), Balance=0),
    invoice("large", TotalAmt=5000.01, Balance=5000.01),
]
PURCHASES = [
    purchase("good"),
    purchase("tomorrow", TxnDate=day(-1)),
    purchase("no-payee", EntityRef=None),
    purchase("no-account", Line=[line(10, None)]),
]
VENDORS = [
    *(vendor(name) for name in ("steady", "other", "new", "newer", "newest")),
    vendor("no-terms", TermRef={}),
    vendor("no-tax-id", Vendor1099=True),
    vendor("tax-id", Vendor1099=True, TaxIdentifier="XX-1234"),
    vendor("acme-1", "ACME, Inc."),
    vendor("acme-2", "Acme Co"),
    vendor("acme-3", "Acme 3"),
    vendor("acme-5", "The Acme"),
    vendor("theo", "Theo"),
    vendor("acme-4", "Acme (deleted)", Active=False),
    vendor("store-12", "Store 12"),
    vendor("store-13", "Store 13 LLC"),
    vendor("inc", "Inc"),
    vendor("nameless", "---"),
    vendor("dots", "..."),
]


def ledger(bills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    owed = sum(Decimal(str(one.get("Balance", 0))) for one in bills)
    return [
        {"Id": "bank", "Name": "Checking", "AccountType": "Bank", "CurrentBalance": 0, "Active": True},
        {"Id": "overdrawn", "Name": "Second", "AccountType": "Bank", "CurrentBalance": -0.01, "Active": True},
        {"Id": "closed", "Name": "Closed", "AccountType": "Bank", "CurrentBalance": -5, "Active": False},
        {"Id": "rent", "Name": "Rent", "FullyQualifiedName": "Rent", "AccountType": "Expense"},
        {"Id": "ask", "Name": "Ask My Accountant", "FullyQualifiedName": "Ask My Accountant", "AccountType": "Other Expense"},
        {"Id": "vehicles", "Name": "Vehicles", "FullyQualifiedName": "Vehicles", "AccountType": "Expense"},
        {"Id": "fuel", "Name": "Fuel", "FullyQualifiedName": "Vehicles:Fuel", "AccountType": "Expense", "ParentRef": {"value": "vehicles"}},
        {"Id": "ap", "Name": "A/P", "AccountType": "Accounts Payable", "CurrentBalance": float(-owed), "CurrencyRef": {"value": "USD"}},
        {"Id": "ar", "Name": "A/R", "AccountType": "Accounts Receivable", "CurrentBalance": 1, "CurrencyRef": {"value": "USD"}},
    ]


def fill(path: Path) -> None:
    with RawWarehouse(path) as raw:
        for business in ("acme", "broken", "expiring", "paused", "quiet"):
            raw.business(business, now=NOW, **({} if business == "acme" else PAYROLL))
        raw.load("1")
        entities = {"bills": BILLS, "invoices": INVOICES, "purchases": PURCHASES, "vendors": VENDORS, "accounts": ledger(BILLS)}
        for entity, records in entities.items():
            raw.versions("acme", entity, records)
        raw.version("quiet", "purchases", purchase("sorted"))
        raw.version("acme", "customers", {"Id": "c1", "DisplayName": "Customer"})
        raw.version("acme", "bills", bill("deleted"))
        raw.version("acme", "bills", {"Id": "deleted", "status": "Deleted"}, is_deleted=True, version_no=2, updated_at=NOW)
        for number in ("1", "2"):
            raw.version("acme", "transfers", {"Id": number, "Amount": 10, "TxnDate": day(3)})
        gone = {"Id": "2", "status": "Deleted"}
        raw.version("acme", "transfers", gone, is_deleted=True, version_no=2, updated_at=NOW, observed_at=NOW)
        raw.version("acme", "invoices", invoice("voided", TotalAmt=0, Balance=0, PrivateNote="Voided"))
        for business, values in {
            "broken": "state = 'disconnected'",
            "paused": "state = 'failing', is_paused = true",
            "expiring": f"token_expires_at = timestamptz '{NOW + timedelta(minutes=119)}'",
            "quiet": f"token_expires_at = timestamptz '{NOW + timedelta(minutes=121)}', state = 'degraded'",
        }.items():
            raw.execute(f"update raw_control.connections set {values} where business_id = '{business}'")
        for entity, values in {
            "terms": f"last_success_at = timestamptz '{NOW - timedelta(minutes=1441)}'",
            "items": "last_success_at = null",
            "preferences": f"last_success_at = timestamptz '{NOW - timedelta(minutes=1440)}'",
            "customers": "last_outcome = 'partial'",
            "payments": f"source_count = 1, last_full_walk_at = timestamptz '{NOW}'",
            "deposits": "source_count = 0",
            "transfers": f"source_count = 2, last_full_walk_at = timestamptz '{NOW - timedelta(hours=1)}'",
            "vendors": f"source_count = {len(VENDORS)}, last_full_walk_at = timestamptz '{NOW}'",
        }.items():
            raw.execute(f"update raw_control.sync_states set {values} where business_id = 'acme' and entity = '{entity}'")
        raw.execute("update raw_control.sync_states set last_success_at = null, last_outcome = 'partial' where business_id = 'paused'")
        page = {"business_id": "acme", "connection_id": realm_of("acme"), "rail": "qbo", "quarantined_at": NOW}
        raw.control("quarantined_pages", quarantine_id="1", entity="deposits", **page)
        raw.control("quarantined_pages", quarantine_id="2", entity="cdc", **page)
        raw.control("quarantined_pages", quarantine_id="3", entity="invoices", resolved_at=NOW, **page)
        paused = {"business_id": "paused", "connection_id": realm_of("paused")}
        raw.control("quarantined_pages", quarantine_id="4", entity="invoices", **page | paused)
