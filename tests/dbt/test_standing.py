"""What stands as it is is what a build would make again: seeds, views that read no variable, mirrors without news."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb

from rowcol_assets.standing import constant_nodes, remember_built, standing_nodes
from rowcol_assets.transform import DUE, read_manifest
from tests.dbt.documents import bill, vendor
from tests.dbt.project import DbtProject, failures
from tests.dbt.rawfill import OBSERVED, RawWarehouse

MIRROR, VIEW, SEED = "model.rowcol.stg_qbo__bills", "model.rowcol.stg_qbo__bill_lines", "seed.rowcol.hygiene_catalogue"
POLICY = "seed.rowcol.runway_policy"


def _standing(path: Path) -> set[str]:
    with duckdb.connect(str(path)) as warehouse:
        return set(standing_nodes(warehouse))


def test_a_node_stands_until_its_code_its_sources_columns_or_its_news_say_otherwise(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.version("acme", "bills", bill("7", 100), record_id="7", load_id="1", updated_at=OBSERVED)
    assert failures(project.build(path, "--select", "stg_qbo__bills", "stg_qbo__bill_lines", "hygiene_catalogue")) == []
    assert _standing(path) == set(), "not known to be built to the end"
    with duckdb.connect(str(path)) as warehouse:
        remember_built(warehouse)
    assert _standing(path) == {MIRROR, VIEW, SEED}
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("create schema intermediate")
        warehouse.execute("create view intermediate.int_runway_windows as select 'acme' as business_id")
    assert _standing(path) == {MIRROR, VIEW, SEED}, "what the second step makes is no matter of the first"
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.version("acme", "vendors", vendor("1"), load_id="2")
    assert _standing(path) == {MIRROR, VIEW, SEED}, "a load of other tables is no news"
    with RawWarehouse(path) as raw:
        raw.load("3", status=1)
        raw.version("acme", "bills", bill("7", 300), record_id="7", load_id="3", updated_at=OBSERVED + timedelta(days=1), version_no=2)
    assert _standing(path) == {MIRROR, VIEW, SEED}, "nor is a load that is not finished"
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("update raw_qbo._dlt_loads set status = 0")
    assert _standing(path) == {VIEW, SEED}
    assert failures(project.build(path, "--select", "stg_qbo__bills")) == []
    assert _standing(path) == {MIRROR, VIEW, SEED}
    with duckdb.connect(str(path)) as warehouse:
        assert warehouse.execute("select total_amount from staging.stg_qbo__bills").fetchall() == [(300,)]
        warehouse.execute("drop view staging.stg_qbo__bill_lines")
    assert _standing(path) == {MIRROR, SEED}
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("alter table raw_control.grants add column more varchar")
    assert _standing(path) == set()
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("alter table raw_control.grants drop column more")
    assert _standing(path) == set(), "what was forgotten is built once more"


def test_what_stands_is_not_built_and_all_else_of_the_step_is(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    selected = [f"{name},tag:{DUE}" for name in ("runway_policy", "guardrail_policy")]
    with RawWarehouse(path):
        pass
    built = project.build(path, "--select", *selected, standing=frozenset({POLICY}))
    assert [one.node.name for one in built.result if one.node.resource_type == "seed"] == ["guardrail_policy"]
    built = project.build(path, "--select", *selected)
    assert {one.node.name for one in built.result if one.node.resource_type == "seed"} == {"guardrail_policy", "runway_policy"}


def test_what_is_taken_for_constant_is_the_same_at_every_run(project: DbtProject, tmp_path: Path) -> None:
    manifest = read_manifest()
    nodes = [manifest["nodes"][unique_id] for unique_id in constant_nodes(manifest)]
    constant = [node["name"] for node in nodes if node["resource_type"] == "model"]
    assert len(constant) > 50
    first, second = (
        project.compiled(tmp_path / "warehouse.duckdb", constant, now=now, as_of_date=as_of, known_at=known_at)
        for now, as_of, known_at in (("2026-06-30T12:00:00Z", "", ""), ("2026-07-02T08:00:00Z", "2026-05-31", "2026-06-10T00:00:00Z"))
    )
    assert first == second
    assert set(first) == set(constant)
