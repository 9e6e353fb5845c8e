"""Where two rails state different values: whose word counts, what the other says, since when, and what a person said of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, invoice, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import verdict
from tests.dbt.payouts import at, charge, received
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

DAYS = [datetime(2026, 6, day, 12, tzinfo=UTC) for day in range(1, 31)]
PAY = {"VendorRef": {"value": "1", "name": "Vendor 1"}, "PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}


def on_ramp(raw: RawWarehouse, business: str, bill_id: str, *told: tuple[int, dict[str, Any]]) -> None:
    """Bill `r-<id>`, linked to the ledger's, as Ramp told of it on days of June: 100 of vendor 1 due on 1 July unless said otherwise."""
    for version, (day, fields) in enumerate(told, start=1):
        amount = {"amount": fields.pop("cents", 10000), "currency_code": "USD"}
        record = {"id": f"r-{bill_id}", "remote_id": bill_id, "status": "OPEN", "approval_status": "APPROVED", "amount": amount}
        record |= {"due_at": "2026-07-01T00:00:00+00:00", "issued_at": "2026-06-01", "vendor": {"id": "rv1", "name": "Vendor 1"}}
        raw.observed(business, "ramp", "bills", f"r-{bill_id}", record | fields, version_no=version, observed_at=DAYS[day - 1])


def in_ledger(raw: RawWarehouse, business: str, bill_id: str, *told: tuple[int, dict[str, Any]]) -> None:
    """The ledger's bill as it stood on days of June, read on the same day."""
    for version, (day, fields) in enumerate(told, start=1):
        raw.version(business, "bills", bill(bill_id, **fields), version_no=version, updated_at=DAYS[day - 1], observed_at=DAYS[day - 1])


def coded(*accounts: str | None) -> list[dict[str, Any]]:
    """Lines of a bill at Ramp, each with a class and the account it is coded to, if any."""
    chosen = [{"external_id": "10", "category_info": {"type": "OTHER"}}]
    return [
        {"accounting_field_selections": chosen + [{"external_id": one, "category_info": {"type": "GL_ACCOUNT"}}] * (one is not None)}
        for one in accounts
    ]


def billed(raw: RawWarehouse, business: str, number: str, cents: int, left: int) -> None:
    """An invoice of the ledger's, wholly open there, that Stripe has too, with so many cents left."""
    raw.versions(business, "invoices", [invoice(number, cents / 100, DocNumber=f"L-{number}", TxnDate="2026-05-02")])
    record: dict[str, Any] = {
        "id": f"in_{number}",
        "number": f"S-{number}",
        "customer": "cus_1",
        "customer_name": "Customer 1",
        "status": "open",
    }
    record |= {"total": cents, "amount_remaining": left, "currency": "usd", "created": at("2026-05-02")}
    raw.observed(business, "stripe", "invoices", f"in_{number}", record)


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("conflicts") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "behind", "alone"):
            raw.business(business, now=NOW)
            raw.versions(business, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("61", "Expense")])
            raw.versions(business, "vendors", [vendor("1"), vendor("2", DisplayName="Quite Another Company")])
        for business in ("acme", "behind"):
            raw.connect(business, "ramp", now=NOW)
            for ramp_id, ledger_id, name in (("rv1", "1", "Vendor 1"), ("rv2", "2", "Quite Another Company")):
                record = {"id": ramp_id, "name": name, "is_active": True, "accounting_vendor_remote_id": ledger_id}
                raw.observed(business, "ramp", "vendors", ramp_id, record)
        _acme(raw)
        _acmes_customers(raw)
        # The ledger of this one was last read two days ago, before Ramp's newest word.
        in_ledger(raw, "behind", "late", (1, {}))
        on_ramp(raw, "behind", "late", (1, {}), (29, {"cents": 12000}))
        in_ledger(raw, "behind", "older", (5, {}))
        on_ramp(raw, "behind", "older", (2, {"cents": 12000}))
        raw.execute(
            "update raw_control.sync_states set last_success_at = ? where business_id = 'behind' and rail = 'qbo'",
            [NOW - timedelta(days=2)],
        )
    build_marts(project, path, only=("fct_conflict", "chk_h30"))
    return path


