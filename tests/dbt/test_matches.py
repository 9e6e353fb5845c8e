"""Which records of two rails are one: by link, number, amount or as a bundle; and what is left, with its reason."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, rows
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

MARTS = ("fct_match", "bill_map", "fct_exception", "fct_bank_closure", "fct_payment_ready_bills", "chk_h16", "chk_h26", "chk_h34")


def paid(number: str, day: str, amount: int, name: str, *, bill_id: str = "", check: str | None = None) -> dict[str, Any]:
    """A payment of the ledger's from account 35, of a bill where one is named."""
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": bill_id, "TxnType": "Bill"}] if bill_id else []}
    return {
        "Id": number,
        "DocNumber": check,
        "VendorRef": {"value": "1", "name": name},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TxnDate": day,
        "TotalAmt": amount,
        "CurrencyRef": {"value": "USD"},
        "Line": [line],
    }


def ramp_bill(raw: RawWarehouse, business: str, ramp_id: str, qbo_id: str | None, amount: int, day: str | None, **fields: Any) -> None:
    """A bill in Ramp, paid by the transfer of `day` where one is given."""
    dollars = {"amount": amount * 100, "currency_code": "USD"}
    payment = {"payment": {"payment_method": "ACH", "payment_date": day, "effective_date": day, "amount": dollars}} if day else {}
    record = {"id": ramp_id, "remote_id": qbo_id, "status": "PAID" if day else "OPEN", "approval_status": "APPROVED", "amount": dollars}
    raw.observed(business, "ramp", "bills", ramp_id, record | {"created_at": "2026-06-01T10:00:00Z"} | payment | fields)


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("matches") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "other"):
            raw.business(business, now=NOW)
            raw.versions(
                business, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", 0)]
            )
            raw.versions(business, "vendors", [vendor("1")])
            for rail in ("ramp", "plaid"):
                if (business, rail) != ("other", "ramp"):
                    raw.connect(business, rail, now=NOW)
        _acme(raw)
        # What acme's bank shows is nothing to this one, and its payment service is not connected.
        days = {
            "2026-05-04": (120,), "2026-06-02": (41, 59), "2026-06-04": (11, 31), "2026-06-05": (15, 27), "2026-06-09": (33, 34, 35),
            "2026-06-15": (21, 22), "2026-06-22": (61, 62, 63, 64),
        }  # fmt: skip
        payments = [
            paid(f"p-{day[5:]}-{amount}", day, amount, "Vendor 1", check="1201" if amount == 120 else None)
            for day, amounts in days.items()
            for amount in amounts
        ]
        raw.versions("other", "bill_payments", payments)
        bank_account(raw, "other", "checking", available=1, current=1)
        bank_transaction(raw, "other", "t-day", 100, "2026-06-03", name="RAMP BUSINESS BILL PAY 1")
        bank_transaction(raw, "other", "t-either", 42, "2026-06-08", name="RAMP BUSINESS BILL PAY 2")
        bank_transaction(raw, "other", "t-but-one", 67, "2026-06-10", name="RAMP BUSINESS BILL PAY 3")
        bank_transaction(raw, "other", "t-and-one", 50, "2026-06-16", name="RAMP BUSINESS BILL PAY 4")
        bank_transaction(raw, "other", "t-returned", -7, "2026-06-19", name="ACH RETURN R03 NO ACCOUNT")
        bank_transaction(raw, "other", "t-some", 123, "2026-06-23", name="RAMP BUSINESS BILL PAY 5")
        bank_transaction(raw, "other", "unrelated", 3, "2026-05-01", name="SOMETHING")
    build_marts(project, path, only=MARTS)
    return path


