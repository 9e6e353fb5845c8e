"""Rails as a list: each registered one is complete, and a fifth is one folder, one line and one dbt folder."""

from __future__ import annotations

import csv
import http.server
import importlib
import importlib.util
import inspect
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from ingestion.budget import Budget
from ingestion.entity_promises import SEED_PATH
from ingestion.promise import RailPromise
from ingestion.registry import RAILS
from ingestion.settings import Settings, child_environment
from rowcol_assets.assets.rails import budget_check
from rowcol_assets.transform import read_manifest
from tests.dagster.place import home_settings

PROJECT = Path(__file__).parents[2]
TOY = Path(__file__).with_name("toy_rail")

RAIL = pytest.mark.parametrize("rail", RAILS.values(), ids=lambda rail: rail.name)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return read_manifest()


@RAIL
def test_a_rail_states_its_promise_whole(rail: RailPromise) -> None:
    form = rail.credentials
    assert form.connection_field in form.required if form.connection_field else rail.identify
    assert form.refresh_field in (None, *form.required, *form.optional)
    assert form.base_url.startswith("https://") and form.auth_url.startswith("https://")
    names = [promise.name for promise in rail.entities]
    assert len(names) == len(set(names)) and names
    assert [
        promise.name for promise in rail.entities if not (promise.description and (promise.key or promise.is_single) and promise.order)
    ] == []
    assert rail.title and rail.domain and rail.feed


@RAIL
def test_a_rail_can_be_fetched(rail: RailPromise) -> None:
    module, _, name = rail.fetch.partition(":")
    assert module.startswith(f"ingestion.rails.{rail.name}.")
    fetch = getattr(importlib.import_module(module), name)
    assert inspect.iscoroutinefunction(fetch)
    assert list(inspect.signature(fetch).parameters) == ["session", "connection", "entities", "traffic"]


def test_the_months_calls_are_a_check_that_fails_before_the_cap_and_has_nothing_to_say_without_one() -> None:
    def result(cap: int | None) -> dg.AssetCheckResult:
        return budget_check(Budget("plaid", datetime(2026, 9, 15, tzinfo=UTC), cap, 400, 910, 0), dg.AssetKey(["raw_plaid", "items"]))

    assert [result(cap).passed for cap in (1_000, 1_100, None)] == [False, True, True]
    assert [result(cap).metadata["allowed"].value for cap in (1_000, None)] == [1_000, "no cap is set"]


@RAIL
def test_each_raw_table_is_a_source_with_a_staging_model_of_its_own(rail: RailPromise, manifest: dict[str, Any]) -> None:
    tables = {promise.name for promise in rail.entities}
    sources = {node["name"] for node in manifest["sources"].values() if node["schema"] == f"raw_{rail.name}"}
    assert sources - {"_dlt_loads"} == tables
    read_by: dict[str, set[str]] = {}
    for node in manifest["nodes"].values():
        for parent in node.get("depends_on", {}).get("nodes", []):
            if parent.startswith(f"source.rowcol.raw_{rail.name}.") and node["resource_type"] == "model":
                read_by.setdefault(parent.split(".")[-1], set()).add(node["name"])
    assert {table for table in tables if f"stg_{rail.name}__{table}" not in read_by.get(table, set())} == set()


@RAIL
def test_the_mirrors_order_versions_as_the_promise_says(rail: RailPromise) -> None:
    """Which rails stamp their versions is told to dbt once, as a variable; `newest_first` in macros/versions.sql orders by it."""
    stamping = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text())["vars"]["stamping_rails"]
    assert rail.versioned == (rail.name in stamping)
    first = "source_updated_at" if rail.versioned else "observed_at"
    assert {promise.order[0] for promise in rail.entities} == {first}


@RAIL
def test_each_entity_has_its_promise_in_the_seed(rail: RailPromise) -> None:
    with SEED_PATH.open(newline="") as file:
        listed = {row["entity"] for row in csv.DictReader(file) if row["rail"] == rail.name}
    assert listed == {promise.name for promise in rail.entities}


@RAIL
def test_each_rail_has_a_sandbox(rail: RailPromise) -> None:
    assert importlib.util.find_spec(f"sandbox.{rail.name}.app") is not None


class _Things(http.server.BaseHTTPRequestHandler):
    """The toy vendor: two things behind a key."""

    things = ({"id": "1", "name": "anvil", "price": "12.50"}, {"id": "2", "name": "rope", "price": "3.00"})

    def do_GET(self) -> None:
        if self.path != "/things":
            self.send_error(404)
        elif self.headers["Authorization"] != "Bearer toy-key":
            self.send_error(401)
        else:
            body = json.dumps(self.things).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def vendor() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Things) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_fifth_rail_is_a_folder_a_line_and_a_dbt_folder(vendor: str, tmp_path: Path) -> None:
    project, settings = tmp_path / "project", home_settings(tmp_path / "home")
    add_toy_rail(project)
    run(project, settings, "-m", "ingestion.entity_promises")
    run(project, settings, "-m", "rowcol_assets.transform")
    told = json.loads(run(project, settings, str(TOY / "drive.py"), vendor).splitlines()[-1])
    assert told["assets"] == ["raw_toy/things", "staging/stg_toy__things"]
    assert told["checks"] == ["raw_toy/things calls_fit_the_month", "raw_toy/things every_connection_was_read"]
    assert told["runs"] == [[True, [], 2], [True, [], 0]], "the second time there is nothing new"
    warehouse = duckdb.connect(str(settings.warehouse_path))
    try:
        assert warehouse.execute("select record_id, thing_name, price_amount from staging.stg_toy__things order by 1").fetchall() == [
            ("1", "anvil", Decimal("12.50")),
            ("2", "rope", Decimal("3.00")),
        ]
        fresh = "select rail, entity, tier, freshness_state from marts.fct_rail_freshness"
        assert warehouse.execute(fresh).fetchall() == [("toy", "things", "critical", "fresh")]
        assert warehouse.execute("select rails_used from experiences.portfolio").fetchall() == [("toy",)]
    finally:
        warehouse.close()
    assert list((settings.raw_dir / "toy" / "things").glob("*.parquet"))


def add_toy_rail(project: Path) -> None:
    """Copies the project and adds the toy rail to it, in the three places a rail takes."""
    for folder in ("ingestion", "expectations", "rowcol_assets", "dbt_project"):
        shutil.copytree(PROJECT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    for file in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / file, project / file)
    shutil.copytree(TOY / "rail", project / "ingestion" / "rails" / "toy")
    shutil.copytree(TOY / "staging", project / "dbt_project" / "models" / "staging" / "toy")
    registry = project / "ingestion" / "registry.py"
    text = registry.read_text()
    listed, begins = "for rail in (QBO", "RAILS: "
    assert text.count(listed) == 1 and text.count(begins) == 1
    named = text.replace(listed, "for rail in (TOY, QBO").replace(begins, f"from ingestion.rails.toy.promise import TOY\n\n{begins}")
    registry.write_text(named)


def run(project: Path, settings: Settings, *arguments: str) -> str:
    """The output of a program run inside the copied project."""
    # Each program would compile all of the copy anew.
    environment = child_environment(settings, PYTHONPATH=str(project), PYTHONDONTWRITEBYTECODE="")
    done = subprocess.run([sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
