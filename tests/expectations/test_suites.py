"""Each built check lets good records pass and catches bad ones, through Great Expectations itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from expectations.run import run_checks
from expectations.suites import SUITES, SUITES_BY_CHECK
from tests.expectations.frames_for_tests import RAN_AT, Record, add_frame, warehouse_with

DAY = date(2026, 2, 1)
HUGE = Decimal("9999999999999999.98")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Case:
    """Records of one check's frame: those that must pass and those that must fail."""

    passing: tuple[Record, ...]
    failing: tuple[Record, ...]


COUNTS = ("rejected_amounts", "rejected_dates", "wrong_signs", "missing_references")
RIGHT: Record = {"has_key": True, "is_currency_known": True, **dict.fromkeys(COUNTS, 0)}
WRONG: tuple[Record, ...] = (
    {**RIGHT, "has_key": False},
    {**RIGHT, "is_currency_known": False},
    *({**RIGHT, count: 1} for count in COUNTS),
)
CASES: dict[str, Case] = {
    "H01": Case(({"due_date": DAY},), ({"due_date": None},)),
    "H02": Case(
        ({"vendor_id": "7", "known_vendor_id": "7"},),
        ({"vendor_id": None, "known_vendor_id": None}, {"vendor_id": "9", "known_vendor_id": None}),
    ),
    "H03": Case(({"total_amount": CENT},), ({"total_amount": None}, {"total_amount": Decimal(0)}, {"total_amount": -CENT})),
    "H04": Case(
        ({"total_amount": HUGE, "open_amount": HUGE}, {"total_amount": Decimal(5), "open_amount": Decimal(0)}),
        ({"total_amount": HUGE, "open_amount": HUGE + CENT}, {"total_amount": Decimal(5), "open_amount": -CENT}),
    ),
    "H05": Case(
        ({"txn_date": DAY, "due_date": DAY}, {"txn_date": None, "due_date": DAY}, {"txn_date": DAY, "due_date": None}),
        ({"txn_date": DAY, "due_date": date(2026, 1, 31)},),
    ),
    "H06": Case(({"days_ahead": 0}, {"days_ahead": -9}, {"days_ahead": None}), ({"days_ahead": 1},)),
    "H07": Case(({"days_past_due": 30}, {"days_past_due": None}), ({"days_past_due": 31},)),
    "H08": Case(({"customer_id": "1"},), ({"customer_id": None},)),
    "H09": Case(({"due_date": DAY},), ({"due_date": None},)),
    "H10": Case(({"days_past_due": 0},), ({"days_past_due": 1},)),
    "H11": Case(({"open_amount": Decimal("5000.00")},), ({"open_amount": Decimal("5000.01")},)),
    "H12": Case(({"uncategorised_lines": 0},), ({"uncategorised_lines": 1},)),
    "H13": Case(({"terms_id": "1"},), ({"terms_id": None},)),
    "H14": Case(({"has_tax_id": True},), ({"has_tax_id": False}, {"has_tax_id": None})),
    "H15": Case(({"duplicate_of": None},), ({"duplicate_of": "1"},)),
    "H16": Case(({"unlinked_bill_id": None},), ({"unlinked_bill_id": "r-1"},)),
    "H17": Case(
        ({"vendor_key": "a"}, {"vendor_key": None}, {"vendor_key": None}, {"business_id": "other", "vendor_key": "b"}),
        ({"vendor_key": "b"}, {"vendor_key": "b"}),
    ),
    "H18": Case(({"ledger_vendor_id": "1"},), ({"ledger_vendor_id": None},)),
    "H19": Case(({"payee_id": "1"},), ({"payee_id": None},)),
    "H20": Case(({"parent_account_lines": 0},), ({"parent_account_lines": 2},)),
    "H21": Case(({"account_id": "1", "usual_account_id": "1"},), ({"account_id": "1", "usual_account_id": "2"},)),
    "H22": Case(
        ({"total_amount": HUGE, "large_amount": HUGE, "has_new_account": False},),
        (
            {"total_amount": HUGE + CENT, "large_amount": HUGE, "has_new_account": False},
            {"total_amount": Decimal(0), "large_amount": Decimal(0), "has_new_account": True},
        ),
    ),
    "H23": Case(({"balance_amount": Decimal(0)},), ({"balance_amount": -CENT},)),
    "H24": Case(({"gap_amount": HUGE, "allowed_amount": HUGE},), ({"gap_amount": HUGE + CENT, "allowed_amount": HUGE},)),
    "H25": Case(({"bank_days_unbooked": 3}, {"bank_days_unbooked": 0}), ({"bank_days_unbooked": 4},)),
    "H26": Case(({"days_unexplained": 3}, {"days_unexplained": 0}), ({"days_unexplained": 4},)),
    "H27": Case(({"minutes_unrecorded": 60}, {"minutes_unrecorded": 0}), ({"minutes_unrecorded": 61},)),
    "H28": Case(({"bank_days_undebited": 5}, {"bank_days_undebited": 0}), ({"bank_days_undebited": 6},)),
    "H29": Case(({"paid_by": None},), ({"paid_by": "p-1"},)),
    "H33": Case(({"days_without_money": 30}, {"days_without_money": 0}), ({"days_without_money": 31},)),
    "H30": Case(
        (
            {"ledger_amount": HUGE, "paying_amount": HUGE, "ledger_vendor": None, "paying_vendor": None},
            {"ledger_amount": HUGE, "paying_amount": None, "ledger_vendor": None, "paying_vendor": None},
        ),
        (
            {"ledger_amount": HUGE, "paying_amount": HUGE + CENT, "ledger_vendor": None, "paying_vendor": None},
            {"ledger_amount": HUGE, "paying_amount": HUGE, "ledger_vendor": "Acme (1)", "paying_vendor": "Zenith (2)"},
        ),
    ),
    "H31": Case(({"bank_transaction_id": "1"},), ({"bank_transaction_id": None},)),
    "H32": Case(({"payout_id": "1"},), ({"payout_id": None},)),
    "H34": Case(({"is_ambiguous": False},), ({"is_ambiguous": True},)),
    "H35": Case(({"gap_amount": HUGE, "allowed_amount": HUGE},), ({"gap_amount": HUGE + CENT, "allowed_amount": HUGE},)),
    "H36": Case(({"booked_before": None},), ({"booked_before": "1"},)),
    "H37": Case(({"is_payroll_known": True},), ({"is_payroll_known": False}, {"is_payroll_known": None})),
    "H38": Case(
        ({"sync_age_minutes": 1440, "max_sync_age_minutes": 1440},),
        ({"sync_age_minutes": 1441, "max_sync_age_minutes": 1440}, {"sync_age_minutes": None, "max_sync_age_minutes": 1440}),
    ),
    "H39": Case(
        ({"connection_state": "healthy", "minutes_to_token_end": None}, {"connection_state": "degraded", "minutes_to_token_end": 120}),
        (
            {"connection_state": "disconnected", "minutes_to_token_end": None},
            {"connection_state": "failing", "minutes_to_token_end": 9999},
            {"connection_state": "healthy", "minutes_to_token_end": 119},
        ),
    ),
    "H40": Case(
        ({"last_outcome": "failed", "quarantined_pages": 0, "unexplained_records": None, "has_fallen": None},),
        (
            {"last_outcome": "partial", "quarantined_pages": 0, "unexplained_records": 0, "has_fallen": False},
            {"last_outcome": "succeeded", "quarantined_pages": 1, "unexplained_records": 0, "has_fallen": False},
            {"last_outcome": "succeeded", "quarantined_pages": 0, "unexplained_records": 1, "has_fallen": False},
            {"last_outcome": "succeeded", "quarantined_pages": 0, "unexplained_records": 0, "has_fallen": True},
        ),
    ),
    "H41": Case(
        ({"aging_amount": HUGE, "ledger_amount": HUGE},),
        ({"aging_amount": HUGE, "ledger_amount": HUGE + CENT}, {"aging_amount": HUGE, "ledger_amount": None}),
    ),
    "H42": Case(({"is_open_here": False},), ({"is_open_here": True}, {"is_open_here": None})),
    "H43": Case(({"has_rate": True},), ({"has_rate": False}, {"has_rate": None})),
    "H44": Case(({"days_pending": 14}, {"days_pending": None}), ({"days_pending": 15},)),
    "H45": Case(
        ({"uncategorised_amount": HUGE, "allowed_amount": HUGE}, {"uncategorised_amount": Decimal(0), "allowed_amount": Decimal(0)}),
        ({"uncategorised_amount": HUGE + CENT, "allowed_amount": HUGE},),
    ),
    **{check_id: Case((RIGHT,), WRONG) for check_id in ("ramp_records", "plaid_records", "stripe_records")},
    **{
        check_id: Case(({"undocumented_values": 0},), ({"undocumented_values": 2},))
        for check_id in ("ramp_values", "plaid_values", "stripe_values")
    },
}


