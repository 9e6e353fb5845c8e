"""The way of a bill from approval to the ledger, what is stuck or out of order on it, and money that goes out twice for one debt."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import paid, ramp_bill
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

BUILT = ("fct_custody_chain", "fct_payment_ready_bills", "chk_h27", "chk_h28", "chk_h29", "chk_h30", "chk_h33")
LATE = {"MetaData": {"CreateTime": "2026-06-12T10:00:00Z"}}


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("custody") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business, rails in (("acme", ("ramp", "plaid")), ("ramped", ("ramp",)), ("solo", ()), ("abroad", ("ramp",))):
            raw.business(business, now=NOW, onboarded_at=datetime.fromisoformat("2026-05-01T00:00:00Z"))
            raw.versions(
                business, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", 0)]
            )
            raw.versions(business, "vendors", [vendor("1")])
            for rail in rails:
                raw.connect(business, rail, now=NOW)
        _acme(raw)
        _ramped(raw)
        _solo(raw)
        _abroad(raw)
    build_marts(project, path, only=BUILT)
    return path


def _decide(raw: RawWarehouse, business: str, number: int, kind: str, name: str, at: str, rail: str = "qbo") -> None:
    values = {"decision_no": number, "decision_id": f"{business}-d{number}", "business_id": business, "advisor_id": "ann", "kind": kind}
    raw.control("decisions", **values, subject=f'{{"rail":"{rail}","bill":"{name}","guardrail":"let"}}', reason="as agreed", decided_at=at)


def _told(raw: RawWarehouse, business: str, number: int, record: str, approval: str, at: str) -> None:
    """One event of the log that tells of a bill's approval at the payment service."""
    raw.execute(
        "insert into audit.transaction_log by name select ? as business_id, ? as seq, ? as event_id, ?::timestamp as observed_at,"
        " 'ramp' as rail, 'bills' as entity, ? as record_id, ? as snapshot",
        [business, number, f"ramp/bills/{record}/{number}", at, record, f'{{"approval_status":"{approval}"}}'],
    )


def _acme(raw: RawWarehouse) -> None:
    owed: dict[str, Any] = {"DueDate": "2026-06-15"}
    raw.versions(
        "acme",
        "bills",
        [
            bill("whole", 100, 0, **owed),
            bill("unbooked", 200, **owed),
            bill("flying", 300, 0, **owed),
            bill("twice", 400, 0, **owed),
            bill("lost", 55, 0, **owed),
            bill("copy-1", 61, 0, DocNumber="A-1", **owed),
            bill("copy-2", 61, 0, DocNumber="a-1", **owed),
            bill("corrected", 63, 0, DocNumber="A-1", **owed),
            bill("drawn-again", 72, 0, **owed),
            bill("more", 500, 0, **owed),
        ],
    )
    raw.versions(
        "acme",
        "bill_payments",
        [
            paid("p-whole", "2026-06-10", 100, "Vendor 1", bill_id="whole") | LATE,
            paid("p-flying", "2026-06-27", 300, "Vendor 1", bill_id="flying", check="1301"),
            paid("p-twice", "2026-06-11", 400, "Vendor 1", bill_id="twice", check="1302"),
            paid("p-lost", "2026-05-20", 55, "Vendor 1", bill_id="lost", check="1303"),
            paid("p-copy-1", "2026-06-01", 61, "Vendor 1", bill_id="copy-1", check="1304"),
            paid("p-copy-2", "2026-06-02", 61, "Vendor 1", bill_id="copy-2", check="1305"),
            paid("p-corrected", "2026-06-04", 63, "Vendor 1", bill_id="corrected", check="1306"),
            paid("p-drawn", "2026-06-03", 72, "Vendor 1", bill_id="drawn-again"),
            paid("p-more", "2026-06-05", 500, "Vendor 1", bill_id="more") | LATE,
        ],
    )
    bank_account(raw, "acme", "checking", available=800, current=850)
    bank_transaction(raw, "acme", "first", 1, "2026-05-01", name="SOMETHING")
    for number, amount, day in (("whole", 100, "10"), ("unbooked", 200, "09"), ("twice", 400, "08"), ("more", 550, "05")):
        ramp_bill(raw, "acme", f"r-{number}", number, amount, f"2026-06-{day}", paid_at=f"2026-06-{day}T16:00:00Z")
        raw.observed("acme", "ramp", "transfers", f"tr-{number}", _transfer(amount, f"2026-06-{day}"))
        bank_transaction(raw, "acme", f"t-{number}", amount, f"2026-06-{int(day) + 1:02d}", name="RAMP BILL PAYMENT")
    ramp_bill(raw, "acme", "r-flying", "flying", 300, "2026-06-26", status="OPEN")
    bank_transaction(raw, "acme", "t-check", 400, "2026-06-12", name="CHECK 1302", check_number="1302")
    for number, amount, day in (("1304", 61, "05"), ("1305", 61, "06"), ("1306", 63, "07")):
        bank_transaction(raw, "acme", f"t-{number}", amount, f"2026-06-{day}", name=f"CHECK {number}", check_number=number)
    bank_transaction(raw, "acme", "t-drawn-1", 72, "2026-06-04", name="VENDOR 1")
    bank_transaction(raw, "acme", "t-drawn-2", 72, "2026-06-08", name="VENDOR 1")
    _decide(raw, "acme", 1, "approve", "whole", "2026-06-09T10:00:00Z")
    _decide(raw, "acme", 2, "approve", "r-unbooked", "2026-06-01T10:00:00Z", rail="ramp")
    _decide(raw, "acme", 3, "hold", "unbooked", "2026-06-02T10:00:00Z")
    _told(raw, "acme", 1, "r-twice", "PENDING", "2026-06-01 10:00:00")
    _told(raw, "acme", 2, "r-twice", "APPROVED", "2026-06-05 10:00:00")
    _told(raw, "acme", 3, "r-twice", "APPROVED", "2026-06-08 10:00:00")


