"""Clients with bills to pay, each of whom the guardrail answers for a reason of its own."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt.documents import account, bill, bill_payment, journal_entry, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import ramp_bill
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

PAYROLL = {"payroll_amount": 500, "payroll_next_date": NOW.date() + timedelta(days=3), "payroll_interval_days": 14}


def ledger(raw: RawWarehouse, business: str, cash: Any, *bills: dict[str, Any], burn: Any = 9000, **settings: Any) -> None:
    """A ledger that spent `burn` in 90 days, 100 a day unless said otherwise, with these bills of vendors 1 and 2."""
    raw.business(business, now=NOW, **{**PAYROLL, **settings})
    wages = account("61", "Expense", Name="Wages", AccountSubType="PayrollExpenses")
    raw.versions(business, "accounts", [account("35", "Bank", cash), account("60", "Expense"), wages, account("33", "Accounts Payable", 0)])
    raw.versions(business, "vendors", [vendor("1"), vendor("2", DisplayName="City Rent Co")])
    # Long before the year that says who is a large vendor.
    raw.versions(business, "purchases", [purchase("10", burn), purchase("11", 1, TxnDate="2026-01-01")])
    raw.versions(business, "bills", list(bills))


def flagged(raw: RawWarehouse) -> None:
    """A client of four bills: one suspected, one undated, one both, and one broken in a way that somebody has put aside."""
    undated = [bill("undated", 200, DueDate=None), bill("both", 400, DueDate=None)]
    ledger(raw, "tray", 50_000, bill("twin", 300, DocNumber="A-2"), *undated, bill("odd", 100, DueDate="2026-07-20"))
    raw.checked("tray", "H15", at=NOW, entity="bills", record_id="twin", observed="like another", impact_amount=300)
    raw.checked("tray", "H01", at=NOW, entity="bills", record_id="undated", observed="no date")
    raw.checked("tray", "H13", at=NOW, entity="vendors", record_id="1", observed="no terms")
    raw.checked("tray", "H04", at=NOW, entity="bills", record_id="odd", observed="101 of 100")
    run = {"run_id": "run", "business_id": "tray", "rail": "qbo", "entity": "bills", "ran_at": NOW}
    for check in ("H15", "H01"):
        raw.quality("expectation_failures", **run, check_id=check, record_id="both", observed="so")
    named = """select md5(cast(to_json(['tray', 'H04', 'qbo', 'bills', 'odd']) as varchar)),
        md5(cast(to_json(['101 of 100', null]) as varchar))"""
    flag_id, facts_hash = duckdb.sql(named).fetchall()[0]
    subject = json.dumps({"flag_id": flag_id, "facts_hash": facts_hash})
    made = {"business_id": "tray", "advisor_id": "ann", "decided_at": NOW, "decision_no": 2, "decision_id": "m"}
    raw.control("decisions", kind="resolve-flag", subject=subject, reason="a rounding", **made)


def paying(raw: RawWarehouse) -> None:
    """Two clients whose bill `flying` Ramp pays of its own accord: one has the ledger's cash, the other the bank's.

    Of the second one Ramp also pays a bill that the ledger does not have, one by card, one whose debit the bank shows and one whose
    debit is long overdue.
    """
    for business, rails in (("sending", ("ramp",)), ("banked", ("ramp", "plaid"))):
        ledger(raw, business, 20_000, bill("flying", 9000), bill("next", 5000))
        for rail in rails:
            raw.connect(business, rail, now=NOW)
        ramp_bill(raw, business, "r-flying", "flying", 9000, "2026-07-02", status="OPEN")
    # Booked in the ledger before Ramp had paid it, which the ledger's cash shows.
    raw.versions("sending", "bills", [bill("booked", 300, 0)])
    raw.versions("sending", "bill_payments", [bill_payment("p-booked", "booked", 300, "2026-06-29")])
    ramp_bill(raw, "sending", "r-booked", "booked", 300, "2026-06-29", status="OPEN", sync_status="BILL_AND_PAYMENT_SYNCED")
    bank_account(raw, "banked", "checking", available=20_000, current=20_000)
    bank_transaction(raw, "banked", "first", 9000, "2026-04-03", name="SOMETHING")
    raw.versions("banked", "bills", [bill("seen", 700)])
    for number, day in (("seen", "2026-06-26"), ("lost", "2026-06-01"), ("alone", "2026-06-29")):
        amount = {"seen": 700, "lost": 450, "alone": 1000}[number]
        ramp_bill(raw, "banked", f"r-{number}", "seen" if number == "seen" else None, amount, day, paid_at=f"{day}T16:00:00Z")
    raw.observed("banked", "ramp", "transfers", "tr-seen", {
        "amount": {"amount": 70_000, "currency_code": "USD"}, "status": "COMPLETED", "created_at": "2026-06-26T15:00:00Z",
    })  # fmt: skip
    bank_transaction(raw, "banked", "t-seen", 700, "2026-06-29", name="RAMP BILL PAYMENT")
    by_card = {"payment": {"payment_method": "CARD", "payment_date": "2026-06-29"}}
    ramp_bill(raw, "banked", "r-card", None, 800, "2026-06-29", **by_card)


def build(project: DbtProject, path: Path) -> None:
    """A warehouse of these clients, with the console and the tray of each."""
    with RawWarehouse(path) as raw:
        raw.load("1")
        later = "2026-07-20"
        ledger(
            raw, "safe", 20_000,
            bill("soon", 4000), bill("late", 5000, DueDate=later), bill("rent", 100, DueDate=later, VendorRef={"value": "2"}),
            bill("huge", 12_000, DueDate="2026-07-25"), bill("undated", 10, DueDate=None), bill("held", 50, DueDate=later),
            bill("euro", 10, DueDate=later, CurrencyRef={"value": "EUR"}),
        )  # fmt: skip
        ledger(raw, "burning", 20_000, bill("1", 100), burn=180_000)
        ledger(raw, "modest", 900, bill("1", 100), burn=900, min_cash_amount=0, min_buffer_days=5)
        ledger(raw, "unpaid", 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
        for business, set_aside in (("reserved", 500), ("nobody", 0)):
            ledger(raw, business, 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
            raw.control("reserves", business_id=business, reserve_id="1", kind="payroll", amount=set_aside, active_from=NOW.date())
        ledger(raw, "seen", 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
        for number, (day, debit) in enumerate((("2026-05-20", "61"), ("2026-06-03", "61"), ("2026-06-10", "33"), ("2026-06-17", "61"))):
            raw.versions("seen", "journal_entries", [journal_entry(f"j{number}", 700 + number, debit, "35", TxnDate=day)])
        ledger(raw, "old", 20_000, bill("1", 100), payroll_interval_days=7)
        raw.execute("update raw_control.sync_states set last_success_at = ? where business_id = 'old'", [NOW - timedelta(minutes=1441)])
        ledger(raw, "gap", 20_000, bill("1", 100))
        raw.checked("gap", "H24", at=NOW, entity="accounts", record_id="35", observed="differs")
        ledger(raw, "broke", None, bill("1", 100))
        flagged(raw)
        subject = '{"rail":"qbo","bill":"held"}'
        ledger(raw, "promised", 20_000, bill("owed", 4000), bill("next", 4000), bill("last", 3000, DueDate=later))
        approval = {"business_id": "promised", "advisor_id": "ann", "decided_at": NOW, "decision_no": 3, "decision_id": "p"}
        raw.control("decisions", kind="approve", subject='{"rail":"qbo","bill":"owed","guardrail":"cash 16000"}', **approval)
        paying(raw)
        # Two approved bills whose sum is beyond what counts as money: it must not count as none.
        ledger(raw, "vast", 20_000, bill("one", 600_000_000_000_000), bill("two", 600_000_000_000_000), bill("next", 100))
        for number, owed in enumerate(("one", "two")):
            approval = {"business_id": "vast", "advisor_id": "ann", "decided_at": NOW, "decision_no": 4 + number, "decision_id": owed}
            raw.control("decisions", kind="approve", subject=f'{{"rail":"qbo","bill":"{owed}","guardrail":"cash 1"}}', **approval)
        common = {"business_id": "safe", "advisor_id": "ann", "decided_at": NOW, "decision_no": 1, "decision_id": "d"}
        raw.control("decisions", kind="hold", subject=subject, **common)
    build_marts(project, path, only=("decision_console", "hygiene_tray", "fct_publish_state"))
