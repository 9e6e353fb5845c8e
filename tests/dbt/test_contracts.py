"""Under a contract a relation has its columns, types and descriptions, made anew or added to; another one is refused before it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.asking import rows
from tests.dbt.project import DbtProject, failures
from tests.dbt.rawfill import RawWarehouse

# A table and one that is added to, of few parents each.
TABLE, ADDED_TO = "fct_connection_health", "fct_api_health"
BUILT = ("--select", f"+{TABLE}", f"+{ADDED_TO}", "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contracts") / "warehouse.duckdb"
    with RawWarehouse(path):
        pass
    assert failures(project.build(path, *BUILT)) == []
    return path


@pytest.mark.parametrize("name", [TABLE, ADDED_TO])
def test_a_relation_is_described_when_it_is_made_and_when_the_words_change(project: DbtProject, warehouse: Path, name: str) -> None:
    model = project.manifest.nodes[f"model.rowcol.{name}"]
    told = "select column_name, comment from duckdb_columns() where schema_name = 'marts' and table_name = ? order by column_index"
    assert dict(rows(warehouse, told, [name])) == {column: one.description for column, one in model.columns.items()}
    about = "select comment from duckdb_tables() where schema_name = 'marts' and table_name = ?"
    assert rows(warehouse, about, [name]) == [(model.description,)]
    before, model.columns["business_id"].description = model.columns["business_id"].description, 'Whose it\'s, "said" anew.'
    try:
        assert failures(project.build(warehouse, "--select", name, "--exclude-resource-type", "test")) == []
    finally:
        model.columns["business_id"].description = before
    assert dict(rows(warehouse, told, [name]))["business_id"] == 'Whose it\'s, "said" anew.'


def _of_another_type(columns: dict[str, Any]) -> None:
    columns["business_id"] = columns["business_id"].replace(data_type="integer")


def _with_one_more(columns: dict[str, Any]) -> None:
    columns["more"] = columns["business_id"].replace(name="more")


def _with_one_less(columns: dict[str, Any]) -> None:
    del columns["rail"]


@pytest.mark.parametrize("name", [TABLE, ADDED_TO])
@pytest.mark.parametrize("changed", [_of_another_type, _with_one_more, _with_one_less])
def test_a_model_that_is_not_its_contracts_is_refused_and_the_table_stays(
    project: DbtProject, warehouse: Path, name: str, changed: Callable[[dict[str, Any]], None]
) -> None:
    model = project.manifest.nodes[f"model.rowcol.{name}"]
    before = dict(model.columns)
    changed(model.columns)
    try:
        (line,) = failures(project.build(warehouse, "--select", name, "--full-refresh", "--exclude-resource-type", "test"))
    finally:
        model.columns.clear()
        model.columns.update(before)
    assert f"error {name}: " in line and "enforced contract that failed" in line
    with duckdb.connect(str(warehouse), read_only=True) as file:
        assert file.execute(f"select count(*) from (describe marts.{name})").fetchone() == (len(before),)
