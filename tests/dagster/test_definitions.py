"""What is defined: names, groups, owners, descriptions and metadata of every asset, and the cut between the two dbt steps."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.promise import TIERS
from ingestion.registry import RAILS
from ingestion.settings import child_environment
from ingestion.strategies import STRATEGIES
from rowcol_assets.assets.models import model_assets
from rowcol_assets.code_location import build_definitions
from rowcol_assets.resources import RunScope, StrategyName
from rowcol_assets.transform import read_manifest
from rowcol_assets.translators import ModelTranslator
from tests.dagster.place import home_settings
from tests.dagster.snapshot import SNAPSHOT, snapshot

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return read_manifest()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_name_is_the_one_in_the_snapshot(definitions: dg.Definitions) -> None:
    assert snapshot(definitions).splitlines() == SNAPSHOT.read_text().splitlines(), "meant? then: python -m tests.dagster.snapshot"


def test_every_asset_is_one_of_ours_and_says_what_it_is(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]) -> None:
    graph = definitions.resolve_asset_graph()
    assert {node.group_name for node in graph.asset_nodes if not node.is_materializable} == {"exposures"}
    bare = [
        name
        for name, spec in specs.items()
        if not (spec.description and spec.owners and spec.kinds and spec.group_name == spec.key.path[0] and "layer" in spec.tags)
    ]
    assert bare == []


def test_every_key_is_schema_and_table_and_the_relation_is_named_the_same(specs: dict[str, dg.AssetSpec]) -> None:
    assert {name for name in specs if name.count("/") != 1} == set()
    named = {
        name: spec.metadata.get("dagster/table_name") for name, spec in specs.items() if spec.group_name not in ("published", "exposures")
    }
    assert {name: table for name, table in named.items() if table != name.replace("/", ".")} == {}


def test_every_asset_of_the_code_location_is_written_by_code_one_can_open(specs: dict[str, dg.AssetSpec]) -> None:
    files = {
        name: {Path(reference.file_path) for reference in spec.metadata["dagster/code_references"].code_references}
        for name, spec in specs.items()
    }
    assert {path for paths in files.values() for path in paths if not path.exists()} == set()
    assert PROJECT / "dbt_project/models/marts/fct_ap_aging.sql" in files["marts/fct_ap_aging"]


def test_raw_tables_carry_what_their_rail_promises(specs: dict[str, dg.AssetSpec]) -> None:
    for rail in RAILS.values():
        for promise in rail.entities:
            spec = specs[f"raw_{rail.name}/{promise.name}"]
            bounds = TIERS[promise.tier]
            assert spec.freshness_policy == dg.FreshnessPolicy.time_window(
                fail_window=timedelta(minutes=bounds.aging_minutes), warn_window=timedelta(minutes=bounds.fresh_minutes)
            )
            assert spec.metadata["tier"] == promise.tier and spec.metadata["pattern"] == promise.pattern
            assert rail.name in spec.kinds and spec.tags["rail"] == rail.name


def test_tables_that_people_read_show_columns_with_types(specs: dict[str, dg.AssetSpec]) -> None:
    shown = {"marts", "experiences", "raw_qbo", "raw_control"}
    for name, spec in specs.items():
        schema = spec.metadata.get("dagster/column_schema")
        if spec.group_name in shown:
            assert schema is not None and schema.columns, name
        assert schema is None or all(column.type != "?" for column in schema.columns), name


def test_no_step_that_waits_for_vendors_keeps_others_out_of_the_warehouse(definitions: dg.Definitions) -> None:
    pools = {node.name: node.pool for node in definitions.resolve_job_def("cycle").all_node_defs if isinstance(node, dg.OpDefinition)}
    assert {name for name, pool in pools.items() if pool is None} == {"mirror_control", *(f"sync_{rail}" for rail in RAILS)}


def test_what_hangs_on_the_checks_results_is_the_second_step_and_nothing_else(manifest: dict[str, Any]) -> None:
    translator = ModelTranslator()
    before, after = model_assets("before", manifest, translator), model_assets("after", manifest, translator)
    built = {unique_id: node for unique_id, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "snapshot")}
    results = ("source.rowcol.quality.", "source.rowcol.audit.")
    late = {translator.get_asset_key(built[unique_id]) for unique_id in _descendants(manifest, results) if unique_id in built}
    assert after.keys == late and late
    assert before.keys | after.keys == {translator.get_asset_key(node) for node in built.values()}
    assert before.keys.isdisjoint(after.keys)


def test_each_dbt_test_is_a_check_of_exactly_one_step(manifest: dict[str, Any]) -> None:
    translator = ModelTranslator()
    before, after = model_assets("before", manifest, translator), model_assets("after", manifest, translator)
    steps = [{key.name for key in step.check_keys} for step in (before, after)]
    assert steps[0].isdisjoint(steps[1])
    assert steps[0] | steps[1] == {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}


def test_each_exposure_hangs_on_the_published_files_and_on_what_it_shows(manifest: dict[str, Any], specs: dict[str, dg.AssetSpec]) -> None:
    hangs_on = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs.items()}
    models = {unique_id: f"{node['schema']}/{node['name']}" for unique_id, node in manifest["nodes"].items()}
    for exposure in manifest["exposures"].values():
        shown = {models[unique_id] for unique_id in exposure["depends_on"]["nodes"]}
        assert hangs_on.pop(f"exposures/{exposure['name']}") == {"published/advisors", *shown}
    assert [name for name in hangs_on if name.startswith("exposures/")] == []


def test_a_view_of_the_whole_graph_reaches_from_the_rails_to_the_published_files(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    published = dg.AssetKey(["published", "advisors"])
    above = dg.AssetSelection.assets(published).upstream().resolve(graph)
    reached = {key.path[0] for key in above}
    assert {"raw_qbo", "raw_control", "staging", "intermediate", "quality", "audit", "marts", "experiences", "seeds"} <= reached
    # The log tells of grants, and the chain of custody reads the log.
    raw = {key for key in graph.materializable_asset_keys if key.path[0].startswith("raw_")}
    assert raw <= above


def test_building_twice_gives_the_same_and_opens_nothing(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "home")
    assert snapshot(build_definitions(settings)) == snapshot(build_definitions(settings))
    assert not settings.home.exists()


def test_resources_can_be_replaced_from_outside(tmp_path: Path) -> None:
    fake = object()
    definitions = build_definitions(home_settings(tmp_path / "home"), overrides={"platform": fake})
    assert definitions.resources is not None and definitions.resources["platform"] is fake


def test_the_scope_knows_the_strategies_and_no_other() -> None:
    assert set(StrategyName.__args__) == set(STRATEGIES)  # type: ignore[attr-defined]
    assert set(RunScope.model_fields) == {"businesses", "strategy", "delivery", "count_check"}


def test_dagsters_own_validation_accepts_the_workspace(tmp_path: Path) -> None:
    environment = child_environment(home_settings(tmp_path / "home"), DAGSTER_HOME=str(tmp_path))
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walls_between_the_packages_stand() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=PROJECT, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _descendants(manifest: dict[str, Any], prefixes: str | tuple[str, ...]) -> set[str]:
    children: dict[str, list[str]] = manifest["child_map"]
    found: set[str] = set()
    waiting = [unique_id for unique_id in children if unique_id.startswith(prefixes)]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found
