"""The ledger's aged reports through real HTTP into the change log: once a day, before the records, and whatever comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.answers import MalformedPage
from ingestion.control.outcomes import EntityOutcome
from ingestion.control.schema import sync_states
from ingestion.control.store import product_clock_of
from ingestion.rails.qbo.promise import REPORTS
from ingestion.rails.qbo.wire import read_report
from ingestion.registry import RAILS
from ingestion.sync import SyncReport, SyncRequest, sync
from ingestion.traffic import sum_of
from tests.ingestion.conftest import Home, OpenHome

CALLS = {"/reports/AgedPayables", "/reports/AgedReceivables"}
REPORT: dict[str, Any] = {
    "Header": {
        "Time": "2026-06-30T04:00:00-07:00",
        "ReportName": "AgedPayables",
        "EndPeriod": "2026-06-30",
        "Currency": "USD",
        "Option": [{"Name": "NoReportData", "Value": "false"}],
    },
    "Columns": {"Column": []},
    "Rows": {"Row": [{"ColData": []}]},
}


@pytest.fixture
def home(open_home: OpenHome) -> Home:
    return open_home(seed=9, businesses=1, scale=0.3)


def reports_of(report: SyncReport) -> dict[str, EntityOutcome]:
    return {entity.entity: entity for outcome in report.outcomes for entity in outcome.entities if entity.entity in REPORTS}


def calls(report: SyncReport) -> set[str]:
    return set(sum_of([outcome.calls for outcome in report.outcomes])) & CALLS


def kept(home: Home) -> list[tuple[str, str, int]]:
    return home.rows(
        """select record_id, payload ->> '$.Header.Time', version_no from raw_qbo.aged_payables
        union all select record_id, payload ->> '$.Header.Time', version_no from raw_qbo.aged_receivables order by all"""
    )


def test_both_reports_are_read_once_a_day_and_cost_a_quiet_cycle_nothing(home: Home) -> None:
    first = home.sync()
    assert calls(first) == CALLS and {one.status for one in reports_of(first).values()} == {"succeeded"}
    home.sandbox.post("advance", minutes=23 * 60)
    quiet = home.sync()
    assert calls(quiet) == set() and {one.status for one in reports_of(quiet).values()} == {"skipped"}
    assert len(kept(home)) == 2
    home.sandbox.post("advance", minutes=61)
    assert calls(home.sync()) == CALLS, "a day has passed, though no schedule compared counts"
    home.sandbox.post("advance", minutes=15)
    assert calls(home.sync()) == set()
    assert calls(home.sync(count_check=True)) == CALLS, "the daily tier asks"
    assert [(record, version) for record, _, version in kept(home)] == [
        (name, version) for name in ("AgedPayables", "AgedReceivables") for version in (1, 2, 3)
    ]


def test_a_report_that_landed_before_its_success_was_noted_is_read_again(home: Home) -> None:
    """As a process leaves it that dies in between: the watermark is in the warehouse, and nobody knows of the reading."""
    home.sync()
    noted = sa.update(sync_states).where(sync_states.c.entity == "aged_payables").values(last_success_at=None)
    with home.store.database.write() as transaction:
        transaction.execute(noted)
    home.sandbox.post("advance", minutes=15)
    assert calls(home.sync()) == {"/reports/AgedPayables"}
    assert calls(home.sync()) == set()


def test_whoever_asks_for_a_report_gets_it_now(home: Home) -> None:
    home.sync()
    home.sandbox.post("advance", minutes=15)
    assert calls(home.sync(entities=["aged_payables"])) == {"/reports/AgedPayables"}


def test_a_report_is_older_than_the_records_read_with_it(home: Home) -> None:
    """What changes between the two is stamped later than the report, so that it can be told apart."""
    home.sync()
    home.sandbox.post("advance", days=2)
    home.sync()
    (newest,) = home.rows("select max(observed_at) from raw_qbo.aged_payables")[0]
    (read,) = home.rows("select min(observed_at) from raw_qbo.bills where observed_at > (select min(observed_at) from raw_qbo.bills)")[0]
    assert newest <= read


def test_what_the_vendor_stamps_is_when_the_report_was_made(home: Home) -> None:
    home.sync()
    stamps = home.rows("select source_updated_at, payload ->> '$.Header.Time' from raw_qbo.aged_payables")
    assert [stamp == datetime.fromisoformat(text) for stamp, text in stamps] == [True]


@pytest.mark.parametrize("kind", ["torn_json", "bad_utf8"])
def test_a_report_that_stays_unreadable_is_set_aside_and_costs_no_record(home: Home, kind: str) -> None:
    home.fault("all", kind, count=3)
    report = home.sync()
    (outcome,) = report.outcomes
    assert outcome.status == "partial" and outcome.error_kind == "malformed_page"
    assert reports_of(report)["aged_payables"].status == "failed" and reports_of(report)["aged_receivables"].status == "succeeded"
    assert {one.status for one in outcome.entities if one.entity not in REPORTS} == {"succeeded"}
    again = home.sync()
    assert not again.failed and calls(again) == {"/reports/AgedPayables"}, "asked again, since it was never read"


def test_a_report_that_the_vendor_fails_to_make_costs_no_record(home: Home) -> None:
    home.fault("all", "server_error", count=3)
    report = home.sync()
    assert reports_of(report)["aged_payables"].error_kind == "server_error"
    assert {one.status for one in report.outcomes[0].entities if one.entity not in REPORTS} == {"succeeded"}


def test_a_company_that_may_not_run_reports_is_read_whole_and_asked_again_the_next_day(home: Home) -> None:
    """The sandbox answers 5020 to any report it has not, as the vendor does where the subscription or the user lacks it."""
    entities = tuple(replace(entity, vendor_name="Sunshine") if entity.name in REPORTS else entity for entity in RAILS["qbo"].entities)
    clock = product_clock_of(home.settings, home.store)
    request = SyncRequest(replace(RAILS["qbo"], entities=entities), strategy=home.strategy)
    report = sync(home.settings, home.store, clock, request)
    assert not report.failed
    assert {(one.status, one.rows_seen, one.error_kind) for one in reports_of(report).values()} == {("succeeded", 0, "not_offered")}
    assert set(sum_of([one.calls for one in sync(home.settings, home.store, clock, request).outcomes])) == {"/cdc"}
    later = sync(home.settings, home.store, lambda: clock() + timedelta(days=1), request)
    assert "/reports/Sunshine" in sum_of([one.calls for one in later.outcomes])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Header": REPORT["Header"] | {"ReportName": "AgedReceivables"}}, "another report"),
        ({"Header": REPORT["Header"] | {"Time": "2026-06-30T04:00:00"}}, "no offset"),
        ({"Header": REPORT["Header"] | {"EndPeriod": "today"}}, "EndPeriod"),
        ({"Header": {key: value for key, value in REPORT["Header"].items() if key != "Currency"}}, "Currency"),
        ({"Rows": {}}, "does not say that it holds no data"),
        ({"Columns": None}, "Columns"),
    ],
)
def test_a_body_that_is_not_the_report_is_no_report(change: dict[str, object], reason: str) -> None:
    with pytest.raises(MalformedPage, match=reason):
        read_report(json.dumps(REPORT | change).encode(), "AgedPayables")


def test_a_report_is_kept_as_served_and_one_without_data_is_one() -> None:
    body = json.dumps(REPORT | {"Rows": {}, "Header": REPORT["Header"] | {"Option": [{"Name": "NoReportData", "Value": "true"}]}}, indent=2)
    record = read_report(body.encode(), "AgedPayables")
    assert (record.record_id, record.payload, record.is_deleted) == ("AgedPayables", body.encode(), False)
