"""The mirror is a function of the change log alone: order of arrival, of loads and of versions makes no difference."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.dbt.asking import rows
from tests.dbt.documents import bill
from tests.dbt.project import DbtProject, failures
from tests.dbt.rawfill import OBSERVED, RawWarehouse

MIRROR = ("--select", "stg_qbo__bills")
STATE = "select record_id, total_amount, is_deleted, change_id, source_updated_at, synced_at from staging.stg_qbo__bills order by record_id"


def _version(raw: RawWarehouse, record_id: str, amount: int, *, day: int, load_id: str, seen: int | None = None, **more: Any) -> str:
    return raw.version(
        "acme",
        "bills",
        bill(record_id, amount),
        record_id=record_id,
        load_id=load_id,
        updated_at=OBSERVED + timedelta(days=day),
        observed_at=OBSERVED + timedelta(days=day if seen is None else seen),
        **more,
    )


def _statements(project: DbtProject, path: Path, *selection: str) -> dict[str, list[str]]:
    """What a build asked of DuckDB, by model."""
    asked: dict[str, list[str]] = {}

    def note(event: Any) -> None:
        if event.info.name == "SQLQuery":
            asked.setdefault(event.data.node_info.node_name, []).append(event.data.sql)

    assert failures(project.build(path, *selection, heard=note)) == []
    return asked


def test_the_newest_version_wins_and_a_late_older_one_changes_nothing(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        _version(raw, "7", 100, day=1, load_id="1")
        winner = _version(raw, "7", 300, day=3, load_id="1", version_no=2)
    assert failures(project.build(path, *MIRROR)) == []
    before = rows(path, STATE)
    assert [(row[1], row[3]) for row in before] == [(300, winner)]
    with RawWarehouse(path) as raw:
        raw.load("2")
        _version(raw, "7", 200, day=2, seen=9, load_id="2", version_no=3)
    assert failures(project.build(path, *MIRROR)) == []
    assert rows(path, STATE) == before


def test_a_deleted_record_keeps_its_last_live_attributes_and_can_come_back(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        _version(raw, "7", 100, day=1, load_id="1")
        tombstone = raw.version(
            "acme",
            "bills",
            {"Id": "7", "status": "Deleted"},
            load_id="1",
            version_no=2,
            is_deleted=True,
            updated_at=OBSERVED + timedelta(days=2),
            observed_at=OBSERVED + timedelta(days=2),
        )
    assert failures(project.build(path, *MIRROR)) == []
    assert [row[1:4] for row in rows(path, STATE)] == [(100, True, tombstone)]
    with RawWarehouse(path) as raw:
        raw.load("2")
        revived = _version(raw, "7", 150, day=3, load_id="2", version_no=3)
    assert failures(project.build(path, *MIRROR)) == []
    assert [row[1:4] for row in rows(path, STATE)] == [(150, False, revived)]


def test_loads_that_finish_out_of_order_are_each_read_once_they_are_finished(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1", status=1)
        _version(raw, "early", 1, day=1, load_id="1")
        raw.load("2")
        _version(raw, "late", 2, day=2, load_id="2")
    assert failures(project.build(path, *MIRROR)) == []
    assert [row[0] for row in rows(path, STATE)] == ["late"]
    with RawWarehouse(path) as raw:
        raw.execute("update raw_qbo._dlt_loads set status = 0")
    assert failures(project.build(path, *MIRROR)) == []
    assert [row[0] for row in rows(path, STATE)] == ["early", "late"]


def test_shuffled_arrival_equals_a_full_refresh(project: DbtProject, tmp_path: Path) -> None:
    """Forty versions of eight records, deletions among them, arrive in five loads in an order of chance."""
    chance = random.Random(20260630)
    path, whole = tmp_path / "mirror.duckdb", tmp_path / "whole.duckdb"
    versions = [(str(number % 8), number) for number in range(40)]
    chance.shuffle(versions)
    for position in range(5):
        with RawWarehouse(path) as raw:
            raw.load(str(position))
            for record_id, number in versions[position * 8 : position * 8 + 8]:
                if number % 7 == 3:
                    raw.version(
                        "acme",
                        "bills",
                        {"Id": record_id, "status": "Deleted"},
                        load_id=str(position),
                        version_no=number,
                        is_deleted=True,
                        updated_at=OBSERVED + timedelta(days=number),
                        observed_at=OBSERVED + timedelta(days=number),
                    )
                else:
                    _version(raw, record_id, number + 1, day=number, load_id=str(position), version_no=number)
        assert failures(project.build(path, *MIRROR)) == []
    shutil.copy(path, whole)
    assert failures(project.build(whole, *MIRROR, full_refresh=True)) == []
    arrived = rows(path, "select * from staging.stg_qbo__bills order by record_id")
    assert arrived == rows(whole, "select * from staging.stg_qbo__bills order by record_id")
    assert len(arrived) == 8 and any(row[7] for row in arrived)


def test_two_businesses_with_the_same_record_id_do_not_mix(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.version("acme", "bills", bill("7", 100))
        raw.version("other", "bills", bill("7", 200))
    assert failures(project.build(path, *MIRROR)) == []
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.version("other", "bills", bill("7", 250), load_id="2", version_no=2, updated_at=OBSERVED + timedelta(days=1))
    assert failures(project.build(path, *MIRROR)) == []
    assert rows(path, "select business_id, total_amount from staging.stg_qbo__bills order by business_id") == [
        ("acme", 100),
        ("other", 250),
    ]


def test_known_at_sees_only_what_had_been_observed(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        _version(raw, "7", 100, day=1, load_id="1")
        _version(raw, "7", 200, day=2, seen=20, load_id="1", version_no=2)
        _version(raw, "8", 900, day=30, load_id="1")
    assert failures(project.build(path, *MIRROR, known_at="2026-06-10T00:00:00Z")) == []
    assert [row[:2] for row in rows(path, STATE)] == [("7", 100)]


def test_a_view_is_replaced_in_one_statement(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "mirror.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        _version(raw, "7", 100, day=1, load_id="1")
    built = ("--select", "stg_qbo__bills", "stg_qbo__bill_lines")
    assert failures(project.build(path, *built)) == []
    asked = _statements(project, path, *built)["stg_qbo__bill_lines"]
    assert [sql.split()[0] for sql in asked] == ["BEGIN", "create", "COMMIT"]
    assert "create or replace view" in asked[1]
