"""When the payment service paid a bill, where it does not say: what its record and the change log tell, and what it rests on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import ramp_bill, transfer
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

# A bill of Ramp's: its versions as they were seen (the instant and the status) and what its payment says.
SCHEDULED = {"payment_method": "ACH", "payment_date": "2026-06-05", "effective_date": "2026-06-08"}
BILLS: dict[str, tuple[list[tuple[str, str]], dict[str, Any] | None]] = {
    # Seen on its way after it was sent, then paid, then changed once more.
    "watched": ([("2026-06-08T09:00:00Z", "OPEN"), ("2026-06-09T14:30:00Z", "PAID"), ("2026-06-20T08:00:00Z", "PAID")], SCHEDULED),
    # Paid, taken back and paid again: the last time counts.
    "again": (
        [("2026-06-09T09:00:00Z", "PAID"), ("2026-06-10T09:00:00Z", "OPEN"), ("2026-06-11T09:00:00Z", "PAID")], SCHEDULED,
    ),
    # Paid when it was first seen, or not looked at for long: when it was sent says more.
    "late": ([("2026-06-20T08:00:00Z", "PAID")], SCHEDULED),
    "unwatched": ([("2026-06-02T08:00:00Z", "OPEN"), ("2026-06-20T08:00:00Z", "PAID")], SCHEDULED),
    "planned": ([("2026-06-20T08:00:00Z", "PAID")], {**SCHEDULED, "effective_date": None}),
    # Nothing but that it is paid.
    "bare": ([("2026-06-09T09:00:00Z", "PAID"), ("2026-06-20T08:00:00Z", "PAID")], None),
    "told": ([("2026-06-20T08:00:00Z", "PAID")], SCHEDULED),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("executions") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW, onboarded_at=datetime.fromisoformat("2026-05-01T00:00:00Z"))
        raw.versions("acme", "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", 0)])
        raw.versions("acme", "vendors", [vendor("1")])
        for rail in ("ramp", "plaid"):
            raw.connect("acme", rail, now=NOW)
        bank_account(raw, "acme", "checking", available=800, current=850)
        bank_transaction(raw, "acme", "first", 1, "2026-05-01", name="SOMETHING")
        for amount, (name, (versions, payment)) in enumerate(BILLS.items(), start=100):
            raw.versions("acme", "bills", [bill(name, amount, DueDate="2026-06-15")])
            for number, (seen, status) in enumerate(versions, start=1):
                raw.observed("acme", "ramp", "bills", f"r-{name}", _served(name, amount, status, payment, number), **_at(number, seen))
        ramp_bill(raw, "acme", "r-other", None, 90, "2026-06-08", paid_at="2026-06-09T16:00:00Z")
        transfer(raw, "acme", "drawn", 100 + 101 + 102 + 103 + 106 + 90, "2026-06-08")
        bank_transaction(raw, "acme", "t-drawn", 100 + 101 + 102 + 103 + 106 + 90, "2026-06-09", name="RAMP BILL PAYMENT")
    build_marts(project, path, only=("fct_custody_chain", "chk_h27"))
    return path


def _served(name: str, amount: int, status: str, payment: dict[str, Any] | None, number: int) -> dict[str, Any]:
    dollars = {"amount": amount * 100, "currency_code": "USD"}
    return {
        "id": f"r-{name}",
        "remote_id": name,
        "status": status,
        "approval_status": "APPROVED",
        "amount": dollars,
        "created_at": "2026-06-01T10:00:00Z",
        "paid_at": "2026-06-09T16:00:00Z" if name == "told" else None,
        "payment": {**payment, "amount": dollars} if payment else None,
        "memo": f"as of version {number}",
    }


def _at(number: int, seen: str) -> dict[str, Any]:
    return {"version_no": number, "observed_at": datetime.fromisoformat(seen)}


def test_a_payment_without_a_time_has_the_one_that_its_record_or_its_versions_tell(warehouse: Path) -> None:
    told = """select bill_id, execution_date::varchar, executed_at::varchar, execute_evidence
        from marts.fct_custody_chain where execute_state = 'done' and bill_id != 'r-other'"""
    assert {name: tuple(rest) for name, *rest in rows(warehouse, told)} == {
        "watched": ("2026-06-08", "2026-06-09 14:30:00", "ach, when it was first seen as paid"),
        "again": ("2026-06-08", "2026-06-11 09:00:00", "ach, when it was first seen as paid"),
        "late": ("2026-06-08", "2026-06-08 00:00:00", "ach, the day it was sent"),
        "unwatched": ("2026-06-08", "2026-06-08 00:00:00", "ach, the day it was sent"),
        "planned": ("2026-06-05", "2026-06-05 00:00:00", "ach, the day it was sent"),
        "bare": ("2026-06-09", "2026-06-09 09:00:00", "when it was first seen as paid"),
        "told": ("2026-06-08", "2026-06-09 16:00:00", "ach"),
    }


def test_a_change_of_a_paid_bill_does_not_begin_the_time_to_book_it_anew(warehouse: Path) -> None:
    unrecorded = "select minutes_unrecorded from quality.chk_h27 where record_id = 'r-watched'"
    seen = datetime.fromisoformat("2026-06-09T14:30:00Z")
    assert rows(warehouse, unrecorded) == [((NOW - seen).total_seconds() // 60,)]


def test_the_payments_of_a_day_are_those_sent_on_it_whenever_they_were_planned(warehouse: Path) -> None:
    debits = "select bill_id, verify_record_id from marts.fct_custody_chain where verify_record_id is not null"
    assert set(rows(warehouse, debits)) == {(name, "t-drawn") for name in ("watched", "again", "late", "unwatched", "told", "r-other")}
