"""How each API did, day by day: what a sync noted of its calls is what the mart says, and percentiles are 5 % off at most."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.traffic import Calls, bucket_of, sum_of, text_of
from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW, small_warehouse
from tests.dbt.project import DbtProject, broken
from tests.dbt.rawfill import RawWarehouse, realm_of

YESTERDAY = NOW - timedelta(days=1)
COLUMNS = "endpoint, call_date, calls, errors, throttled, error_rate, throttle_rate"


def note(raw: RawWarehouse, at: Any, calls: dict[str, Calls], business: str = "acme") -> None:
    key = {"business_id": business, "connection_id": realm_of(business), "rail": "qbo"}
    raw.control("sync_outcomes", **key, outcome_id=f"{business}{at}", finished_at=at, started_at=at, calls=text_of(calls))


def build(project: DbtProject, path: Path, now: Any) -> None:
    assert broken(project.build(path, "--select", "+fct_api_health", now=now.isoformat())) == []


def took(*seconds: float) -> Calls:
    total = Calls()
    for one in seconds:
        total.add(Calls(1, latency={bucket_of(one): 1}))
    return total


def test_a_day_is_told_when_it_is_over_and_percentiles_are_those_of_all_its_calls(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme", "other")
    dice = random.Random(7)
    durations = [dice.lognormvariate(-1, 1) for _ in range(500)]
    with RawWarehouse(path) as raw:
        for first in range(0, 500, 50):
            note(raw, YESTERDAY + timedelta(minutes=first), {"/cdc": took(*durations[first : first + 50])})
        note(raw, YESTERDAY, {"/cdc": took(9.0), "/bill/{id}": Calls(4, 1, 2, {})}, "other")
        note(raw, NOW, {"/cdc": took(60.0)})
    build(project, path, NOW)
    found = rows(path, f"select business_id, {COLUMNS} from marts.fct_api_health order by all")
    day, none = YESTERDAY.date(), Decimal(0)
    assert found == [
        ("acme", "/cdc", day, 500, 0, 0, none, none),
        ("other", "/bill/{id}", day, 4, 1, 2, Decimal("0.25"), Decimal("0.5")),
        ("other", "/cdc", day, 1, 0, 0, none, none),
    ]
    ((median, slow),) = rows(path, "select latency_p50_ms, latency_p95_ms from marts.fct_api_health where business_id = 'acme'")
    exact = sorted(durations)
    assert float(median) == pytest.approx(exact[249] * 1000, rel=0.05)
    assert float(slow) == pytest.approx(exact[474] * 1000, rel=0.05)


def test_what_ended_before_midnight_and_was_recorded_after_it_still_counts_and_old_days_go(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    days = "select call_date, calls from marts.fct_api_health order by all"
    with RawWarehouse(path) as raw:
        note(raw, NOW - timedelta(days=91), {"/cdc": took(1.0)})
        note(raw, NOW - timedelta(days=90), {"/cdc": took(1.0)})
        note(raw, YESTERDAY, {"/cdc": took(1.0)})
    build(project, path, NOW)
    old, day = (NOW - timedelta(days=90)).date(), YESTERDAY.date()
    assert rows(path, days) == [(old, 1), (day, 1)]
    with RawWarehouse(path) as raw:
        note(raw, YESTERDAY + timedelta(minutes=1), {"/cdc": took(1.0, 2.0)})
    build(project, path, NOW)
    assert rows(path, days) == [(old, 1), (day, 3)]
    build(project, path, NOW + timedelta(days=1))
    assert rows(path, days) == [(day, 3)]


def test_calls_are_told_in_python_as_in_sql() -> None:
    kept = [text_of({"/cdc": took(0.0001, 0.2)}), None, text_of({"/cdc": Calls(1, 1, 0, {bucket_of(0.2): 1})})]
    calls = sum_of(kept)["/cdc"]
    assert (calls.calls, calls.errors) == (3, 1)
    assert calls.percentile_ms(0.5) == pytest.approx(200, rel=0.05)
    assert Calls().percentile_ms(0.95) == 0
