"""The frames of raw records, rail by rail: each mistake a vendor can serve is found in its record and in no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from expectations.report import CheckReport
from tests.dbt.rawfill import OBSERVED, RawWarehouse
from tests.expectations.project import WAREHOUSE, build, check, rows

NOW = OBSERVED + timedelta(hours=2)
CHECKS = [f"{rail}_{kind}" for rail in ("ramp", "plaid", "stripe") for kind in ("records", "values")]
DOLLARS = {"amount": 100, "currency_code": "USD"}

Served = dict[str, dict[str, dict[str, Any]]]

# By rail, entity and record id; what is wrong with a record is in its id, those called good are right.
RAMP: Served = {
    "business": {"good": {"id": "good", "created_time": "2026-01-01T00:00:00Z"}},
    "entities": {"good": {"id": "good", "currency": "USD"}},
    "vendors": {"good": {"id": "good", "vendor_type": "BUSINESS"}, "new kind": {"vendor_type": "MACHINE"}},
    "vendor_accounts": {"good/1": {"currency": "USD", "payment_method": "ACH"}, "nobody/1": {}},
    "bills": {
        "good": {"amount": DOLLARS, "status": "OPEN", "vendor": {"id": "good"}, "entity_id": "good", "due_at": "2026-06-01T00:00:00Z"},
        "below zero": {"amount": {"amount": -1, "currency_code": "USD"}},
        "no money": {"amount": {"amount": 1.5, "currency_code": "USD"}},
        "no day": {"amount": DOLLARS, "due_at": "next week"},
        "no currency": {"amount": {"amount": 1, "currency_code": "ZZZ", "minor_unit_conversion_rate": 100}},
        "no vendor": {"amount": DOLLARS, "vendor": {"id": "of another business"}},
    },
    "transactions": {"good": {"amount": -5.25, "currency_code": "USD", "state": "CLEARED"}, "new state": {"amount": 1, "state": "DREAMT"}},
}
PLAID: Served = {
    "institutions": {"good": {"name": "Bank"}},
    "items": {"good": {"institution_id": "good", "update_type": "background"}, "no bank": {"institution_id": "nowhere"}},
    "accounts": {"good": {"type": "depository", "balances": {"iso_currency_code": "USD"}}, "new kind": {"type": "hammock"}},
    "balances": {
        "good": {"available": 5.25, "iso_currency_code": "USD"},
        "no account": {"current": 1},
        "new kind": {"limit": -1},
    },
    "transactions": {
        "good": {"account_id": "good", "amount": 12.34, "iso_currency_code": "USD", "date": "2026-05-01", "payment_channel": "in store"},
        "coins": {"account_id": "good", "amount": 1, "unofficial_currency_code": "BTC", "date": "2026-05-01"},
        "no money": {"account_id": "good", "amount": "a lot", "date": "2026-05-01"},
        "no day": {"account_id": "good", "amount": 1, "date": "2026-13-01"},
        "no currency": {"account_id": "good", "amount": 1, "iso_currency_code": "ZZZ"},
        "elsewhere": {"account_id": "of another business", "amount": 1},
    },
}
STRIPE: Served = {
    "customers": {"good": {"created": 1}},
    "invoices": {"good": {"status": "paid", "total": 500, "amount_paid": 500, "amount_remaining": 0, "currency": "usd"}},
    "invoice_lines": {
        "good": {"invoice": "good", "amount": 500, "currency": "usd"}, "no invoice": {"invoice": "in_x", "amount": 1, "currency": "usd"},
    },
    "payment_intents": {"good": {"status": "succeeded", "amount": 500, "currency": "usd", "latest_charge": "good"}},
    "charges": {
        "good": {"status": "succeeded", "amount": 500, "amount_refunded": 500, "currency": "usd", "payment_intent": "good"},
        "too much back": {"status": "succeeded", "amount": 500, "amount_refunded": 501, "currency": "usd"},
        "no money": {"status": "failed", "amount": 5.5, "currency": "usd"},
        "no time": {"status": "pending", "amount": 5, "currency": "usd", "created": "yesterday"},
        "no currency": {"status": "pending", "currency": "zzz"},
        "new status": {"status": "levitating", "amount": 5, "currency": "usd"},
    },
    "refunds": {
        "good": {"charge": "good", "amount": 500, "currency": "usd"}, "no charge": {"charge": "ch_x", "amount": 1, "currency": "usd"},
    },
    "balance_transactions": {
        "good": {"type": "charge", "amount": 500, "fee": 45, "net": 455, "currency": "usd", "status": "available"},
        "wrong net": {"type": "charge", "amount": 500, "fee": 45, "net": 500, "currency": "usd"},
        "wrong way": {"type": "refund", "amount": 500, "fee": 0, "net": 500, "currency": "usd"},
    },
}  # fmt: skip
SERVED = {"ramp": RAMP, "plaid": PLAID, "stripe": STRIPE}
# A kind nobody documents is noted and fails nothing; the account of that kind also has a limit below zero.
NOTED = {
    "ramp_values": {"vendors/new kind", "transactions/new state"},
    "plaid_values": {"accounts/new kind"},
    "stripe_values": {"charges/new status"},
}
RIGHT = {"good", "good/1", "coins", "new state", "new status"}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CheckReport]:
    """One business with all of it, another whose records are what the first one's wrongly refer to."""
    path = tmp_path_factory.mktemp("sources") / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "other"):
            raw.business(business, now=NOW)
        for rail, entities in SERVED.items():
            raw.connect("acme", rail, now=NOW)
            for entity, records in entities.items():
                for record_id, record in records.items():
                    raw.observed("acme", rail, entity, record_id, record)
        raw.observed("other", "ramp", "vendors", "of another business", {})
        raw.observed("other", "plaid", "accounts", "of another business", {"type": "depository"})
        raw.observed("acme", "stripe", "refunds", "just made", {"charge": "ch_soon", "amount": 1, "currency": "usd"}, observed_at=NOW)
        raw.observed("acme", "plaid", "institutions", "good", {"name": "Bank"}, connection_id="second-login")
    build(path, [f"+chk_{check_id}" for check_id in CHECKS] + ["+chk_applicability"], now=NOW)
    return path, check(path, now=NOW, checks=CHECKS)