def _transfer(amount: int, day: str) -> dict[str, Any]:
    return {
        "amount": {"amount": amount * 100, "currency_code": "USD"},
        "status": "COMPLETED",
        "created_at": f"{day}T15:00:00Z",
    }


def _ramped(raw: RawWarehouse) -> None:
    """No bank: what the service pays is executed and recorded, and never stuck for want of a bank."""
    raw.versions("ramped", "bills", [bill("b1", 100, 0), bill("b2", 80, DueDate="2026-06-01"), bill("b3", 90, DueDate="2026-07-01")])
    raw.versions("ramped", "bill_payments", [paid("p1", "2026-06-10", 100, "Vendor 1", bill_id="b1") | LATE])
    ramp_bill(raw, "ramped", "r1", "b1", 100, "2026-06-10", paid_at="2026-06-12T09:00:00Z")
    ramp_bill(raw, "ramped", "r2", "b2", 80, None)
    ramp_bill(raw, "ramped", "r3", "b3", 90, None)


def _solo(raw: RawWarehouse) -> None:
    """The ledger alone: approved in time, too late, not at all, before anybody could ask, and not yet paid."""
    owed: dict[str, Any] = {"DueDate": "2026-06-20"}
    raw.versions("solo", "bills", [bill("due", 10, **owed)])
    for amount, (name, day) in enumerate((("good", "06-10"), ("late", "06-10"), ("bare", "06-10"), ("older", "04-10")), start=11):
        made = {"MetaData": {"CreateTime": f"2026-{day}T12:00:00Z"}}
        raw.versions("solo", "bills", [bill(name, amount, 0, **owed)])
        raw.versions("solo", "bill_payments", [paid(f"p-{name}", f"2026-{day}", amount, "Vendor 1", bill_id=name) | made])
    _decide(raw, "solo", 1, "approve", "good", "2026-06-10T11:00:00Z")
    _decide(raw, "solo", 2, "approve", "late", "2026-06-10T13:00:00Z")
    _decide(raw, "solo", 3, "approve", "due", "2026-06-12T12:00:00Z")


def _abroad(raw: RawWarehouse) -> None:
    """Bills in euros that Ramp paid in dollars: bill, its amount in the ledger, in Ramp, the dollars paid, what the ledger has paid."""
    euros = {"CurrencyRef": {"value": "EUR"}}
    for name, owed, asked, dollars, booked in (
        ("even", 500, 500, 540, 500), ("over", 600, 650, 702, 600), ("open", 300, 300, 324, 0), ("flying", 400, 200, 216, 200),
    ):  # fmt: skip
        day = "2026-06-05"
        raw.versions("abroad", "bills", [bill(name, owed, owed - booked, ExchangeRate=1.08, **euros)])
        if booked:
            written = day if name == "over" else "2026-06-08"
            raw.versions("abroad", "bill_payments", [paid(f"p-{name}", written, booked, "Vendor 1", bill_id=name) | euros])
        record = {
            "id": f"r-{name}", "remote_id": name, "status": "OPEN" if name == "flying" else "PAID", "approval_status": "APPROVED",
            "amount": {"amount": asked * 100, "currency_code": "EUR"}, "created_at": "2026-06-01T10:00:00Z", "paid_at": f"{day}T16:00:00Z",
            "payment": {
                "payment_method": "INTERNATIONAL", "payment_date": day, "effective_date": day,
                "amount": {"amount": dollars * 100, "currency_code": "USD"},
            },
        }  # fmt: skip
        raw.observed("abroad", "ramp", "bills", f"r-{name}", record)


