"""Flags over several builds: opened, resolved, reopened; only a check that ran can close one, and no rebuild forgets."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.rawfill import RawWarehouse
from tests.expectations.project import AFTER, BEFORE, WAREHOUSE, build, rows

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(cycle: int) -> datetime:
    return START + timedelta(minutes=15 * cycle)


def naive(cycle: int) -> datetime:
    return at(cycle).replace(tzinfo=None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.business("acme", now=START)
    build(path, BEFORE, now=START)
    return path


@pytest.fixture
def warehouse(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path / WAREHOUSE))


def cycle(warehouse: Path, number: int, status: str, records: tuple[str, ...] = (), **options: Any) -> None:
    """Writes what a run of H01 would have left behind and builds the flags."""
    connection = duckdb.connect(str(warehouse))
    connection.execute("delete from quality.expectation_runs; delete from quality.expectation_failures")
    if status:
        error = "it broke" if status == "error" else None
        connection.execute(
            "insert into quality.expectation_runs values (?, 'acme', 'H01', ?, 9, ?, ?, ?)",
            [f"run {number}", status, len(records), error, at(number)],
        )
    for record in records:
        connection.execute(
            "insert into quality.expectation_failures values (?, 'acme', 'H01', 'qbo', 'bills', ?, 'seen', 10, ?)",
            [f"run {number}", record, at(number)],
        )
    connection.close()
    build(warehouse, AFTER, now=at(number), **options)


def flags(warehouse: Path) -> dict[str, tuple[Any, ...]]:
    """(status, opened_at, resolved_at, reopened_count) by record."""
    found = rows(warehouse, "select record_id, status, opened_at, resolved_at, reopened_count from marts.fct_hygiene_flag")
    return {record_id: tuple(values) for record_id, *values in found}


def test_a_flag_opens_stays_resolves_and_reopens(warehouse: Path) -> None:
    cycle(warehouse, 0, "failed", ("7", "8"))
    assert flags(warehouse)["7"] == ("open", naive(0), None, 0)
    identity = rows(warehouse, "select flag_id from marts.fct_hygiene_flag where record_id = '7'")
    cycle(warehouse, 1, "failed", ("7",))
    assert flags(warehouse) == {"7": ("open", naive(0), None, 0), "8": ("resolved", naive(0), naive(1), 0)}
    cycle(warehouse, 2, "passed")
    assert flags(warehouse) == {"7": ("resolved", naive(0), naive(2), 0), "8": ("resolved", naive(0), naive(1), 0)}
    cycle(warehouse, 3, "failed", ("7",))
    assert flags(warehouse) == {"7": ("open", naive(3), None, 1), "8": ("resolved", naive(0), naive(1), 0)}
    assert rows(warehouse, "select flag_id from marts.fct_hygiene_flag where record_id = '7'") == identity


def test_building_again_changes_nothing_and_a_full_refresh_forgets_nothing(warehouse: Path) -> None:
    cycle(warehouse, 0, "failed", ("7", "8"))
    cycle(warehouse, 1, "failed", ("7",))
    before = rows(warehouse, "from marts.fct_hygiene_flag order by all")
    build(warehouse, AFTER, now=at(1))
    assert rows(warehouse, "from marts.fct_hygiene_flag order by all") == before
    build(warehouse, AFTER, now=at(1), full_refresh=True)
    assert rows(warehouse, "from marts.fct_hygiene_flag order by all") == before


def test_a_check_that_errs_or_did_not_run_leaves_flags_open(warehouse: Path) -> None:
    cycle(warehouse, 0, "failed", ("7",))
    cycle(warehouse, 1, "error")
    assert flags(warehouse) == {"7": ("open", naive(0), None, 0), "acme": ("error", naive(1), None, 0)}
    assert rows(warehouse, "select observed, entity from marts.fct_hygiene_flag where status = 'error'") == [("it broke", "check")]
    cycle(warehouse, 2, "")
    assert flags(warehouse)["7"] == ("open", naive(0), None, 0)
    cycle(warehouse, 3, "passed")
    assert flags(warehouse) == {"7": ("resolved", naive(0), naive(3), 0), "acme": ("resolved", naive(1), naive(3), 0)}


def test_a_check_that_does_not_apply_is_one_row_until_it_applies(warehouse: Path) -> None:
    cycle(warehouse, 0, "failed", ("7",))
    cycle(warehouse, 1, "not_applicable")
    assert flags(warehouse) == {"7": ("resolved", naive(0), naive(1), 0), "acme": ("not_applicable", naive(1), None, 0)}
    cycle(warehouse, 2, "not_applicable")
    assert flags(warehouse)["acme"] == ("not_applicable", naive(1), None, 0)
    cycle(warehouse, 3, "failed", ("7",))
    assert flags(warehouse) == {"7": ("open", naive(3), None, 1)}


def test_a_check_that_errs_is_no_pass_and_no_failure_in_the_score(warehouse: Path) -> None:
    cycle(warehouse, 0, "error")
    found = rows(
        warehouse, "select hygiene_score, hygiene_grade, checks_passed, checks_failed, checks_errored from marts.fct_hygiene_score"
    )
    assert found == [(None, None, 0, 0, 1)]


@pytest.mark.parametrize("variables", [{"as_of_date": "2026-05-01"}, {"known_at": "2026-05-01T00:00:00Z"}], ids=str)
def test_a_replay_builds_frames_and_flags(tmp_path: Path, variables: dict[str, str]) -> None:
    path = tmp_path / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.business("acme", now=START)
        raw.load("1")
        raw.version("acme", "bills", {"Id": "1", "TxnDate": "2026-05-20", "TotalAmt": 5, "Balance": 5}, observed_at=at(-1))
    build(path, BEFORE, now=START, **variables)
    cycle(path, 0, "failed", ("1",), **variables)
    assert flags(path)["1"] == ("open", naive(0), None, 0)
    assert rows(path, "select count(*) from quality.chk_h01") == [(0 if "known_at" in variables else 1,)]
    assert rows(path, "select days_ahead from quality.chk_h06") == ([] if "known_at" in variables else [(-12,)])