@pytest.mark.parametrize("rail", SERVED)
def test_what_is_wrong_is_found_and_nothing_else(rail: str, checked: tuple[Path, CheckReport]) -> None:
    path, report = checked
    wrong = {f"{entity}/{one}" for entity, records in SERVED[rail].items() for one in records if one not in RIGHT}
    wrong -= {"vendors/new kind", "accounts/new kind"}
    found = rows(
        path, f"select entity || '/' || record_id, business_id from quality.expectation_failures where check_id = '{rail}_records'"
    )
    assert {one for one, _ in found} == wrong and {business for _, business in found} == {"acme"}
    summary = next(one for one in report.summaries if one.check_id == f"{rail}_records")
    assert (summary.status, summary.records_failed) == ("failed", len(wrong))


def test_what_no_vendor_documents_is_noted_and_fails_nothing(checked: tuple[Path, CheckReport]) -> None:
    path, report = checked
    for check_id, expected in NOTED.items():
        found = rows(path, f"select entity || '/' || record_id, observed from quality.expectation_failures where check_id = '{check_id}'")
        assert {one for one, _ in found} == expected
        assert next(one.status for one in report.summaries if one.check_id == check_id) == "noted"
    assert ("status levitating",) in rows(path, "select observed from quality.expectation_failures where check_id = 'stripe_values'")


def test_where_a_rail_is_not_connected_its_checks_do_not_apply(checked: tuple[Path, CheckReport]) -> None:
    path, _ = checked
    found = rows(path, "select distinct status from quality.expectation_runs where business_id = 'other'")
    assert found == [("not_applicable",)]


def test_a_record_says_what_is_wrong_with_it(checked: tuple[Path, CheckReport]) -> None:
    path, _ = checked
    told = dict(rows(path, "select rail || '/' || record_id, observed from quality.expectation_failures where check_id like '%records'"))
    assert told["ramp/no vendor"] == "refers to vendors that are not there"
    assert told["plaid/no day"] == "not readable: date"
    assert told["stripe/too much back"] == "more refunded than charged"
    assert told["ramp/no currency"] == "unknown currency ZZZ"