def test_every_suite_has_a_case() -> None:
    assert set(CASES) == set(SUITES_BY_CHECK)


def test_good_records_pass_and_bad_ones_fail_each_and_no_other() -> None:
    warehouse = warehouse_with(("acme", "other"))
    for check_id, case in CASES.items():
        passing = [{"record_id": f"good {number}", **record} for number, record in enumerate(case.passing)]
        failing = [{"record_id": f"bad {number}", **record} for number, record in enumerate(case.failing)]
        add_frame(warehouse, check_id, passing + failing)
    report = run_checks(warehouse, run_id="run 1", ran_at=RAN_AT)
    assert {summary.check_id: summary.error for summary in report.summaries if summary.status == "error"} == {}
    found = warehouse.execute(
        "select check_id, list(record_id order by record_id) from quality.expectation_failures group by all"
    ).fetchall()
    assert dict(found) == {check_id: [f"bad {number}" for number in range(len(case.failing))] for check_id, case in CASES.items()}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.check_id)
def test_a_check_whose_records_are_all_good_has_passed(suite: object) -> None:
    check_id = suite.check_id  # type: ignore[attr-defined]
    warehouse = warehouse_with()
    records = [record for record in CASES[check_id].passing if record.get("business_id", "acme") == "acme"]
    add_frame(warehouse, check_id, records)
    report = run_checks(warehouse, run_id="run 1", ran_at=RAN_AT, checks=[check_id])
    assert [(result.status, result.records_checked, result.records_failed) for result in report.results] == [("passed", len(records), 0)]
