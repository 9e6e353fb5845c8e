"""The frames of checks that need another rail or currency than the ledger's own, from raw records to failing ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from expectations.report import CheckReport
from tests.dbt.documents import bill, vendor
from tests.dbt.ledgers import NOW, small_ledger
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse
from tests.expectations.project import BEFORE, WAREHOUSE, build, check, rows

EURO = {"CurrencyRef": {"value": "EUR"}, "DueDate": "2026-07-03"}

# What fails, and how many records that are right stand beside it.
FOUND: dict[str, tuple[set[tuple[str, str]], int]] = {
    "H18": ({("close", "ent-9")}, 5),
    "H22": ({("banked", "moved"), ("banked", "unnamed")}, 2),
    "H24": ({("apart", "apart")}, 1),
    "H43": ({("apart", "no-rate"), ("foreign", "dollars")}, 1),
    "H44": ({("close", "dropped")}, 1),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CheckReport]:
    """Businesses whose bank and ledger are 100.01 apart and exactly 100, one without a bank, one whose bank holds dollars to its pounds."""
    path = tmp_path_factory.mktemp("frames") / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id, held in (("apart", 899.99), ("close", 900), ("none", None)):
            small_ledger(raw, business_id)
            if held is not None:
                raw.connect(business_id, "plaid", now=NOW)
                bank_account(raw, business_id, "checking", available=held, current=None)
        raw.versions("apart", "bills", [bill("no-rate", 10, **EURO), bill("rate", 10, **EURO, ExchangeRate=1.1)])
        raw.business("foreign", now=NOW, home_currency="GBP")
        raw.connect("foreign", "plaid", now=NOW)
        bank_account(raw, "foreign", "dollars", available=5, current=5)
        today = NOW.date()
        for merchant, entity in (("VENDOR 1", "ent-1"), ("Nobody We Know", "ent-9"), ("Stripe", "ent-10")):
            bank_transaction(raw, "close", entity, 5, "2026-06-01", merchant_name=merchant, merchant_entity_id=entity)
        bank_transaction(raw, "close", "recent", 5, str(today - timedelta(days=14)), pending=True)
        bank_transaction(raw, "close", "dropped", 5, str(today - timedelta(days=15)), pending=True)
        bank_transaction(raw, "close", "shown-again", 5, str(today - timedelta(days=20)), pending=True)
        bank_transaction(raw, "close", "posted", 5, str(today - timedelta(days=18)), pending_transaction_id="shown-again")
        raw.business("banked", now=NOW)
        raw.connect("banked", "ramp", now=NOW)
        for name, days in (("moved", (60, 30)), ("unnamed", (60, 30)), ("moved-long-ago", (60, 31)), ("always-two", (20, 20))):
            raw.version("banked", "vendors", vendor(name))
            raw.observed("banked", "ramp", "vendors", name, {"id": name, "name": name, "accounting_vendor_remote_id": name})
            for number, ago in enumerate(days):
                nickname = None if (name, number) == ("unnamed", 1) else f"ending in {number}"
                account = {"id": str(number), "account_nickname": nickname}
                seen = NOW - timedelta(days=ago)
                raw.observed("banked", "ramp", "vendor_accounts", f"{name}/{number}", account, observed_at=seen)
    build(path, BEFORE, now=NOW)
    return path, check(path, now=NOW, checks=list(FOUND))


@pytest.mark.parametrize("check_id", FOUND)
def test_the_frame_finds_its_mistakes_and_nothing_else(check_id: str, checked: tuple[Path, CheckReport]) -> None:
    path, report = checked
    failing, right = FOUND[check_id]
    found = rows(path, f"select business_id, record_id from quality.expectation_failures where check_id = '{check_id}'")
    assert set(found) == failing
    assert sum(one.records_checked for one in report.summaries if one.check_id == check_id) == len(failing) + right


def test_a_vendors_new_account_is_named_with_its_day(checked: tuple[Path, CheckReport]) -> None:
    path, _ = checked
    found = rows(path, "select record_id, entity, observed from quality.expectation_failures where check_id = 'H22' order by 1")
    assert found == [
        ("moved", "vendors", "bank account first seen on 2026-05-31: ending in 1"),
        ("unnamed", "vendors", "bank account first seen on 2026-05-31: without a name"),
    ]


def test_without_a_bank_there_is_nothing_to_check(checked: tuple[Path, CheckReport]) -> None:
    path, _ = checked
    found = rows(path, "select check_id, status from quality.expectation_runs where business_id = 'none' order by 1")
    assert found == [("H18", "not_applicable"), ("H22", "passed"), ("H24", "not_applicable"), ("H43", "passed"), ("H44", "not_applicable")]
