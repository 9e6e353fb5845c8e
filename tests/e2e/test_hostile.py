"""Hostile and drifted data through the whole cycle: money exact or rejected with a flag, strings byte-equal, others unmoved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rowcol_assets.steps import transform
from tests.e2e import tiny
from tests.e2e.machine import Machine, machine

# One cycle serves all tests here, so they stay with one worker.
pytestmark = pytest.mark.xdist_group("hostile")

# JSON text of an amount, and what it is; None: not an amount, to be rejected.
AMOUNTS: dict[str, Decimal | None] = {
    "0.10": Decimal("0.10"),
    "0.285": Decimal("0.29"),
    "1e2": Decimal("100.00"),
    "0.30000000000000004": Decimal("0.30"),
    "123456789012345.67": Decimal("123456789012345.67"),
    "9999999999999999.99": Decimal("9999999999999999.99"),
    "1234567890123456.78": Decimal("1234567890123456.78"),
    "12345678901234567.89": None,
    "-45.10": Decimal("-45.10"),
    '"12.34"': Decimal("12.34"),
    '"abc"': None,
    '"1,234.50"': None,
    "true": None,
    '{"value":5}': None,
    "[7]": None,
}
NAMES = {
    "sql": "'); drop table marts.fct_bills; --",
    "jinja": "{{ 7 * 7 }}{% raw %}{% endraw %}",
    "nul": "a\x00b",
    "direction": "\u202egnp.exe\u2066 \u05d0\u05d1",
    "formula": "=cmd|' /C calc'!A0",
    "braces": "{0} {name} %s ${HOME} \\n \\",
    "quotes": "O\"Brien's \u201cBest\u201d \U0001f9fe",
    "long": "x" * 1_000_000,
    "path": "../../etc/passwd",
}
ZONES = {"auckland": "Pacific/Auckland", "kolkata": "Asia/Kolkata", "london": "Europe/London", "new-york": "America/New_York"}
DUE = (
    "2026-03-06",
    "2026-03-07",
    "2026-03-08",
    "2026-03-09",
    "2026-02-06",
    "2026-02-07",
    "2026-02-08",
    "2025-12-07",
    "2028-02-29",
    "2028-01-30",
)
# Both sides of midnight in New York, in the night its clocks go forward and in the one they go back, and around a leap day.
INSTANTS = (
    "2026-03-09T03:59:00+00:00",
    "2026-03-09T04:01:00+00:00",
    "2026-11-02T04:59:00+00:00",
    "2026-11-02T05:01:00+00:00",
    "2028-03-01T04:59:00+00:00",
    "2028-03-01T05:01:00+00:00",
)
# All that a day's change reaches on the way to the agings.
AGED = ("int_business_calendar+,+fct_ap_aging", "int_business_calendar+,+fct_ar_aging")
FIRST = "2026-03-08T04:59:00+00:00"


@dataclass(frozen=True)
class Written:
    """The machine, and which record holds which amount, name or drift."""

    machine: Machine
    bills: dict[str, str]
    vendors: dict[str, str]
    drifted: dict[str, str]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    exact, hostile, drift, calm = (tiny.ordinary(name) for name in ("exact-co", "hostile-co", "drift-co", "calm-co"))
    bills = {amount: exact.bill(amount) for amount in AMOUNTS}
    vendors = {kind: hostile.vendor(name) for kind, name in NAMES.items()}
    for kind, vendor in vendors.items():
        hostile.bill("10.00", f'"PrivateNote":{json.dumps(NAMES[kind])}', f'"DocNumber":{json.dumps(NAMES[kind][:21])}', vendor=vendor)
    drifted = {
        "new field": drift.bill("20.00", '"ReleaseTag":{"wave":2,"labels":["a",null]}'),
        "null became object": drift.bill("20.00", '"DepartmentRef":{"value":{"deep":["er"]}}'),
        "object became text": drift.bill("20.00"),
        "number became text": drift.bill('"20.00"'),
        "text became number": drift.bill("20.00", '"DocNumber":1037'),
    }
    drift.lines["Bill"][2] = drift.lines["Bill"][2].replace('"VendorRef":{"value":"1"}', '"VendorRef":"1"')
    calm.bill("33.33")
    zoned = [tiny.ordinary(name) for name in ZONES]
    for company in zoned:
        for due in (*DUE, None):
            company.bill("7.00", due=due)
            company.invoice("9.00", due)
    folder = tmp_path_factory.mktemp("hostile")
    root = tiny.write(folder / "recordings", [exact, hostile, drift, calm, *zoned])
    with machine(folder / "machine", recorded=root) as made:
        made.connect(grants={"ann": made.businesses}, timezones=ZONES)
        made.succeed("run", now=FIRST)
        yield Written(made, bills, vendors, drifted)


def test_every_amount_is_exact_or_rejected_with_a_flag_and_never_a_silent_zero(written: Written) -> None:
    query = written.machine.query
    totals = {
        row[0]: row[1:] for row in query("select record_id, total_amount, open_amount from marts.fct_bills where business_id = 'exact-co'")
    }
    assert {amount: totals[bill] for amount, bill in written.bills.items()} == {amount: (value, value) for amount, value in AMOUNTS.items()}
    rejected = set(query("select record_id, path from quality.rejected_values where business_id = 'exact-co' and entity = 'bills'"))
    not_amounts = {bill for amount, bill in written.bills.items() if AMOUNTS[amount] is None}
    assert {(bill, path) for bill in not_amounts for path in ("TotalAmt", "Balance")} <= rejected
    assert {bill for bill, _ in rejected} == not_amounts
    flagged = query(
        "select distinct record_id from marts.fct_hygiene_flag where business_id = 'exact-co' and check_id = 'H03' and status = 'open'"
    )
    assert not_amounts | {written.bills["-45.10"]} == {bill for (bill,) in flagged}
    ready = query("select record_id from marts.fct_payment_ready_bills where business_id = 'exact-co' and is_payment_ready")
    assert not not_amounts & {bill for (bill,) in ready}


def test_one_companys_garbage_moves_nobody_elses_figures(written: Written) -> None:
    query = written.machine.query
    assert query("select sum(open_amount), count(*) from marts.fct_ap_aging where business_id = 'calm-co'") == [(Decimal("33.33"), 1)]
    assert query("select cash from experiences.portfolio where business_id = 'calm-co'") == [(Decimal("1000.10"),)]
    assert query("select count(*) from quality.rejected_values where business_id not in ('exact-co', 'drift-co')") == [(0,)]


def test_hostile_strings_arrive_byte_for_byte(written: Written) -> None:
    made = written.machine
    made.assert_change_log_is_whole()
    published = made.home / "published" / "ann" / "rowcol_bi.duckdb"
    for path in (None, published):
        names = dict(made.query("select vendor_id, vendor_name from marts.dim_vendor where business_id = 'hostile-co'", path))
        assert {kind: names[vendor] for kind, vendor in written.vendors.items()} == NAMES
        parties = dict(made.query("select party_id, party_name from marts.fct_ap_aging where business_id = 'hostile-co'", path))
        assert {kind: parties[vendor] for kind, vendor in written.vendors.items()} == NAMES
    assert not list(made.folder.rglob("passwd"))


def test_drifted_records_lose_nothing_and_keep_the_contract(written: Written) -> None:
    rows = written.machine.query(
        "select record_id, total_amount, vendor_id, document_number from marts.fct_bills where business_id = 'drift-co'"
    )
    bills = {row[0]: row[1:] for row in rows}
    assert {bills[bill][0] for bill in written.drifted.values()} == {Decimal("20.00")}
    assert bills[written.drifted["text became number"]][2] == "1037"
    assert bills[written.drifted["object became text"]][1] is None
    rejected = written.machine.query(
        "select record_id, path, text from quality.rejected_values where business_id = 'drift-co' and entity = 'bills'"
    )
    assert (written.drifted["object became text"], "VendorRef", "1") in rejected


def test_days_past_due_follow_the_business_own_calendar(written: Written) -> None:
    made = written.machine
    _assert_aged(made, FIRST)
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
