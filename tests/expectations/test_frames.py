"""The frames in SQL, from raw records to flags: one ledger with one mistake of each kind, beside records that are right."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from expectations.report import CheckReport
from expectations.suites import SUITES
from ingestion.rails.qbo.promise import QBO
from tests.dbt.rawfill import RawWarehouse, realm_of
from tests.expectations.project import AFTER, BEFORE, WAREHOUSE, build, check, rows

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)
MISTAKES: dict[str, set[str]] = {
    "H01": {"bills/no-due"},
    "H02": {"bills/no-vendor", "bills/ghost-vendor"},
    "H03": {"bills/no-amount", "bills/credit", "invoices/negative"},
    "H04": {"bills/over-open", "bills/credit", "invoices/negative"},
    "H05": {"invoices/due-early"},
    "H06": {"purchases/tomorrow"},
    "H07": {"bills/long-overdue"},
    "H08": {"invoices/no-customer"},
    "H09": {"invoices/no-due"},
    "H10": {"invoices/late"},
    "H11": {"invoices/large"},
    "H12": {"bills/ask", "bills/to-sort", "purchases/no-account"},
    "H13": {"vendors/no-terms"},
    "H14": {"vendors/no-tax-id"},
    "H15": {"bills/first", "bills/twin", "bills/same-number", "bills/unpaid-twin"},
    "H17": {"vendors/acme-1", "vendors/acme-2", "vendors/acme-5"},
    "H19": {"purchases/no-payee"},
    "H20": {"bills/on-parent"},
    "H21": {"bills/odd-category"},
    "H22": {"bills/large-first"},
    "H23": {"accounts/overdrawn"},
    "H38": {"terms/realm-acme", "items/realm-acme"},
    "H39": {"connections/realm-broken", "connections/realm-expiring"},
    "H40": {"customers/realm-acme", "deposits/realm-acme", "payments/realm-acme", "cdc/realm-acme"},
    "H41": {"accounts/Accounts Receivable USD"},
    "H42": set(),
}


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
        for business in ("acme", "broken", "expiring", "quiet"):
            raw.business(business, now=NOW)
        raw.load("1")
        entities = {"bills": BILLS, "invoices": INVOICES, "purchases": PURCHASES, "vendors": VENDORS, "accounts": ledger(BILLS)}
        for entity, records in entities.items():
            raw.versions("acme", entity, records)
        raw.version("acme", "customers", {"Id": "c1", "DisplayName": "Customer"})
        raw.version("acme", "bills", bill("deleted"))
        raw.version("acme", "bills", {"Id": "deleted", "status": "Deleted"}, is_deleted=True, version_no=2, updated_at=NOW)
        raw.version("acme", "invoices", invoice("voided", TotalAmt=0, Balance=0, PrivateNote="Voided"))
        for business, values in {
            "broken": "state = 'disconnected'",
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
            "vendors": f"source_count = {len(VENDORS)}, last_full_walk_at = timestamptz '{NOW}'",
        }.items():
            raw.execute(f"update raw_control.sync_states set {values} where business_id = 'acme' and entity = '{entity}'")
        page = {"business_id": "acme", "connection_id": realm_of("acme"), "rail": "qbo", "quarantined_at": NOW}
        raw.control("quarantined_pages", quarantine_id="1", entity="deposits", **page)
        raw.control("quarantined_pages", quarantine_id="2", entity="cdc", **page)
        raw.control("quarantined_pages", quarantine_id="3", entity="invoices", resolved_at=NOW, **page)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("frames") / WAREHOUSE
    fill(path)
    build(path, BEFORE, now=NOW)
    yield path


@pytest.fixture(scope="module")
def report(warehouse: Path) -> CheckReport:
    return check(warehouse, now=NOW)


def test_no_check_errs(report: CheckReport) -> None:
    assert {summary.check_id: summary.error for summary in report.summaries if summary.status == "error"} == {}


@pytest.mark.parametrize("check_id", [suite.check_id for suite in SUITES])
def test_the_frame_finds_its_mistakes_and_nothing_else(check_id: str, warehouse: Path, report: CheckReport) -> None:
    found = rows(warehouse, f"select entity || '/' || record_id from quality.expectation_failures where check_id = '{check_id}'")
    assert {one for (one,) in found} == MISTAKES[check_id]
    summary = next(one for one in report.summaries if one.check_id == check_id)
    assert summary.records_checked > len(MISTAKES[check_id]), "nothing right is in the frame, so it proves nothing"


def test_a_document_gone_at_its_source_but_open_here_is_found(warehouse: Path) -> None:
    """By construction it cannot happen, so the mirror is bent by hand: the deleted bill is open again."""
    build(warehouse, ["chk_h42"], now=NOW)
    original = rows(warehouse, "select entity, record_id, is_open_here from quality.chk_h42 order by all")
    assert original == [("bills", "deleted", False), ("invoices", "voided", False)]
    rows(
        warehouse,
        "insert into intermediate.int_ap_open_documents by name"
        " select * replace ('deleted' as record_id) from intermediate.int_ap_open_documents limit 1",
    )
    check(warehouse, now=NOW, run_id="bent", checks=["H42"])
    assert rows(warehouse, "select record_id from quality.expectation_failures where check_id = 'H42'") == [("deleted",)]
    rows(warehouse, "delete from intermediate.int_ap_open_documents where record_id = 'deleted'")
    check(warehouse, now=NOW, checks=["H42"])


def test_impact_severity_score_and_tray_follow_from_the_failures(warehouse: Path, report: CheckReport) -> None:
    build(warehouse, AFTER, now=NOW)
    flags = {
        (check_id, record_id): (severity, blocks, impact, amount)
        for check_id, record_id, severity, blocks, impact, amount in rows(
            warehouse,
            "select check_id, record_id, severity, blocks_kind, runway_impact_days, impact_amount from marts.fct_hygiene_flag"
            " where business_id = 'acme' and status = 'open'",
        )
    }
    assert flags["H01", "no-due"][:3] == ("H", "record", Decimal("0.50"))
    assert flags["H10", "late"] == ("M", "", Decimal("0.10"), Decimal("100.00"))
    # 30.00 spent in the last 90 days, all by purchases: 77.00 lasts 77 / (30 / 90) days
    assert flags["H15", "unpaid-twin"] == ("C", "record", Decimal("231.00"), Decimal("77.00"))
    assert flags["H15", "first"][2:] == (None, None), "of two open twins only one puts its amount at risk"
    assert flags["H13", "no-terms"] == ("L", "", Decimal("0.30"), None)
    assert flags["H03", "negative"][2] is None
    assert flags["H12", "ask"][0] == "M", "three of some fifty documents: from 5 % on"
    scores = rows(warehouse, "select business_id, hygiene_score, checks_failed, checks_errored from marts.fct_hygiene_score order by all")
    assert [business for business, *_ in scores] == ["acme", "broken", "expiring", "quiet"]
    assert scores[3][1:] == (Decimal("100.0"), 0, 0)
    assert scores[0][2] == len([check_id for check_id, found in MISTAKES.items() if found and check_id != "H39"])
    tray = rows(
        warehouse,
        "select tray_rank, runway_impact_days, severity from experiences.hygiene_tray where business_id = 'acme' order by tray_rank",
    )
    [(open_flags,)] = rows(warehouse, "select count(*) from marts.fct_hygiene_flag where business_id = 'acme' and status = 'open'")
    assert [rank for rank, *_ in tray] == list(range(1, open_flags + 1))
    order = [(impact is None, -(impact or 0), "CHML".index(severity)) for _, impact, severity in tray]
    assert order == sorted(order)
    twin = rows(
        warehouse,
        "select business_name, party_name, document_number, amount, open_amount, currency, observed, source_url"
        " from experiences.hygiene_tray where check_id = 'H15' and record_id = 'twin'",
    )
    seen = "321.50 USD dated 2026-05-12, same vendor and amount as bill first"
    url = "https://app.qbo.intuit.com/app/bill?txnId=twin"
    assert twin == [("Acme", "Vendor steady", "A-2", Decimal("321.50"), Decimal("321.50"), "USD", seen, url)]


def test_the_recorded_company_ties_to_its_ledger_and_no_check_errs_on_it(tmp_path: Path) -> None:
    if "ROWCOL_REFERENCE_DATA" not in os.environ:
        pytest.skip("ROWCOL_REFERENCE_DATA is not set: the recorded company is not here")
    recorded = Path(os.environ["ROWCOL_REFERENCE_DATA"]) / "rails" / "data" / "quickbooks" / "recorded" / "company_craig_2026"
    path, now = tmp_path / WAREHOUSE, datetime(2026, 5, 5, 18, tzinfo=UTC)
    with RawWarehouse(path) as raw:
        raw.business("craig", now=now)
        raw.load("1")
        for entity in QBO.entities:
            file = recorded / f"{entity.vendor_name}.jsonl"
            for record in file.read_text().splitlines() if file.exists() else ():
                raw.version("craig", entity.name, record)
    build(path, BEFORE, now=now)
    found = {summary.check_id: (summary.status, summary.records_checked) for summary in check(path, now=now).summaries}
    assert found["H41"] == ("passed", 2)
    assert found["H01"] == ("passed", 5)
    assert found["H10"] == ("failed", 26)
    assert "error" not in {status for status, _ in found.values()}


def test_many_overdue_invoices_and_a_large_share_of_uncategorised_lines_are_graver(tmp_path: Path) -> None:
    path = tmp_path / WAREHOUSE
    with RawWarehouse(path) as raw:
        for business in ("five", "six"):
            raw.business(business, now=NOW)
        raw.load("1")
        for business, count in (("five", 5), ("six", 6)):
            raw.versions(business, "invoices", [invoice(f"{number}", DueDate=day(1)) for number in range(count)])
            raw.versions(
                business,
                "purchases",
                [purchase(f"{number}", Line=[line(1, None if number < count - 5 else "rent")]) for number in range(5)],
            )
    build(path, BEFORE, now=NOW)
    check(path, now=NOW)
    build(path, AFTER, now=NOW)
    found = rows(
        path,
        "select distinct business_id, check_id, severity from marts.fct_hygiene_flag where status = 'open' and check_id in ('H10', 'H12')",
    )
    assert sorted(found) == [("five", "H10", "M"), ("six", "H10", "H"), ("six", "H12", "H")]
