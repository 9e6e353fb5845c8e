"""What the platform's runner relies on: one manifest for every file and every variable, a file that is free afterwards, and two steps."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import cleanup_event_logger, get_event_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from rowcol_assets.dbt_events import hear
from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, vendor
from tests.dbt.project import AFTER, BEFORE, DbtProject, failures
from tests.dbt.rawfill import RawWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def _acme(path: Path) -> None:
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW)
        raw.version("acme", "accounts", account("35", "Bank", 1000))
        raw.version("acme", "vendors", vendor("1"))
        raw.version("acme", "bills", bill("7", 100, DueDate="2026-06-29"))


def test_one_manifest_serves_any_file_and_any_date(project: DbtProject, tmp_path: Path) -> None:
    """The file's stem is not baked into the manifest, and variables are read when a model runs."""
    for stem, as_of_date, bucket in (("warehouse", "", "d1_30"), ("as_of_2026_06_29", "2026-06-29", "current")):
        path = tmp_path / f"{stem}.duckdb"
        _acme(path)
        assert failures(project.build(path, "--select", "+fct_ap_aging", as_of_date=as_of_date)) == []
        assert rows(path, "select bucket from marts.fct_ap_aging") == [(bucket,)]


def test_views_of_a_renamed_file_still_find_what_they_read(project: DbtProject, tmp_path: Path) -> None:
    _acme(tmp_path / "warehouse.duckdb")
    assert failures(project.build(tmp_path / "warehouse.duckdb", "--select", "+int_ledger_bills")) == []
    moved = (tmp_path / "warehouse.duckdb").rename(tmp_path / "elsewhere.duckdb")
    assert rows(moved, "select count(*) from intermediate.int_ledger_bills") == [(1,)]


def test_the_file_is_free_for_another_process_after_a_run(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    _acme(path)
    assert failures(project.build(path, "--select", "+stg_qbo__bills")) == []
    assert not path.with_suffix(".duckdb.wal").exists()
    program = f"import duckdb; duckdb.connect({str(path)!r}).execute('create table main.t as select 1')"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize(("debug", "levels"), [(False, ["info"]), (True, ["debug", "info"])])
def test_what_dbt_says_of_each_query_is_put_together_only_on_request(debug: bool, levels: list[str]) -> None:
    hear(debug=debug)
    heard: list[str] = []
    get_event_manager().add_callback(lambda event: heard.append(event.info.level))
    for level in (EventLevel.DEBUG, EventLevel.INFO):
        fire_event(Note(msg="select 1"), level=level)
    cleanup_event_logger()
    assert heard == levels


def test_the_second_step_is_what_hangs_on_the_checks_results_and_nothing_else(project: DbtProject) -> None:
    manifest: Manifest = project.manifest
    after = _descendants(manifest, "source.rowcol.quality.", "source.rowcol.audit.")
    names = {unique_id.split(".")[-1] for unique_id in after if unique_id.startswith("model.")}
    assert names == {
        "collections_queue",
        "decision_console",
        "dim_business",
        "fct_custody_chain",
        "fct_guardrail",
        "fct_guardrail_backtest",
        "fct_hygiene_flag",
        "fct_hygiene_score",
        "fct_runway_bridge",
        "fct_runway_daily",
        "fct_runway_history",
        "fct_runway_items",
        "int_bill_approvals",
        "int_commitments",
        "int_guardrail_floors",
        "int_guardrail_policy",
        "int_runway_bridge",
        "int_runway_moves",
        "int_runway_windows",
        "fct_payment_ready_bills",
        "fct_publish_state",
        "fct_service_level",
        "fct_variance_weekly",
        "digest",
        "hygiene_tray",
        "portfolio",
        "stg_business_floors",
        "stg_logged_approvals",
    }


@pytest.fixture(scope="module")
def steps(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A warehouse built from nothing in the two steps of a cycle, and what dbt said of each."""
    path = tmp_path_factory.mktemp("steps") / "warehouse.duckdb"
    _acme(path)
    return path, [project.build(path, *step) for step in (BEFORE, AFTER)]


def test_each_test_is_run_by_exactly_one_step(project: DbtProject, steps: tuple[Path, list[Any]]) -> None:
    runs: Counter[str] = Counter()
    for result in steps[1]:
        assert failures(result) == []
        runs.update(run.node.unique_id for run in result.result if run.node.unique_id.startswith("test."))
    declared = {unique_id for unique_id in project.manifest.nodes if unique_id.startswith("test.")}
    assert set(runs) == declared
    assert {test: count for test, count in runs.items() if count != 1} == {}


def test_the_projects_own_unit_tests_pass(project: DbtProject, steps: tuple[Path, list[Any]]) -> None:
    result = project.unit_tests(steps[0])
    assert failures(result) == [] and len(result.result) >= 7


def test_a_table_with_other_columns_than_its_model_is_given_them_or_refused_as_the_model_says(
    project: DbtProject, steps: tuple[Path, list[Any]], tmp_path: Path
) -> None:
    path = Path(shutil.copy(steps[0], tmp_path / "warehouse.duckdb"))
    rows(path, "alter table marts.fct_cash drop column account_name")
    assert failures(project.build(path, "--select", "fct_cash")) == []
    assert rows(path, "select account_name from marts.fct_cash") == [("Bank 35",)]
    rows(path, "alter table staging.stg_qbo__bills alter column total_amount type varchar")
    (told,) = failures(project.build(path, "--select", "stg_qbo__bills"))
    assert told.startswith("error stg_qbo__bills: ") and "schema" in told
    rows(path, "alter table staging.stg_qbo__bills alter column total_amount type decimal(18, 2)")
    assert failures(project.build(path, "--select", "stg_qbo__bills")) == []


def _descendants(manifest: Manifest, *prefixes: str) -> set[str]:
    manifest.build_parent_and_child_maps()
    found: set[str] = set()
    waiting = [unique_id for unique_id in manifest.child_map if unique_id.startswith(prefixes)]
    while waiting:
        for child in manifest.child_map[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found