def _acme(raw: RawWarehouse) -> None:
    open_bill = {"DueDate": "2026-07-09"}
    raw.versions(
        "acme",
        "bills",
        [
            bill("b1", 100, 0),
            bill("b2", 200, 0),
            bill("b3", 70, DocNumber="INV-7"),
            bill("b4", 30, **open_bill),
            bill("b5", 31, **open_bill),
        ],
    )
    raw.versions(
        "acme",
        "bill_payments",
        [
            paid("p-check", "2026-05-04", 120, "Vendor 1", check="1201"),
            paid("p-run-1", "2026-06-10", 100, "Vendor 1", bill_id="b1"),
            paid("p-run-2", "2026-06-10", 200, "Vendor 1", bill_id="b2"),
            paid("p-lost", "2026-05-20", 55, "Vendor 1"),
            paid("p-fresh", "2026-06-28", 56, "Vendor 1"),
            paid("p-twin-1", "2026-06-16", 25, "Twin Courier"),
            paid("p-twin-2", "2026-06-16", 25, "Twin Courier"),
        ],
    )
    bank_account(raw, "acme", "checking", available=800, current=850)
    bank_transaction(raw, "acme", "t-check", 120, "2026-05-08", name="CHECK 1201", check_number="1201")
    bank_transaction(raw, "acme", "t-run", 300, "2026-06-11", name="RAMP BILL PAYMENT")
    bank_transaction(raw, "acme", "t-stray", 77, "2026-06-12", name="UNKNOWN SHOP")
    bank_transaction(raw, "acme", "t-twin-1", 25, "2026-06-17", name="TWIN COURIER")
    bank_transaction(raw, "acme", "t-twin-2", 25, "2026-06-17", name="TWIN COURIER")
    raw.observed("acme", "ramp", "vendors", "v-alone", {"id": "v-alone", "name": "Nobody The Ledger Knows", "is_active": True})
    ramp_bill(raw, "acme", "r1", "b1", 100, "2026-06-10")
    ramp_bill(raw, "acme", "r2", "b2", 200, "2026-06-10")
    ramp_bill(raw, "acme", "r3", None, 70, None, invoice_number="inv 7", issued_at="2026-06-01", vendor={"name": "Vendor 1"})
    ramp_bill(raw, "acme", "r4", "b4", 30, None)
    ramp_bill(raw, "acme", "r5", "b5", 31, None)
    transfer = {
        "id": "tr",
        "amount": {"amount": 30000, "currency_code": "USD"},
        "status": "COMPLETED",
        "created_at": "2026-06-10T15:00:00Z",
    }
    raw.observed("acme", "ramp", "transfers", "tr", transfer)
    for number, (kind, rail, name) in enumerate(
        (("hold", "ramp", "r4"), ("approve", "qbo", "b4"), ("approve", "qbo", "b5"), ("hold", "ramp", "r5"))
    ):
        values = {"decision_no": number, "decision_id": f"d{number}", "business_id": "acme", "advisor_id": "ann", "kind": kind}
        raw.control("decisions", **values, subject=f'{{"rail":"{rail}","bill":"{name}","guardrail":"let"}}', decided_at=NOW)
    sides = {"left_rail": "qbo", "left_entity": "bill_payments", "left_id": "p-05-04-120", "right_rail": "plaid"}
    verdict = {"decision_no": 9, "decision_id": "d9", "business_id": "other", "advisor_id": "bob", "kind": "confirm-match"}
    subject = json.dumps(sides | {"right_entity": "transactions", "right_id": "unrelated"})
    raw.control("decisions", **verdict, subject=subject, decided_at=NOW)


def test_each_debit_leads_to_what_it_paid_and_says_by_which_rule(warehouse: Path) -> None:
    found = rows(
        warehouse, "select left_rail, left_id, right_id, rule, tier from marts.fct_match where business_id = 'acme' and pair != 'bill'"
    )
    assert set(found) == {
        ("qbo", "p-check", "t-check", "reference", "auto"),
        ("ramp", "tr", "t-run", "amount", "auto"),
        ("ramp", "r1", "t-run", "bundle", "auto"),
        ("ramp", "r2", "t-run", "bundle", "auto"),
        ("qbo", "p-run-1", "t-run", "bundle", "auto"),
        ("qbo", "p-run-2", "t-run", "bundle", "auto"),
    }
    assert rows(warehouse, "select count(*) from marts.fct_match where business_id = 'other' and right_id like 't-c%'") == [(0,)]


def test_a_bill_on_both_rails_is_known_by_its_link_or_its_number(warehouse: Path) -> None:
    found = rows(warehouse, "select qbo_bill_id, ramp_bill_id, method, tier from marts.bill_map order by 1")
    assert [row[:3] for row in found] == [
        ("b1", "r1", "linked"),
        ("b2", "r2", "linked"),
        ("b3", "r3", "reference"),
        ("b4", "r4", "linked"),
        ("b5", "r5", "linked"),
    ]


