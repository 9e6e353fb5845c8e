"""The ledger's own aged reports against our aging as of their date: what ties, what differs, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.documents import account, aged_report, bill, bill_payment, customer, invoice, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, rows
from tests.dbt.rawfill import RawWarehouse

REPORTED = datetime(2026, 6, 30, 11, tzinfo=UTC)
MARTS = ("fct_aging_tie_out", "fct_aging_tie_out_parties", "chk_h41")
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


@pytest.fixture(scope="module")
def path(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases, built once."""
    with RawWarehouse(tmp_path_factory.mktemp("tie_out") / "warehouse.duckdb") as raw:
        raw.load("1")
        for fill in FILLS:
            fill(raw)
    build_marts(project, raw.path, only=MARTS)
    return raw.path


def parties(path: Path, business_id: str, side: str = "payable") -> dict[str, tuple[Any, ...]]:
    """Per party: the ledger's amount, ours, what is in another age, and the status."""
    found = rows(
        path,
        f"""select party_id, ledger_amount, mirror_amount, misaged_amount, status from marts.fct_aging_tie_out_parties
        where business_id = '{business_id}' and side = '{side}'""",
    )
    return {party: tuple(facts) for party, *facts in found}


def side_of(path: Path, business_id: str, columns: str, side: str = "payable") -> tuple[Any, ...]:
    (found,) = rows(path, f"select {columns} from marts.fct_aging_tie_out where business_id = '{business_id}' and side = '{side}'")
    return found


def failing(path: Path, business_id: str) -> set[str]:
    """What H41 holds against the business, as entity/record."""
    found = rows(
        path,
        f"""select entity || '/' || record_id from quality.chk_h41
        where business_id = '{business_id}' and (ledger_amount is null or aging_amount != ledger_amount)""",
    )
    return {one for (one,) in found} - {"accounts/Accounts Payable USD", "accounts/Accounts Receivable USD"}


def ties(amount: str) -> tuple[Any, ...]:
    return Decimal(amount), Decimal(amount), Decimal(0), "ties"


def test_bills_credits_and_payments_on_account_tie_in_the_ledgers_own_ages(path: Path) -> None:
    assert parties(path, "whole") == {"1": ties("140.00"), "2": ties("-17.00"), "": ties("2.00")}
    assert side_of(path, "whole", "status, difference_amount, parties, parties_tied") == ("ties", Decimal(0), 3, 3)
    assert side_of(path, "whole", "status, ledger_amount, mirror_amount", "receivable") == ("report_without_data", None, Decimal(0))
    assert failing(path, "whole") == set()


def test_what_differs_is_told_per_party_by_amount_or_by_age(path: Path) -> None:
    assert parties(path, "other", "receivable") == {
        "1": (Decimal("100.00"), Decimal("100.00"), Decimal("100.00"), "differs"),
        "2": (Decimal("80.00"), Decimal("50.00"), Decimal(0), "differs"),
        "3": (Decimal("7.00"), Decimal(0), Decimal(0), "differs"),
    }
    told = side_of(path, "other", "status, ledger_amount, mirror_amount, difference_amount, parties_differing", "receivable")
    assert told == ("differs", Decimal("187.00"), Decimal("150.00"), Decimal("-37.00"), 3)
    assert failing(path, "other") == {"customers/1", "customers/2", "customers/3"}


def test_nothing_dated_after_the_report_counts_and_what_it_settles_is_open_again(path: Path) -> None:
    assert parties(path, "postdated") == {"1": ties("70.00")}


def test_a_party_that_changed_since_the_report_is_not_said_to_differ(path: Path) -> None:
    assert {party: facts[-1] for party, facts in parties(path, "changed").items()} == {
        "1": "report_older_than_books", "2": "ties", "3": "report_older_than_books",
    }  # fmt: skip
    assert side_of(path, "changed", "status, parties, parties_tied, parties_changed_since") == ("ties", 3, 1, 2)
    assert failing(path, "changed") == set()


@pytest.mark.parametrize("business", ["header", "sum"])
def test_a_customer_with_jobs_counts_once_wherever_the_report_has_its_own_figures(business: str, path: Path) -> None:
    assert parties(path, business, "receivable") == {"1": ties("25.00"), "2": ties("10.00")}


@pytest.mark.parametrize(("business", "status"), USELESS.items())
def test_a_report_that_is_none_to_go_by_says_so_and_is_never_zero(business: str, status: str, path: Path) -> None:
    assert side_of(path, business, "status, difference_amount, parties") == (status, None, None)
    ledger_amount = Decimal("100.00") if business == "unread" else None
    assert side_of(path, business, "ledger_amount") == (ledger_amount,)
    assert parties(path, business) == {}
    assert failing(path, business) == ({"aged_payables/AgedPayables"} if business == "empty" else set()), "100 are open"


def test_a_correction_made_here_does_not_part_us_from_the_ledger(path: Path) -> None:
    open_here = "select party_id, rail, bucket from intermediate.int_ap_open_documents where business_id = 'corrected' order by rail"
    assert rows(path, open_here) == [("2", "qbo", "current"), ("3", "user", "current")]
    assert parties(path, "corrected") == {"1": ties("100.00")}


def test_a_report_of_earlier_days_is_held_against_the_books_as_of_its_date(path: Path) -> None:
    assert rows(path, "select bucket from intermediate.int_ap_open_documents where business_id = 'earlier'") == [("d1_30",)]
    assert parties(path, "earlier") == {"1": ties("100.00")}


def test_a_reports_rows_are_one_per_party_and_age(path: Path) -> None:
    lines = rows(
        path,
        """select bucket, amount, typeof(amount) from staging.stg_qbo__aged_report_lines
        where business_id = 'whole' and not is_grand_total and party_id = '2'""",
    )
    expected = {"current": "0.00", "d1_30": "8.00", "d31_60": "0.00", "d61_90": "-30.00", "d90_plus": "5.00", "total": "-17.00"}
    assert {bucket: (str(amount), kind) for bucket, amount, kind in lines} == {
        bucket: (amount, "DECIMAL(18,2)") for bucket, amount in expected.items()
    }
