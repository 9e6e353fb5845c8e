"""Businesses with an aged report of the ledger beside their books, for `test_tie_out`: what each is about says its own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.dbt.documents import account, aged_report, bill, bill_payment, customer, invoice, vendor
from tests.dbt.ledgers import NOW
from tests.dbt.rawfill import RawWarehouse

REPORTED = datetime(2026, 6, 30, 11, tzinfo=UTC)
SIDES = {"payable": ("aged_payables", "AgedPayables"), "receivable": ("aged_receivables", "AgedReceivables")}
# Businesses whose report cannot be held against their books, and why.
USELESS = {
    "missing": "report_missing",
    "empty": "report_without_data",
    "foreign": "report_in_other_currency",
    "sums": "report_unreadable",
    "text": "report_unreadable",
    "narrow": "report_unreadable",
    "unread": "books_older_than_report",
    "refused": "not_applicable",
}


Fill = Callable[[RawWarehouse], None]
FILLS: list[Fill] = []


def ledger(raw: RawWarehouse, business_id: str) -> None:
    """A business with three vendors and customers and nothing open yet, its books read a minute ago."""
    raw.business(business_id, now=NOW)
    raw.versions(business_id, "accounts", [account("33", "Accounts Payable"), account("84", "Accounts Receivable")])
    raw.versions(business_id, "vendors", [vendor(number) for number in ("1", "2", "3")])
    raw.versions(business_id, "customers", [customer(number) for number in ("1", "2", "3")])


def kept(raw: RawWarehouse, business_id: str, side: str, report: Mapping[str, Any], made: datetime = REPORTED) -> None:
    """The ledger's report of a side, read when it was made."""
    entity, name = SIDES[side]
    raw.version(business_id, entity, report, record_id=name, updated_at=made, observed_at=made)


def reported(raw: RawWarehouse, business_id: str, side: str, parties: Mapping[str, Sequence[str]], **facts: Any) -> None:
    """The report with these parties, made an hour ago."""
    kept(raw, business_id, side, aged_report(SIDES[side][1], parties, **facts))


def filled(fill: Fill) -> Fill:
    """One of the cases in the warehouse that all tests here read."""
    FILLS.append(fill)
    return fill


@filled
def _whole(raw: RawWarehouse) -> None:
    """Bills in several ages, one without due date, one of nobody, a credit and a payment on account."""
    ledger(raw, "whole")
    undated = {key: value for key, value in bill("4", 8, VendorRef={"value": "2"}).items() if key != "DueDate"}
    of_nobody = {key: value for key, value in bill("5", 2).items() if key != "VendorRef"}
    dated = [
        bill("1", 100, DueDate="2026-06-30"),
        bill("2", 60, DueDate="2026-05-31"),
        bill("3", 5, DueDate="2026-03-31", VendorRef={"value": "2"}),
    ]
    raw.versions("whole", "bills", [*dated, undated, of_nobody])
    credit = {
        "TotalAmt": 30,
        "Balance": 30,
        "VendorRef": {"value": "2"},
        "TxnDate": "2026-04-15",
        "Id": "6",
        "CurrencyRef": {"value": "USD"},
    }
    raw.versions("whole", "vendor_credits", [credit])
    raw.versions("whole", "bill_payments", [bill_payment("7", "99", 20, "2026-06-01", Line=[])])
    ages = {"1": ("100.00", "40.00", "", "", ""), "2": ("", "8.00", "", "-30.00", "5.00"), "": ("2.00", "", "", "", "")}
    reported(raw, "whole", "payable", ages)
    reported(raw, "whole", "receivable", {})


@filled
def _other(raw: RawWarehouse) -> None:
    """One customer in another age, one with another amount, one that we have nothing of."""
    ledger(raw, "other")
    raw.versions("other", "invoices", [invoice("1", 100, DueDate="2026-06-01"), invoice("2", 50, CustomerRef={"value": "2"})])
    ages = {"1": ("", "", "100.00", "", ""), "2": ("80.00", "", "", "", ""), "3": ("7.00", "", "", "", "")}
    reported(raw, "other", "receivable", ages)


@filled
def _postdated(raw: RawWarehouse) -> None:
    """A check dated next week, and a bill of next month that is paid already."""
    ledger(raw, "postdated")
    paid = [bill("1", 100, 0, DueDate="2026-06-20"), bill("2", 30, 0, TxnDate="2026-07-15", DueDate="2026-08-15")]
    raw.versions("postdated", "bills", paid)
    raw.versions("postdated", "bill_payments", [bill_payment("3", "1", 100, "2026-07-06"), bill_payment("4", "2", 30, "2026-06-10")])
    reported(raw, "postdated", "payable", {"1": ("", "70.00", "", "", "")})


