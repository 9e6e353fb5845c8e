"""Flags over several builds: opened, resolved, reopened; a check that ran closes them, or a person's word, and no rebuild forgets."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from rowcol_assets.history_as_known import restore_as_known
from rowcol_assets.history_changes import keep_changes
from tests.dbt.rails import ramp_bill
from tests.dbt.rawfill import RawWarehouse
from tests.expectations.project import AFTER, BEFORE, SEEDS_AND_PARENTS, WAREHOUSE, build, rows

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(cycle: int) -> datetime:
    return START + timedelta(minutes=15 * cycle)


def naive(cycle: int) -> datetime:
    return at(cycle).replace(tzinfo=None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=START)
        ramp_bill(raw, "acme", "r1", None, "OPEN", deep_link_url="https://app.ramp.com/bills/r1")
        ramp_bill(raw, "acme", "r2", None, "OPEN", deep_link_url="javascript:alert(1)")
    build(path, BEFORE, now=START)
    return path


@pytest.fixture
def warehouse(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path / WAREHOUSE))


def cycle(warehouse: Path, number: int, status: str, records: tuple[str, ...] = (), **options: Any) -> None:
    """Writes what a run of H01 would have left behind and builds the flags."""
    runs(warehouse, number, {"H01": (status, dict.fromkeys(records, "seen"))} if status else {})
    build(warehouse, AFTER, now=at(number), **options)


def runs(warehouse: Path, number: int, found: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Writes what runs of checks would have left behind. found: by check its status and what it observed of each failing bill."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from quality.expectation_runs; delete from quality.expectation_failures")
        for check_id, (status, records) in found.items():
            error = "it broke" if status == "error" else None
            connection.execute(
                "insert into quality.expectation_runs values (?, 'acme', ?, ?, 9, ?, ?, ?)",
                [f"run {number}", check_id, status, len(records), error, at(number)],
            )
            for record, seen in records.items():
                connection.execute(
                    "insert into quality.expectation_failures values (?, 'acme', ?, 'qbo', 'bills', ?, ?, 10, ?)",
                    [f"run {number}", check_id, record, seen, at(number)],
                )


def decide(warehouse: Path, number: int, **decisions: dict[str, str]) -> None:
    """Puts decisions that ann made five minutes before a cycle where that cycle reads them. decisions: their subjects by their ids."""
    with duckdb.connect(str(warehouse)) as connection:
        for decision, subject in decisions.items():
            kind = "undo" if "decision_id" in subject else "resolve-flag"
            connection.execute(
                "insert into raw_control.decisions by name select count(*) + 1 as decision_no, ? as decision_id, 'acme' as business_id,"
                " 'ann' as advisor_id, ? as kind, ? as subject, 'looked at it' as reason, ? as decided_at from raw_control.decisions",
                [decision, kind, json.dumps(subject), at(number) - timedelta(minutes=5)],
            )


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
    # A history kept before people could resolve flags has fewer columns.
    with duckdb.connect(str(warehouse)) as connection:
        for column in ("resolution", "resolved_by", "resolution_reason", "decision_id", "facts_hash"):
            connection.execute(f"alter table marts.fct_hygiene_flag drop column {column}")
    build(warehouse, AFTER, now=at(1), full_refresh=True)
    assert rows(warehouse, "from marts.fct_hygiene_flag order by all") == before


def test_a_check_that_errs_or_did_not_run_leaves_flags_open_and_a_replay_knows_since_when(warehouse: Path, tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home", _env_file=None)

    def kept_cycle(number: int, status: str, *records: str) -> list[tuple[Any, ...]]:
        cycle(warehouse, number, status, records)
        with duckdb.connect(str(warehouse)) as connection:
            keep_changes(home, connection, at(number), at(number))
        return rows(warehouse, "from marts.fct_hygiene_flag order by all")

    kept_cycle(0, "failed", "7")
    then = kept_cycle(1, "error")
    assert flags(warehouse) == {"7": ("open", naive(0), None, 0), "acme": ("error", naive(1), None, 0)}
    assert rows(warehouse, "select observed, entity from marts.fct_hygiene_flag where status = 'error'") == [("it broke", "check")]
    kept_cycle(2, "")
    assert flags(warehouse)["7"] == ("open", naive(0), None, 0)
    kept_cycle(3, "passed")
    assert flags(warehouse) == {"7": ("resolved", naive(0), naive(3), 0), "acme": ("resolved", naive(1), naive(3), 0)}

    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop schema marts cascade")
        restore_as_known(connection, home, at(1), None)
    cycle(warehouse, 1, "error", known_at=at(1).isoformat())
    assert rows(warehouse, "from marts.fct_hygiene_flag order by all") == then


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


def test_a_persons_word_on_a_flag_counts_while_the_facts_are_the_same(warehouse: Path) -> None:
    """Bills a to e are suspected (H15), m and n lack something (H01); each has a story of its own."""
    suspected, lacking = dict.fromkeys("abcde", "seen"), dict.fromkeys("mn", "seen")

    def found(number: int, **options: Any) -> dict[str, tuple[Any, ...]]:
        """(status, resolution, opened_at, reopened_count) by bill, after a build."""
        build(warehouse, AFTER, now=at(number), **options)
        query = "select record_id, status, resolution, opened_at, reopened_count from marts.fct_hygiene_flag where entity = 'bills'"
        return {record: tuple(values) for record, *values in rows(warehouse, query)}

    runs(warehouse, 0, {"H15": ("failed", suspected), "H01": ("failed", lacking)})
    first = found(0)
    assert set(first.values()) == {("open", None, naive(0), 0)}
    named = {record: {"flag_id": flag} for record, flag in rows(warehouse, "select record_id, flag_id from marts.fct_hygiene_flag")}
    named["e"]["facts_hash"] = "of last week"
    decide(warehouse, 1, **named)
    resolved, muted = ("resolved", "person", naive(0), 0), ("open", "muted", naive(0), 0)
    assert found(1) == dict.fromkeys("abcd", resolved) | {"e": first["e"]} | dict.fromkeys("mn", muted)
    why = "select resolved_at, resolved_by, resolution_reason, runway_impact_days from marts.fct_hygiene_flag where record_id = 'a'"
    assert rows(warehouse, why) == [(naive(1) - timedelta(minutes=5), "ann", "looked at it", None)]

    # b and n change, c is mended, d's word is taken back; a and m are what they were, over a full refresh.
    changed = suspected | {"b": "another amount"}
    del changed["c"]
    runs(warehouse, 2, {"H15": ("failed", changed), "H01": ("failed", lacking | {"n": "changed"})})
    decide(warehouse, 2, undone={"decision_id": "d"})
    after = {"b": ("open", None, naive(2), 1), "c": ("resolved", "check", naive(0), 0), "d": first["d"], "n": ("open", None, naive(0), 1)}
    assert found(2, full_refresh=True) == {"a": resolved, "e": first["e"], "m": muted} | after

    # A word that ended does not count again: b is what it was, and c is there once more.
    runs(warehouse, 3, {"H15": ("failed", suspected), "H01": ("failed", lacking | {"n": "changed"})})
    again = {"b": ("open", None, naive(2), 1), "c": ("open", None, naive(3), 1)}
    assert found(3) == {"a": resolved, "e": first["e"], "m": muted} | after | again

    # A check that could not run says nothing, and a word is taken back all the same.
    runs(warehouse, 4, {"H15": ("error", {}), "H01": ("passed", {})})
    decide(warehouse, 4, undone_too={"decision_id": "a"})
    passed = dict.fromkeys("mn", ("resolved", "check", naive(0)))
    assert {record: values[:3] for record, values in found(4).items()} == {
        record: values[:3] for record, values in ({"a": first["a"], "d": first["d"], "e": first["e"]} | again | passed).items()
    }


def test_a_flag_leads_to_the_page_of_its_record_where_the_vendor_has_one(warehouse: Path) -> None:
    ledger = "https://app.qbo.intuit.com/app"
    pages = {
        ("qbo", "bills", "7"): f"{ledger}/bill?txnId=7",
        ("qbo", "vendors", "8"): f"{ledger}/vendordetail?nameId=8",
        ("qbo", "customers", "9"): f"{ledger}/customerdetail?nameId=9",
        ("qbo", "accounts", "35"): f"{ledger}/register?accountId=35",
        ("qbo", "accounts", "Accounts Payable USD"): None,
        ("ramp", "bills", "r1"): "https://app.ramp.com/bills/r1",
        ("ramp", "bills", "r2"): None,
        ("plaid", "accounts", "35"): None,
    }
    runs(warehouse, 0, {"H01": ("failed", {})})
    with duckdb.connect(str(warehouse)) as connection:
        connection.executemany(
            "insert into quality.expectation_failures values ('run 0', 'acme', 'H01', ?, ?, ?, 'seen', 10, ?)",
            [[*record, at(0)] for record in pages],
        )
    build(warehouse, AFTER, now=at(0))
    found = rows(warehouse, "select rail, entity, record_id, source_url from marts.fct_hygiene_flag where status = 'open'")
    assert {tuple(record): url for *record, url in found} == pages


# Of one replay all frames are built; of the other, which a whole run of its own is for (tests/e2e/test_again.py), two.
@pytest.mark.parametrize(
    ("variables", "frames"),
    [({"as_of_date": "2026-05-01"}, BEFORE), ({"known_at": "2026-05-01T00:00:00Z"}, [*SEEDS_AND_PARENTS, "+chk_h01", "+chk_h06"])],
    ids=["as of a date", "as known at a time"],
)
def test_a_replay_builds_frames_and_flags(tmp_path: Path, variables: dict[str, str], frames: list[str]) -> None:
    path = tmp_path / WAREHOUSE
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=START)
        raw.load("1")
        raw.version("acme", "bills", {"Id": "1", "TxnDate": "2026-05-20", "TotalAmt": 5, "Balance": 5}, observed_at=at(-1))
    build(path, frames, now=START, **variables)
    cycle(path, 0, "failed", ("1",), **variables)
    assert flags(path)["1"] == ("open", naive(0), None, 0)
    assert rows(path, "select count(*) from quality.chk_h01") == [(0 if "known_at" in variables else 1,)]
    assert rows(path, "select days_ahead from quality.chk_h06") == ([] if "known_at" in variables else [(-12,)])