def test_what_is_left_says_why(warehouse: Path) -> None:
    found = rows(warehouse, "select record_id, kind, amount, age_days from marts.fct_exception where business_id = 'acme'")
    by_kind = {kind: {record for record, one, *_ in found if one == kind} for _, kind, *_ in found}
    assert by_kind == {
        "no_match": {"t-stray"},
        "ambiguous": {"t-twin-1", "t-twin-2"},
        "paid_without_money": {"p-lost"},
        "timing": {"p-fresh", "p-twin-1", "p-twin-2"},
        "unmapped": {"v-alone"},
    }
    assert ("t-stray", "no_match", Decimal("-77.00"), 18) in found


def test_matched_and_unmatched_add_up_to_what_the_bank_posted(warehouse: Path) -> None:
    closure = (
        "select posted_date::varchar, transaction_count, matched_amount, unmatched_amount, unmatched_in_amount, unmatched_out_amount "
        "from marts.fct_bank_closure"
    )
    assert rows(warehouse, f"{closure} where business_id = 'acme' order by 1") == [
        ("2026-05-08", 1, Decimal("-120.00"), 0, 0, 0),
        ("2026-06-11", 1, Decimal("-300.00"), 0, 0, 0),
        ("2026-06-12", 1, 0, Decimal("-77.00"), 0, Decimal("-77.00")),
        ("2026-06-17", 2, 0, Decimal("-50.00"), 0, Decimal("-50.00")),
    ]


def test_the_last_word_on_a_bill_counts_under_whichever_of_its_names_it_was_given(warehouse: Path) -> None:
    query = (
        "select record_id, advisor_decision, contains(coalesce(blocked_reasons, ''), 'held_by_advisor') from marts.fct_payment_ready_bills"
    )
    assert rows(warehouse, f"{query} where business_id = 'acme' and record_id in ('b4', 'b5') order by 1") == [
        ("b4", "approve", False),
        ("b5", "hold", True),
    ]


def test_a_debit_of_a_day_is_all_its_payments_or_proposed_with_one_that_came_back_or_without_one(warehouse: Path) -> None:
    """Never a smaller part of them, and never either of two days."""
    found = rows(warehouse, "select left_id, right_id, rule, tier from marts.fct_match where business_id = 'other' order by all")
    assert found == [
        ("p-05-04-120", "unrelated", "verdict", "auto"),
        ("p-06-02-41", "t-day", "bundle", "auto"),
        ("p-06-02-59", "t-day", "bundle", "auto"),
        ("p-06-09-33", "t-but-one", "bundle", "suggest"),
        ("p-06-09-34", "t-but-one", "bundle", "suggest"),
        ("p-06-15-21", "t-and-one", "bundle", "suggest"),
        ("p-06-15-22", "t-and-one", "bundle", "suggest"),
    ]


def test_a_match_that_a_person_confirmed_names_the_decision_and_no_other_does(warehouse: Path) -> None:
    query = "select left_id, decision_id, decided_by, decided_at::timestamptz from marts.fct_match where decision_id is not null"
    assert rows(warehouse, query) == [("p-05-04-120", "d9", "bob", NOW)]


def test_the_checks_on_what_is_left_find_their_mistakes_and_nothing_else(warehouse: Path) -> None:
    acme = "from quality.chk_{} where business_id = 'acme' and {}"
    unlinked = "select record_id, unlinked_bill_id, impact_amount " + acme
    assert rows(warehouse, unlinked.format("h16", "unlinked_bill_id is not null")) == [("b3", "r3", Decimal("70.00"))]
    outflows = "select record_id, days_unexplained, impact_amount " + acme
    assert rows(warehouse, outflows.format("h26", "days_unexplained > 3")) == [("t-stray", 18, Decimal("77.00"))]
    ambiguous = "select rail, entity, record_id " + acme + " order by 3"
    twins = [("plaid", "transactions", "t-twin-1"), ("plaid", "transactions", "t-twin-2")]
    assert rows(warehouse, ambiguous.format("h34", "is_ambiguous")) == twins
    for check in ("h16", "h26", "h34"):
        assert rows(warehouse, f"select count(*) > 2 from quality.chk_{check}") == [(True,)], "nothing right is in the frame"