@filled
def _changed(raw: RawWarehouse) -> None:
    """A bill paid in part after the report, and a vendor whose own record changed in the report's second."""
    ledger(raw, "changed")
    raw.version("changed", "bills", bill("1", 100, 40), updated_at=REPORTED + timedelta(minutes=5))
    raw.version("changed", "bills", bill("2", 10, VendorRef={"value": "2"}))
    raw.version("changed", "vendors", vendor("3"), version_no=2, updated_at=REPORTED)
    ages = {"1": ("100.00", "", "", "", ""), "2": ("10.00", "", "", "", ""), "3": ("9.00", "", "", "", "")}
    reported(raw, "changed", "payable", ages)


@filled
def _jobs(raw: RawWarehouse) -> None:
    """Some reports have a customer's own amount in the section's header, some in its sum alone."""
    own, both = ("", "25.00", "", "", "", "25.00"), ("0.00", "35.00", "0.00", "0.00", "0.00", "35.00")
    for business, head in (("header", own), ("sum", ())):
        ledger(raw, business)
        of_job = invoice("2", 10, DueDate="2026-06-10", CustomerRef={"value": "2"})
        raw.versions(business, "invoices", [invoice("1", 25, DueDate="2026-06-10"), of_job])
        report = aged_report("AgedReceivables", {"2": ("", "10.00", "", "", "")}, total=("0.00", "35.00", "0.00", "0.00", "0.00"))
        job, grand = report["Rows"]["Row"]
        section = {
            "type": "Section",
            "Header": {"ColData": [{"value": "Party 1", "id": "1"}, *({"value": text} for text in head)]},
            "Rows": {"Row": [job | {"type": "Data"}]},
            "Summary": {"ColData": [{"value": "Total Party 1"}, *({"value": text} for text in both)]},
        }
        report["Rows"]["Row"] = [section, grand]
        kept(raw, business, "receivable", report)


@filled
def _useless(raw: RawWarehouse) -> None:
    """Reports that say nothing about the one bill there is, each in its way."""
    ages = {"1": ("100.00", "", "", "", "")}
    for business in USELESS:
        ledger(raw, business)
        raw.versions(business, "bills", [bill("1", 100)])
    reported(raw, "empty", "payable", {})
    reported(raw, "foreign", "payable", ages, Currency="CAD")
    reported(raw, "sums", "payable", ages, total=("99.00", "", "", "", ""))
    text = aged_report("AgedPayables", ages)
    text["Rows"]["Row"][0]["ColData"][1]["value"] = "one hundred"
    kept(raw, "text", "payable", text)
    narrow = aged_report("AgedPayables", ages)
    narrow["Columns"]["Column"].pop(2)
    kept(raw, "narrow", "payable", narrow)
    reported(raw, "unread", "payable", ages)
    earlier = [REPORTED - timedelta(minutes=1)]
    raw.execute("update raw_control.sync_states set last_success_at = ? where business_id = 'unread' and entity = 'bills'", earlier)
    raw.execute("update raw_control.sync_states set last_error_kind = 'not_offered' where business_id = 'refused' and entity like 'aged_%'")


@filled
def _corrected(raw: RawWarehouse) -> None:
    """Somebody gave the bill another due date and vendor here, and entered a bill; the ledger's report has what the ledger has."""
    ledger(raw, "corrected")
    raw.versions("corrected", "bills", [bill("1", 100, DueDate="2026-06-20")])
    subject = '{"rail": "qbo", "entity": "bills", "record_id": "1", "fields": {"due_date": "2026-08-01", "vendor_id": "2"}}'
    decided = {
        "decision_no": 1,
        "decision_id": "d1",
        "business_id": "corrected",
        "advisor_id": "ann",
        "kind": "correct",
        "subject": subject,
    }
    raw.control("decisions", **decided, decided_at=NOW - timedelta(days=1))
    told = {
        "enter-bill": '{"vendor_id": "3", "amount": "44.00", "bill_date": "2026-06-12", "due_date": "2026-07-20"}',
        "admitted": '{"decision_id": "d2"}',
    }
    for number, (kind, subject) in enumerate(told.items(), start=2):
        word = {"decision_no": number, "decision_id": f"d{number}", "advisor_id": "ann", "kind": kind, "subject": subject}
        raw.control("decisions", business_id="corrected", **word, decided_at=NOW - timedelta(days=1))
    reported(raw, "corrected", "payable", {"1": ("", "100.00", "", "", "")})


@filled
def _earlier(raw: RawWarehouse) -> None:
    """A report of five days ago, when the bill was not due."""
    ledger(raw, "earlier")
    raw.versions("earlier", "bills", [bill("1", 100, DueDate="2026-06-27")])
    made = datetime(2026, 6, 25, 11, tzinfo=UTC)
    report = aged_report("AgedPayables", {"1": ("100.00", "", "", "", "")}, on="2026-06-25", at=made.isoformat())
    kept(raw, "earlier", "payable", report, made)