def _chain(warehouse: Path, business: str) -> dict[str, tuple[Any, ...]]:
    """Per bill and payment: stage, what is stuck, what is out of order, the four states."""
    found = rows(
        warehouse,
        f"""select concat_ws(' ', bill_id, record_record_id), stage, stuck_stage, order_violations,
            concat_ws(' ', approve_state, execute_state, verify_state, record_state)
        from marts.fct_custody_chain where business_id = '{business}'""",
    )
    return {name: tuple(told) for name, *told in found}


def test_a_chain_shows_the_stage_it_reached_what_is_late_and_what_was_out_of_order(warehouse: Path) -> None:
    assert _chain(warehouse, "acme") == {
        "whole p-whole": ("record", None, None, "done done done done"),
        "unbooked": ("verify", "record", "paid_while_held,executed_never_recorded", "done done done waiting"),
        "flying": ("approve", None, None, "done in_flight waiting waiting"),
        "flying p-flying": ("record", None, "recorded_without_approval", "missing not_applicable waiting done"),
        "twice": ("verify", "record", "executed_never_recorded", "done done done waiting"),
        "twice p-twice": ("record", None, "recorded_without_approval", "missing not_applicable done done"),
        "lost p-lost": ("record", "verify", "recorded_without_approval,recorded_never_verified", "missing not_applicable waiting done"),
        "copy-1 p-copy-1": ("record", None, "recorded_without_approval", "missing not_applicable done done"),
        "copy-2 p-copy-2": ("record", None, "recorded_without_approval", "missing not_applicable done done"),
        "corrected p-corrected": ("record", None, "recorded_without_approval", "missing not_applicable done done"),
        "more p-more": ("record", None, None, "done done done done"),
        "drawn-again p-drawn": ("record", None, "recorded_without_approval", "missing not_applicable done done"),
    }


def test_a_stage_whose_rail_is_not_connected_does_not_apply(warehouse: Path) -> None:
    assert _chain(warehouse, "ramped") == {
        "b1 p1": ("record", None, None, "done done not_applicable done"),
        "b2": ("approve", "execute", None, "done waiting not_applicable waiting"),
        "b3": ("approve", None, None, "done waiting not_applicable waiting"),
    }
    nothing = "not_applicable not_applicable done"
    assert _chain(warehouse, "solo") == {
        "good p-good": ("record", None, None, f"done {nothing}"),
        "late p-late": ("record", None, "approved_after_execution", f"done {nothing}"),
        "bare p-bare": ("record", None, "recorded_without_approval", f"missing {nothing}"),
        "older p-older": ("record", None, None, f"not_applicable {nothing}"),
        "due": ("approve", "record", None, "done not_applicable not_applicable waiting"),
    }


def test_each_stage_says_when_who_and_by_which_record(warehouse: Path) -> None:
    columns = """approved_by, approved_at::varchar, approve_record_id, executed_by, executed_at::varchar, execute_record_id, verified_by,
        verified_at::varchar, verify_evidence, verify_record_id, recorded_by, recorded_at::varchar, record_record_id, minutes_in_stage"""
    (whole,) = rows(warehouse, f"select {columns} from marts.fct_custody_chain where business_id = 'acme' and bill_id = 'whole'")
    assert whole == (
        "ann", "2026-06-09 10:00:00", "acme-d1", "ramp", "2026-06-10 16:00:00", "r-whole", "plaid", "2026-06-11 00:00:00", "bundle",
        "t-whole", "qbo", "2026-06-12 10:00:00", "p-whole", None,
    )  # fmt: skip
    (late,) = rows(warehouse, "select minutes_in_stage from marts.fct_custody_chain where bill_id = 'due'")
    assert late == (18 * 24 * 60,), "since the approval, by the clock of the run"
    changes = rows(
        warehouse,
        "select execute_change_id is not null and verify_change_id is not null and record_change_id is not null"
        " from marts.fct_custody_chain where bill_id = 'whole'",
    )
    assert changes == [(True,)]