def _acme(raw: RawWarehouse) -> None:
    in_ledger(raw, "acme", "same", (1, {}))
    on_ramp(raw, "acme", "same", (1, {}))
    # They differed, agreed again, and differ since the 20th; a version of the ledger's that came late changes nothing.
    in_ledger(raw, "acme", "amount", (1, {"amount": 90}), (10, {}))
    raw.version("acme", "bills", bill("amount", 100, DocNumber="late"), updated_at=DAYS[4], observed_at=DAYS[24], version_no=3)
    on_ramp(raw, "acme", "amount", (2, {}), (20, {"cents": 11000}), (22, {"cents": 11000, "memo": "still"}))
    in_ledger(raw, "acme", "due", (1, {"DueDate": "2026-07-03"}))
    on_ramp(raw, "acme", "due", (4, {}))
    in_ledger(raw, "acme", "vendor", (1, {}))
    on_ramp(raw, "acme", "vendor", (1, {"vendor": {"id": "rv2", "name": "Quite Another Company"}}))
    in_ledger(raw, "acme", "paid", (1, {}))
    on_ramp(raw, "acme", "paid", (3, {"status": "PAID", "payment": {"payment_date": "2026-06-02", "payment_method": "ACH"}}))
    in_ledger(raw, "acme", "dated", (1, {"balance": 0}))
    on_ramp(raw, "acme", "dated", (3, {"status": "PAID", "payment": {"payment_date": "2026-06-02", "payment_method": "CARD"}}))
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": "dated", "TxnType": "Bill"}]}
    raw.version("acme", "bill_payments", PAY | {"Id": "bp", "TxnDate": "2026-06-04", "TotalAmt": 100, "Line": [line]})
    for name, cents, method in (("overpaid", 15000, "ACH"), ("in-part", 8000, "ACH"), ("by-hand", 15000, "PAID_MANUALLY")):
        in_ledger(raw, "acme", name, (1, {"balance": 0}))
        moved = {"payment_date": "2026-06-02", "payment_method": method, "amount": {"amount": cents, "currency_code": "USD"}}
        on_ramp(raw, "acme", name, (3, {"status": "PAID", "payment": moved}))
    # What is coded in part, or to what is no account of the ledger, says nothing of the accounts.
    for name, accounts in (("coded", ("60", "60")), ("recoded", ("61", "60")), ("half-coded", ("61", None)), ("foreign", ("Travel",))):
        in_ledger(raw, "acme", name, (1, {}))
        on_ramp(raw, "acme", name, (1, {"line_items": coded(*accounts), "inventory_line_items": []}))
    in_ledger(raw, "acme", "stock", (1, {}))
    on_ramp(raw, "acme", "stock", (1, {"line_items": coded("60")}), (9, {"line_items": coded("60"), "inventory_line_items": coded("61")}))
    # Taken back from Ramp, which then has no say.
    in_ledger(raw, "acme", "archived", (1, {}))
    on_ramp(raw, "acme", "archived", (1, {"cents": 1, "archived_at": "2026-06-05T00:00:00Z"}))
    # What is told in two currencies is not compared by number.
    in_ledger(raw, "acme", "euro", (1, {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": 1.1}))
    on_ramp(raw, "acme", "euro", (1, {"cents": 11000}))
    raw.connect("acme", "plaid", now=NOW)
    bank_account(raw, "acme", "checking", available=800, current=850)
    # A check is dated before its money moves; this one was dated afterwards.
    for check, day in (("1201", "2026-05-04"), ("1202", "2026-05-09")):
        raw.version("acme", "bill_payments", PAY | {"Id": f"c{check}", "DocNumber": check, "TxnDate": day, "TotalAmt": int(check)})
        bank_transaction(raw, "acme", f"t{check}", int(check), "2026-05-08", name=f"CHECK {check}", check_number=check)
    for number, (name, subject) in enumerate(
        {
            "by-rail": {"rail": "ramp"},
            "by-value": {"value": "105.50"},
            "garbage": {"value": "a lot"},
            "outdated": {"rail": "ramp"},
            "undone": {"rail": "ramp"},
        }.items()
    ):
        in_ledger(raw, "acme", name, (1, {}))
        on_ramp(raw, "acme", name, (1, {"cents": 11000}), *([(28, {"cents": 12000})] if name == "outdated" else []))
        conflict = raw.execute("select md5(?)", [f"acme|bill|amount|ramp|bills|r-{name}|qbo|bills|{name}"])[0][0]
        common = {"business_id": "acme", "advisor_id": "ann", "decided_at": DAYS[25]}
        told = json.dumps(subject | {"conflict": conflict})
        raw.control("decisions", **common, decision_no=number, decision_id=name, kind="settle", subject=told)
    raw.control("decisions", **common, decision_no=99, decision_id="u", kind="undo", subject='{"decision_id": "undone"}')


def _acmes_customers(raw: RawWarehouse) -> None:
    raw.connect("acme", "stripe", now=NOW)
    raw.versions("acme", "customers", [{"Id": "1", "DisplayName": "Customer 1"}])
    raw.observed("acme", "stripe", "customers", "cus_1", {"id": "cus_1", "name": "Customer 1"})
    billed(raw, "acme", "part", 9000, 5000)
    billed(raw, "acme", "whole", 8000, 8000)
    # Somebody booked what Stripe paid out, and another said that it is this charge.
    charge(raw, "acme", "ch", 10000)
    raw.versions("acme", "payments", [received("net", "2026-06-02", 97, "35")])
    verdict(raw, "acme", 200, "confirm-match", "stripe:charges:ch", "qbo:payments:net")


def test_the_seeds_rail_wins_and_the_others_value_is_kept(warehouse: Path) -> None:
    query = """select field, winner_rail, winner_value, loser_rail, loser_id, loser_value, value, state
        from marts.fct_conflict where business_id = 'acme' and field != 'amount' order by field, loser_id"""
    assert [row[:-1] for row in rows(warehouse, query)] == [
        ("cash_balance", "plaid", "800.00", "qbo", "acme", "1000.00", "800.00"),
        ("charge", "stripe", "100.00", "qbo", "net", "97.00", "100.00"),
        ("due_date", "qbo", "2026-07-03", "ramp", "r-due", "2026-07-01", "2026-07-03"),
        ("gl_account", "qbo", "Expense 60 (60)", "ramp", "r-recoded", "Expense 60 (60), Expense 61 (61)", "Expense 60 (60)"),
        ("gl_account", "qbo", "Expense 60 (60)", "ramp", "r-stock", "Expense 60 (60), Expense 61 (61)", "Expense 60 (60)"),
        ("open_balance", "qbo", "90.00", "stripe", "in_part", "50.00", "90.00"),
        ("payment_date", "ramp", "2026-06-02", "qbo", "bp", "2026-06-04", "2026-06-02"),
        ("payment_status", "ramp", "paid", "qbo", "paid", "open", "paid"),
        ("posted_date", "plaid", "2026-05-08", "qbo", "c1202", "2026-05-09", "2026-05-08"),
        ("vendor", "qbo", "Vendor 1 (1)", "ramp", "r-vendor", "Quite Another Company (rv2)", "Vendor 1 (1)"),
    ]
    assert {row[-1] for row in rows(warehouse, query)} == {"settled_by_precedence"}
    assert rows(warehouse, "select count(*) from marts.fct_conflict where business_id = 'alone'") == [(0,)]


def test_the_ledgers_record_of_the_two_can_be_opened_whichever_rail_counts(warehouse: Path) -> None:
    query = "select field, source_url from marts.fct_conflict where business_id = 'acme' and loser_id in ('r-due', 'bp', 'acme')"
    assert dict(rows(warehouse, query)) == {
        "due_date": "https://app.qbo.intuit.com/app/bill?txnId=due",
        "payment_date": "https://app.qbo.intuit.com/app/billpayment?txnId=bp",
        "cash_balance": None,
    }


def test_since_when_they_disagree_is_read_from_the_versions(warehouse: Path) -> None:
    query = "select first_seen_at, last_seen_at, winner_since_at, loser_since_at from marts.fct_conflict where loser_id = 'r-amount'"
    assert [tuple(instant.day for instant in row) for row in rows(warehouse, query)] == [(20, 22, 10, 20)]
    of_lines = query.replace("r-amount", "r-stock")
    assert [tuple(instant.day for instant in row) for row in rows(warehouse, of_lines)] == [(9, 9, 1, 9)]


def test_a_person_settles_what_stood_when_they_said_so(warehouse: Path) -> None:
    query = """select winner_id, state, value, amount, value_rail, decided_by, winner_amount, loser_amount from marts.fct_conflict
        where business_id = 'acme' and field = 'amount' and winner_id != 'amount' order by 1"""
    by_hand, by_rule = Decimal("105.50"), Decimal("100.00")
    assert rows(warehouse, query) == [
        ("by-rail", "decided", "110.00", Decimal("110.00"), "ramp", "ann", 100, 110),
        ("by-value", "decided", "105.50", by_hand, None, "ann", 100, 110),
        ("garbage", "settled_by_precedence", "100.00", by_rule, "qbo", None, 100, 110),
        ("outdated", "settled_by_precedence", "100.00", by_rule, "qbo", None, 100, 120),
        ("undone", "settled_by_precedence", "100.00", by_rule, "qbo", None, 100, 110),
    ]


def test_a_stale_winner_is_contested_by_a_newer_value_alone(warehouse: Path) -> None:
    found = rows(warehouse, "select winner_id, state, degraded_rails from marts.fct_conflict where business_id = 'behind' order by 1")
    assert found == [("late", "contested", "qbo"), ("older", "settled_by_precedence", "qbo")]


def test_a_bill_whose_amount_or_vendor_differs_is_flagged_until_it_is_taken_back_or_settled(warehouse: Path) -> None:
    """Once the service has paid it, only if that was more than the ledger owes."""
    failing = "ledger_amount != paying_amount or ledger_vendor != paying_vendor"
    found = rows(warehouse, f"select business_id, record_id, impact_amount, coalesce({failing}, false) from quality.chk_h30")
    assert {(business, record): impact for business, record, impact, fails in found if fails} == {
        ("acme", "amount"): Decimal("10.00"),
        ("acme", "vendor"): None,
        ("acme", "overpaid"): Decimal("50.00"),
        ("acme", "garbage"): Decimal("10.00"),
        ("acme", "outdated"): Decimal("20.00"),
        ("acme", "undone"): Decimal("10.00"),
        ("behind", "late"): Decimal("20.00"),
        ("behind", "older"): Decimal("20.00"),
    }
    right = {"same", "due", "by-rail", "by-value", "paid", "dated", "in-part", "euro"}
    right |= {"coded", "recoded", "half-coded", "foreign", "stock"}
    assert {record for _, record, _, fails in found if not fails} == right
    told = rows(warehouse, "select observed from quality.chk_h30 where record_id = 'overpaid'")
    assert told == [("Vendor 1, 100.00 USD in the ledger, 150.00 USD paid by the payment service",)]
