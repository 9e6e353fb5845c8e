"""Hostile and drifted data through the whole cycle: money exact or rejected with a flag, strings byte-equal, others unmoved."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rowcol_assets.steps import transform
from tests.e2e.homes import RECORDED_GROUP, Recorded
from tests.e2e.hostile import AMOUNTS, DUE, NAMES, ZONES
from tests.e2e.machine import Machine

pytestmark = pytest.mark.xdist_group(RECORDED_GROUP)

# Both sides of midnight in New York, in the night its clocks go forward and in the one they go back, and around a leap day.
INSTANTS = (
    "2026-03-08T04:59:00+00:00",
    "2026-03-09T03:59:00+00:00",
    "2026-03-09T04:01:00+00:00",
    "2026-11-02T04:59:00+00:00",
    "2026-11-02T05:01:00+00:00",
    "2028-03-01T04:59:00+00:00",
    "2028-03-01T05:01:00+00:00",
)
# All that a day's change reaches on the way to the agings.
AGED = ("int_business_calendar+,+fct_ap_aging", "int_business_calendar+,+fct_ar_aging")


def test_every_amount_is_exact_or_rejected_with_a_flag_and_never_a_silent_zero(recorded: Recorded) -> None:
    query = recorded.machine.query
    totals = {
        row[0]: row[1:] for row in query("select record_id, total_amount, open_amount from marts.fct_bills where business_id = 'exact-co'")
    }
    assert {amount: totals[bill] for amount, bill in recorded.hostile.bills.items()} == {
        amount: (value, value) for amount, value in AMOUNTS.items()
    }
    rejected = set(query("select record_id, path from quality.rejected_values where business_id = 'exact-co' and entity = 'bills'"))
    not_amounts = {bill for amount, bill in recorded.hostile.bills.items() if AMOUNTS[amount] is None}
    assert {(bill, path) for bill in not_amounts for path in ("TotalAmt", "Balance")} <= rejected
    assert {bill for bill, _ in rejected} == not_amounts
    flagged = query(
        "select distinct record_id from marts.fct_hygiene_flag where business_id = 'exact-co' and check_id = 'H03' and status = 'open'"
    )
    assert not_amounts | {recorded.hostile.bills["-45.10"]} == {bill for (bill,) in flagged}
    ready = query("select record_id from marts.fct_payment_ready_bills where business_id = 'exact-co' and is_payment_ready")
    assert not not_amounts & {bill for (bill,) in ready}


def test_one_companys_garbage_moves_nobody_elses_figures(recorded: Recorded) -> None:
    query = recorded.machine.query
    assert query("select sum(open_amount), count(*) from marts.fct_ap_aging where business_id = 'calm-co'") == [(Decimal("33.33"), 1)]
    assert query("select cash from experiences.portfolio where business_id = 'calm-co'") == [(Decimal("1000.10"),)]
    assert query("select count(*) from quality.rejected_values where business_id not in ('exact-co', 'drift-co')") == [(0,)]


def test_hostile_strings_arrive_byte_for_byte(recorded: Recorded) -> None:
    made = recorded.machine
    made.assert_change_log_is_whole()
    published = made.home / "published" / "ann" / "rowcol_bi.duckdb"
    for path in (None, published):
        names = dict(made.query("select vendor_id, vendor_name from marts.dim_vendor where business_id = 'hostile-co'", path))
        assert {kind: names[vendor] for kind, vendor in recorded.hostile.vendors.items()} == NAMES
        parties = dict(made.query("select party_id, party_name from marts.fct_ap_aging where business_id = 'hostile-co'", path))
        assert {kind: parties[vendor] for kind, vendor in recorded.hostile.vendors.items()} == NAMES
    assert not list(made.folder.rglob("passwd"))


def test_drifted_records_lose_nothing_and_keep_the_contract(recorded: Recorded) -> None:
    rows = recorded.machine.query(
        "select record_id, total_amount, vendor_id, document_number from marts.fct_bills where business_id = 'drift-co'"
    )
    bills = {row[0]: row[1:] for row in rows}
    assert {bills[bill][0] for bill in recorded.hostile.drifted.values()} == {Decimal("20.00")}
    assert bills[recorded.hostile.drifted["text became number"]][2] == "1037"
    assert bills[recorded.hostile.drifted["object became text"]][1] is None
    rejected = recorded.machine.query(
        "select record_id, path, text from quality.rejected_values where business_id = 'drift-co' and entity = 'bills'"
    )
    assert (recorded.hostile.drifted["object became text"], "VendorRef", "1") in rejected


def test_days_past_due_follow_the_business_own_calendar(recorded: Recorded) -> None:
    made = recorded.machine
    for instant in INSTANTS:
        transform(made.settings, "before", {"rowcol_now": instant, "run_id": "calendar"}, select=AGED)
        _assert_aged(made, instant)


def _assert_aged(made: Machine, instant: str) -> None:
    rows = made.query(
        """select business_id, due_date, days_past_due, bucket from marts.fct_ap_aging
        union all select business_id, due_date, days_past_due, bucket from marts.fct_ar_aging"""
    )
    expected = []
    for business, zone in ZONES.items():
        today = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).date()
        expected += [(business, *_aged(today, due)) for due in (*DUE, None)] * 2
    assert sorted((row for row in rows if row[0] in ZONES), key=repr) == sorted(expected, key=repr), instant


def _aged(today: date, due: str | None) -> tuple[date | None, int | None, str]:
    if due is None:
        return None, None, "no_due_date"
    days = (today - date.fromisoformat(due)).days
    bounds = ((0, "current"), (30, "d1_30"), (60, "d31_60"), (90, "d61_90"))
    return date.fromisoformat(due), days, next((bucket for most, bucket in bounds if days <= most), "d90_plus")
