"""The recorded company's counts, open documents, aging and cash come out of the models to the cent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.project import AFTER, BEFORE, DbtProject, failures, rows
from tests.dbt.rawfill import RawWarehouse

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")

pytestmark = pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with the recorded company")

ENTITIES = {
    "Account": "accounts",
    "Bill": "bills",
    "BillPayment": "bill_payments",
    "CreditMemo": "credit_memos",
    "Customer": "customers",
    "Deposit": "deposits",
    "Invoice": "invoices",
    "Item": "items",
    "JournalEntry": "journal_entries",
    "Payment": "payments",
    "Purchase": "purchases",
    "Vendor": "vendors",
}
DATES = ("2026-05-05", "2026-06-08")
BUCKETS = {"current": "current", "1-30": "d1_30", "31-60": "d31_60", "61-90": "d61_90", "90+": "d90_plus", "no_due_date": "no_due_date"}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((_folder() / "company_craig_2026.expected.json").read_text())


@pytest.fixture(scope="module")
def warehouses(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    built = {}
    for date in DATES:
        path = tmp_path_factory.mktemp("recorded") / "recorded.duckdb"
        with RawWarehouse(path) as raw:
            raw.load("1")
            raw.business("craig", now=datetime(2026, 6, 8, 22, tzinfo=UTC), timezone="America/Los_Angeles")
            for vendor_name, entity in ENTITIES.items():
                for line in (_folder() / "company_craig_2026" / f"{vendor_name}.jsonl").read_text().splitlines():
                    raw.version("craig", entity, line)
        for step in (BEFORE, AFTER):
            assert failures(project.build(path, *step, now="2026-06-08T22:59:57-07:00", as_of_date=date)) == []
        built[date] = path
    yield built


def _folder() -> Path:
    return Path(str(REFERENCE)) / "rails" / "data" / "quickbooks" / "recorded"


def test_every_recorded_record_is_in_the_mirror(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    counts = dict(rows(warehouses[DATES[0]], "select entity, mirror_count from marts.fct_rail_freshness"))
    assert {name: counts[entity] for name, entity in ENTITIES.items()} == {name: expected["counts"][name] for name in ENTITIES}


def test_nothing_was_rejected_while_typing(warehouses: dict[str, Path]) -> None:
    assert rows(warehouses[DATES[0]], "select * from quality.rejected_values") == []


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize(
    ("mart", "document", "fact"), [("fct_ap_aging", "bill", "bills_by_due_date"), ("fct_ar_aging", "invoice", "invoices_by_due_date")]
)
def test_aging_equals_the_facts_at_both_dates(
    warehouses: dict[str, Path], expected: dict[str, Any], date: str, mart: str, document: str, fact: str
) -> None:
    aged = {
        bucket: (amount, count)
        for bucket, amount, count in rows(
            warehouses[date],
            f"select bucket, sum(open_amount), count(*) from marts.{mart} where document_type = '{document}' group by bucket",
        )
    }
    facts = {
        BUCKETS[name]: (Decimal(value["amount"]), value["count"]) for name, value in expected["aging"][date][fact].items() if value["count"]
    }
    assert aged == facts


def test_open_payables_per_vendor_equal_the_facts(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    found = dict(rows(warehouses[DATES[0]], "select party_id, sum(open_amount) from marts.fct_ap_aging group by party_id"))
    assert found == {party: Decimal(value["open"]) for party, value in expected["open_by_vendor"].items()}


def test_open_receivables_per_customer_equal_the_facts(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    path = warehouses[DATES[0]]
    invoices = dict(
        rows(path, "select party_id, sum(open_amount) from marts.fct_ar_aging where document_type = 'invoice' group by party_id")
    )
    assert invoices == {party: Decimal(value["open"]) for party, value in expected["open_invoices_by_customer"].items()}
    net = dict(rows(path, "select party_id, sum(open_amount) from marts.fct_ar_aging group by party_id"))
    assert net == {party: Decimal(value) for party, value in expected["net_open_by_customer"].items()}


def test_credits_are_negative_and_the_sum_is_the_ledgers_own_account(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    path = warehouses[DATES[0]]
    credits = dict(
        rows(path, "select document_type, sum(open_amount) from marts.fct_ar_aging where open_amount < 0 group by document_type")
    )
    assert credits == {"credit_memo": -Decimal(expected["unapplied_credit_memos"]), "payment": -Decimal(expected["unapplied_payments"])}
    receivable, payable = rows(
        path,
        "select (select sum(open_amount) from marts.fct_ar_aging), (select sum(open_amount) from marts.fct_ap_aging)",
    )[0]
    balances = expected["account_balances_nonzero"]
    assert (receivable, payable) == (Decimal(balances["84"]["balance"]), -Decimal(balances["33"]["balance"]))
    assert receivable == Decimal(expected["net_receivable"])


def test_bank_cash_equals_the_facts(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    path = warehouses[DATES[0]]
    accounts = dict(rows(path, "select account_id, balance_amount from marts.fct_cash"))
    assert accounts == {account: Decimal(value["balance"]) for account, value in expected["bank_cash"]["accounts"].items()}
    assert rows(path, "select cash from experiences.portfolio") == [(Decimal(expected["bank_cash"]["sum"]),)]


def test_the_digest_holds_the_four_lists(warehouses: dict[str, Path], expected: dict[str, Any]) -> None:
    digest = rows(warehouses[DATES[1]], "select payment_ready_bills, overdue_invoices, bills_data, invoices_data from experiences.digest")[
        0
    ]
    ready, overdue, bills, invoices = (json.loads(text, parse_float=Decimal) for text in digest)
    assert {bill["record_id"] for bill in ready} <= {bill["record_id"] for bill in bills}
    assert sum((Decimal(invoice["open_amount"]) for invoice in overdue), Decimal(0)) == Decimal(expected["open_invoices"]["sum"])
    assert sum((Decimal(bill["open_amount"]) for bill in bills), Decimal(0)) == Decimal(expected["open_bills"]["sum"])
    assert sum((Decimal(invoice["open_amount"]) for invoice in invoices), Decimal(0)) == Decimal(expected["open_invoices"]["sum"])
