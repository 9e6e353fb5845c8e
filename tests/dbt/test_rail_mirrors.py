"""The mirrors of the payment, bank and processor rails: order of versions, and money in the vendors' own forms, exactly."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.project import DbtProject, failures
from tests.dbt.raw_tables import RAIL_TABLES
from tests.dbt.rawfill import OBSERVED, RawWarehouse

REJECTED = "select entity, record_id, path, text from quality.rejected_values order by all"

RAILS = ("--select", "path:models/staging/ramp", "path:models/staging/plaid", "path:models/staging/stripe", "currency_exponents")


def _built(project: DbtProject, path: Path, *more: str) -> None:
    assert failures(project.build(path, *RAILS, *more)) == []


def test_without_a_stamp_the_version_seen_last_wins_whatever_the_record_says(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for number, (status, day) in enumerate((("OPEN", 3), ("PAID", 9), ("OPEN", 1)), start=1):
            raw.observed(
                "acme",
                "ramp",
                "bills",
                "b",
                {"id": "b", "status": status},
                version_no=number,
                observed_at=OBSERVED + timedelta(minutes=min(number, 2)),
                source_updated_at=OBSERVED + timedelta(days=day),
            )
    _built(project, path)
    assert rows(path, "select status from staging.stg_ramp__bills") == [("OPEN",)]


def test_a_removed_bank_transaction_drops_out_and_a_second_login_keeps_its_own(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.observed("acme", "plaid", "transactions", "t", {"transaction_id": "t", "amount": 5, "pending": True})
        for item in ("one", "two"):
            raw.observed("acme", "plaid", "institutions", "ins_1", {"name": item}, connection_id=item)
    _built(project, path)
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.observed(
            "acme",
            "plaid",
            "transactions",
            "t",
            {"transaction_id": "t", "account_id": "a"},
            version_no=2,
            is_deleted=True,
            observed_at=OBSERVED + timedelta(hours=1),
            load_id="2",
        )
        raw.observed(
            "acme",
            "plaid",
            "institutions",
            "ins_1",
            {"name": "two again"},
            connection_id="two",
            version_no=2,
            observed_at=OBSERVED + timedelta(hours=1),
            load_id="2",
        )
    _built(project, path)
    assert rows(path, "select is_deleted, amount from staging.stg_plaid__transactions") == [(True, Decimal("-5.00"))]
    assert rows(path, "select connection_id, institution_name from staging.stg_plaid__institutions order by 1") == [
        ("one", "one"),
        ("two", "two again"),
    ]


def test_ramp_divides_minor_units_by_the_currencys_exponent(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    served = {
        "cents": (96993, "USD", "969.93"),
        "less": (-1, "EUR", "-0.01"),
        "none": (500, "JPY", "500"),
        "iceland": (500, "ISK", "500"),
        "three": (12345, "KWD", "12.345"),
        "long": (123456789012345, "USD", "1234567890123.45"),
        "longest": (999999999999999999, "KWD", "999999999999999.999"),
        "unknown": (5, "XXZ", None),
        "half": (0.5, "USD", None),
        "vast": (999999999999999999, "USD", None),
    }
    with RawWarehouse(path) as raw:
        raw.load("1")
        for record_id, (amount, currency, _) in served.items():
            raw.observed("acme", "ramp", "bills", record_id, {"id": record_id, "amount": {"amount": amount, "currency_code": currency}})
    _built(project, path, "stg_qbo__*", "rejected_values")
    typed = dict(rows(path, "select record_id, total_amount from staging.stg_ramp__bills"))
    assert typed == {record_id: major and Decimal(major) for record_id, (_, _, major) in served.items()}
    assert rows(path, REJECTED) == [
        ("bills", "half", "amount", "0.5 USD"),
        ("bills", "unknown", "amount", "5 XXZ"),
        ("bills", "vast", "amount", "999999999999999999 USD"),
    ]


def test_ramps_two_forms_of_money_meet_in_major_units(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    bill = {"id": "b", "amount": {"amount": 100, "currency_code": "KWD", "minor_unit_conversion_rate": 100}}
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.observed(
            "acme",
            "ramp",
            "transactions",
            "t",
            {"amount": 0.285, "currency_code": "USD", "original_transaction_amount": {"amount": 9000, "currency_code": "JPY"}},
        )
        raw.observed("acme", "ramp", "balances", "1", {"statement_balance": 4941.29, "next_billing_date": "09/17/2022"})
        raw.observed("acme", "ramp", "bills", "b", bill)
        raw.observed("acme", "ramp", "bills", "retyped", {"id": "retyped", "amount": "12.00"})
    _built(project, path, "stg_qbo__*", "rejected_values")
    assert rows(path, "select amount, original_amount from staging.stg_ramp__transactions") == [(Decimal("0.29"), Decimal(9000))]
    assert rows(path, "select statement_balance, next_billing_date::varchar from staging.stg_ramp__balances") == [
        (Decimal("4941.29"), "2022-09-17")
    ]
    assert rows(path, "select record_id, total_amount from staging.stg_ramp__bills order by 1") == [("b", Decimal(1)), ("retyped", None)]
    assert rows(path, REJECTED) == [("bills", "retyped", "amount", "12.00")]


def test_stripe_has_exponents_of_its_own(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    majors = {"usd": "5", "jpy": "500", "isk": "5", "ugx": "5", "mga": "500", "kwd": "0.5", "zzz": None}
    with RawWarehouse(path) as raw:
        raw.load("1")
        for currency in majors:
            raw.observed("acme", "stripe", "payouts", currency, {"amount": 500, "currency": currency, "arrival_date": 1767225600})
        raw.observed("acme", "stripe", "balances", "1", {"available": [{"amount": 500, "currency": currency} for currency in majors]})
    _built(project, path, "stg_qbo__*", "rejected_values")
    expected = {currency: major and Decimal(major) for currency, major in majors.items()}
    assert dict(rows(path, "select record_id, amount from staging.stg_stripe__payouts")) == expected
    assert rows(path, "select distinct arrival_at::varchar from staging.stg_stripe__payouts") == [("2026-01-01 00:00:00+00",)]
    listed = rows(path, "select unnest(available, recursive := true) from staging.stg_stripe__balances")
    assert {currency.lower(): amount for amount, currency in listed} == expected
    assert rows(path, REJECTED) == [("balances", "1", "available", "500 zzz"), ("payouts", "zzz", "amount", "500 zzz")]


def test_a_bank_amount_is_positive_when_money_comes_in_and_either_balance_may_be_missing(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.observed("acme", "plaid", "transactions", "out", {"amount": 72.1, "iso_currency_code": "USD", "date": "2026-06-01"})
        raw.observed("acme", "plaid", "transactions", "in", {"amount": -9.5, "unofficial_currency_code": "BTC", "date": "2026-06-01"})
        raw.observed("acme", "plaid", "balances", "a", {"available": None, "current": 23631.9805, "iso_currency_code": "USD"})
    _built(project, path)
    assert rows(path, "select record_id, amount, currency from staging.stg_plaid__transactions order by 1") == [
        ("in", Decimal("9.50"), "BTC"),
        ("out", Decimal("-72.10"), "USD"),
    ]
    assert rows(path, "select available_amount, current_amount from staging.stg_plaid__balances") == [(None, Decimal("23631.98"))]


def _example(rail: str, name: str) -> Any:
    root = os.environ.get("ROWCOL_REFERENCE_DATA")
    if not root:
        pytest.skip("ROWCOL_REFERENCE_DATA is not set: the vendors' examples are not part of the project")
    return json.loads((Path(root) / "rails/data" / rail / "examples" / f"{name}.json").read_text())


def test_the_vendors_own_examples_are_typed_without_a_rejected_value(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    synced = _example("plaid", "transactions_sync")
    records = [
        ("ramp", "business", _example("ramp", "GET_business")),
        ("ramp", "balances", _example("ramp", "GET_business_balance")),
        *(
            ("ramp", entity, _example("ramp", f"GET_{entity}")["data"][0])
            for entity in ("bills", "vendors", "entities", "transactions", "reimbursements", "statements")
        ),
        ("plaid", "items", _example("plaid", "item_get")["item"]),
        ("plaid", "institutions", _example("plaid", "institutions_get_by_id")["institution"]),
        *(("plaid", "accounts", account) for account in _example("plaid", "accounts_balance_get")["accounts"]),
        *(("plaid", "balances", account["balances"]) for account in _example("plaid", "accounts_balance_get")["accounts"]),
        *(("plaid", "transactions", transaction) for transaction in synced["added"] + synced["modified"]),
        *(
            ("stripe", entity, _example("stripe", entity.removesuffix("s")))
            for entity in RAIL_TABLES["stripe"]
            if entity not in ("invoice_lines", "invoice_payments", "payout_transactions")
        ),
        ("stripe", "invoice_lines", _example("stripe", "line_item")),
        ("stripe", "payout_transactions", _example("stripe", "balance_transaction")),
    ]
    with RawWarehouse(path) as raw:
        raw.load("1")
        for number, (rail, entity, record) in enumerate(records):
            raw.observed("acme", rail, entity, str(number), record)
    _built(project, path, "stg_qbo__*", "rejected_values")
    # The example's own misprint.
    assert {(entity, text) for entity, _, _, text in rows(path, REJECTED)} == {
        ("reimbursements", "2023-08-20T:00:00+00:00"),
        ("reimbursements", "2023-08-21T:00:00+00:00"),
        ("reimbursements", "2023-08-22T:00:00+00:00"),
    }
    assert rows(path, "select total_amount, payment_amount, due_date::varchar from staging.stg_ramp__bills") == [
        (Decimal("969.93"), Decimal("969.93"), "2022-12-31")
    ]
    assert rows(path, "select charges_amount from staging.stg_ramp__statements") == [(Decimal("1800619.25"),)]
    assert rows(path, "select amount, original_amount, original_currency from staging.stg_ramp__transactions") == [
        (Decimal("90.00"), Decimal("90.00"), "EUR")
    ]
    assert rows(path, "select due_amount, due_at::varchar from staging.stg_stripe__invoices") == [
        (Decimal("10.00"), "2009-02-13 23:31:30+00")
    ]
