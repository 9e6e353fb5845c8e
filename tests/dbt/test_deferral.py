"""A run for named businesses leaves large loads of others to the next cycle, and says of whom it did."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from rowcol_assets import deferral
from rowcol_assets.audit.tables import ensure_tables, find_new_loads, mark_logged
from rowcol_assets.deferral import DEFERRED_LOADS, defer_loads
from tests.dbt.asking import rows
from tests.dbt.documents import bill
from tests.dbt.ledgers import build_marts, small_ledger
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

BILLS = "select business_id, count(*) from marts.fct_bills group by 1 order by 1"
STATES = "select business_id, publish_state, held_reason is not null from marts.fct_publish_state order by 1"
ONLY = ("fct_bills", "fct_publish_state")


@pytest.fixture(scope="module")
def filled(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three businesses of which all is modelled and logged; then a bill of acme, one of cog, five of bolt, each in a load of its own."""
    path = tmp_path_factory.mktemp("deferral") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "bolt", "cog"):
            small_ledger(raw, business)
    with duckdb.connect(str(path)) as warehouse:
        ensure_tables(warehouse)
        defer_loads(warehouse, ())
    build_marts(project, path, only=ONLY)
    with duckdb.connect(str(path)) as warehouse:
        find_new_loads(warehouse, ["raw_qbo"])
        mark_logged(warehouse)
    with RawWarehouse(path) as raw:
        for load_id in ("2", "3", "4"):
            raw.load(load_id)
        raw.versions("acme", "bills", [bill("21")], load_id="2")
        raw.versions("cog", "bills", [bill("21")], load_id="3")
        raw.versions("bolt", "bills", [bill(f"{number}") for number in range(21, 26)], load_id="4")
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where four rows are a large load."""
    monkeypatch.setattr(deferral, "LARGE_LOAD_ROWS", 4)
    return Path(shutil.copy(filled, tmp_path))


def left(path: Path, *businesses: str) -> list[tuple[str, str]]:
    with duckdb.connect(str(path)) as warehouse:
        defer_loads(warehouse, businesses)
        return warehouse.execute(f"select * from {DEFERRED_LOADS}").fetchall()


def test_what_is_left_is_neither_modelled_nor_logged_and_its_business_keeps_its_last_state(project: DbtProject, path: Path) -> None:
    assert left(path, "acme") == [("raw_qbo", "4")]
    build_marts(project, path, only=ONLY)
    assert rows(path, BILLS) == [("acme", 3), ("bolt", 2), ("cog", 3)]
    assert rows(path, STATES) == [("acme", "current", False), ("bolt", "held", True), ("cog", "current", False)]
    with duckdb.connect(str(path)) as warehouse:
        find_new_loads(warehouse, ["raw_qbo"], DEFERRED_LOADS)
        assert sorted(warehouse.execute("select load_id from _new_loads").fetchall()) == [("2",), ("3",)]

    assert left(path) == []
    build_marts(project, path, only=ONLY)
    assert rows(path, BILLS) == [("acme", 3), ("bolt", 7), ("cog", 3)]
    assert {state for _, state, _ in rows(path, STATES)} == {"current"}


@pytest.mark.parametrize("asked", [("bolt",), ("acme", "bolt"), ()])
def test_a_load_of_a_business_that_is_asked_for_is_not_left_nor_any_by_a_run_for_all(path: Path, asked: tuple[str, ...]) -> None:
    assert left(path, *asked) == []