def test_when_the_service_approved_is_known_from_the_log_if_it_was_seen_to(warehouse: Path) -> None:
    query = "select approved_by, approved_at::varchar, approve_event_id from marts.fct_custody_chain where execute_record_id = "
    assert rows(warehouse, f"{query} 'r-twice'") == [("ramp", "2026-06-05 10:00:00", "ramp/bills/r-twice/2")]
    assert rows(warehouse, f"{query} 'r1'") == [("ramp", None, None)]


def test_one_debt_and_decision_have_one_key(warehouse: Path) -> None:
    found = dict(rows(warehouse, "select bill_id, idempotency_key from marts.fct_custody_chain where business_id = 'solo'"))
    assert found["good"] == sha256(b'["solo","qbo","good","solo-d1"]').hexdigest()
    assert found["bare"] is None and len({found["good"], found["late"], found["due"]}) == 3


def test_money_that_goes_out_twice_for_one_debt_or_beyond_it_is_found_with_its_payments(warehouse: Path) -> None:
    found = rows(
        warehouse,
        """select kind, status, first_payment_id, second_payment_id, amount_at_risk, confidence
        from marts.fct_double_payment where business_id = 'acme'""",
    )
    assert set(found) == {
        ("paid_while_in_flight", "stoppable", "r-flying", "p-flying", Decimal(300), Decimal("0.90")),
        ("paid_twice", "paid", "r-twice", "p-twice", Decimal(400), Decimal("0.99")),
        ("open_though_paid", "stoppable", "r-unbooked", None, Decimal(200), Decimal("0.95")),
        ("duplicate_bills_paid", "paid", "p-copy-1", "p-copy-2", Decimal(61), Decimal("0.95")),
        ("duplicate_bills_paid", "paid", "p-copy-1", "p-corrected", Decimal(63), Decimal("0.80")),
        ("duplicate_bills_paid", "paid", "p-copy-2", "p-corrected", Decimal(63), Decimal("0.80")),
        ("debited_twice", "paid", "p-drawn", "t-drawn-2", Decimal(72), Decimal("0.70")),
        ("overpaid", "paid", "r-more", None, Decimal(50), Decimal("0.99")),
    }
    assert rows(warehouse, "select count(*) from marts.fct_double_payment where business_id not in ('acme', 'abroad')") == [(0,)]


def test_what_was_paid_in_another_currency_is_compared_by_what_it_settles_in_the_bills(warehouse: Path) -> None:
    """540 dollars for a bill of 500 euros are not 40 too much, and what left is told in dollars."""
    found = "select kind, first_payment_id, amount_at_risk, currency from marts.fct_double_payment where business_id = 'abroad'"
    assert set(rows(warehouse, found)) == {
        ("overpaid", "r-over", Decimal(50), "EUR"),
        ("open_though_paid", "r-open", Decimal(300), "EUR"),
        ("open_though_paid", "r-flying", Decimal(200), "EUR"),
    }
    words = "select evidence from marts.fct_double_payment where business_id = 'abroad' and kind = 'overpaid'"
    assert rows(warehouse, words) == [("bill of 600.00 EUR, paid 650.00 EUR",)]
    chain = """select bill_id, amount, currency, record_record_id from marts.fct_custody_chain
        where business_id = 'abroad' and executed_by = 'ramp'"""
    assert set(rows(warehouse, chain)) == {
        ("even", Decimal(540), "USD", "p-even"),
        ("over", Decimal(702), "USD", "p-over"),
        ("open", Decimal(324), "USD", None),
        ("flying", Decimal(216), "USD", None),
    }
    compared = "select record_id, paying_amount from quality.chk_h30 where business_id = 'abroad' and paying_amount != ledger_amount"
    assert set(rows(warehouse, compared)) == {("over", Decimal(650)), ("flying", Decimal(200))}
    assert rows(warehouse, "select record_id, paid_by from quality.chk_h29 where business_id = 'abroad'") == [("flying", None)]


@pytest.mark.parametrize(
    ("check", "fails", "failing", "right"),
    [
        ("h27", "minutes_unrecorded > 60", {("acme", "r-unbooked"), ("abroad", "r-open")}, 6),
        ("h28", "bank_days_undebited > 5", set(), 4),
        ("h29", "paid_by is not null", {("acme", "flying")}, 1),
        ("h33", "days_without_money > 30", {("acme", "p-lost")}, 8),
    ],
)
def test_the_checks_of_the_chain_find_their_mistakes_and_nothing_else(
    check: str, fails: str, failing: set[tuple[str, str]], right: int, warehouse: Path
) -> None:
    found = rows(warehouse, f"select business_id, record_id, {fails} from quality.chk_{check}")
    assert {row[:2] for row in found if row[2]} == failing
    assert sum(not row[2] for row in found) == right
