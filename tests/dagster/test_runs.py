"""Runs that meet trouble: a killed one does not hold up the next, a busy warehouse is waited for, what fails for good fails once."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import yaml

from ingestion.clock import wall_clock
from ingestion.errors import RowcolError, WarehouseBusy
from ingestion.settings import child_environment
from ingestion.strategies import DATA_FETCH, STRATEGIES
from ingestion.warehouse import writer_lock
from rowcol_assets import steps
from rowcol_assets.alerts import last_alert
from rowcol_assets.assets.failing import step_of, was_busy
from rowcol_assets.cli.run import raise_if_failed
from rowcol_assets.instance import INSTANCE_FILE, open_instance
from rowcol_assets.jobs import delete_runs
from rowcol_assets.policies import BUSY_RETRY, WAREHOUSE_POOL
from rowcol_assets.resources import Platform
from rowcol_assets.runs import PROCESS_TAG, compares_counts, counts_are_due, end_dead_runs, failure_line, run_tags
from tests.dagster.place import Place, home_settings

PROJECT = Path(__file__).parents[2]

# A step of ours that never ends, in a pool, in a process of its own that tells when it is inside.
STUCK = """
import sys, time
import dagster as dg
from ingestion.settings import load_settings
from rowcol_assets.assets.failing import step_of
from rowcol_assets.instance import open_instance
from rowcol_assets.resources import Platform

@dg.asset(pool="warehouse")
def stuck(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    with step_of(context, platform):
        print("inside", flush=True)
        sys.stdin.read()

settings = load_settings()
definitions = dg.Definitions([stuck], jobs=[dg.define_asset_job("cycle", "*")], resources={"platform": Platform(settings)})
definitions.resolve_job_def("cycle").execute_in_process(instance=open_instance(settings))
"""


def test_a_killed_run_is_ended_its_slot_is_freed_and_the_next_one_runs(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "home")
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=PROJECT, env=child_environment(settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"inside\n"
    with open_instance(settings) as instance:
        claimed = instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL)
        assert claimed.active_slot_count == 1
        assert end_dead_runs(instance) == [], "its process lives"
        process.send_signal(signal.SIGKILL)
        process.wait()
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.STARTED, "nobody was left to say that it ended"
        assert end_dead_runs(instance) == [run.run_id]
        assert instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).active_slot_count == 0
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None and ended.status is dg.DagsterRunStatus.FAILURE
        assert end_dead_runs(instance) == []
        assert _run(instance, settings, lambda: None).success


def test_a_slot_whose_run_is_not_in_the_history_is_freed(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "home")
    with open_instance(settings) as instance:
        instance.event_log_storage.initialize_concurrency_limit_to_default(WAREHOUSE_POOL)
        assert instance.event_log_storage.claim_concurrency_slot(WAREHOUSE_POOL, str(uuid4()), "mirror_control").is_claimed
        assert end_dead_runs(instance) == []
        assert instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).active_slot_count == 0
        assert _run(instance, settings, lambda: None).success


def test_a_run_killed_before_its_first_step_is_ended_by_its_signature(tmp_path: Path) -> None:
    run_id = str(uuid4())
    dead = subprocess.run(
        [sys.executable, "-c", f"from rowcol_assets.runs import signature; print(signature('{run_id}')['rowcol/process'])"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.GraphDefinition("cycle").to_job()
        instance.create_run_for_job(job, run_id=run_id, status=dg.DagsterRunStatus.NOT_STARTED, tags={PROCESS_TAG: dead})
        assert end_dead_runs(instance) == [run_id]


def test_a_retry_that_inherited_the_tags_of_a_dead_run_is_left_alone(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {PROCESS_TAG: "another-run somewhere 1 1"}
        instance.create_run_for_job(dg.GraphDefinition("cycle").to_job(), status=dg.DagsterRunStatus.STARTED, tags=tags)
        assert end_dead_runs(instance) == []


def test_a_busy_warehouse_is_tried_again_by_policy(tmp_path: Path) -> None:
    met: list[str] = []

    def work() -> None:
        met.append("try")
        if len(met) < 2:
            raise WarehouseBusy("the warehouse is held by process 7")

    with dg.DagsterInstance.ephemeral() as instance:
        assert _run(instance, home_settings(tmp_path), work).success
    assert len(met) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RowcolError("not built"), "not built"),
        (ValueError("amount 12.34"), "stopped by an unexpected ValueError"),
        (dg.Failure("no", allow_retries=False), "no"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/acme"),
            "the disk takes nothing more (No space left on device): make room and run again, what is stored is whole",
        ),
    ],
)
def test_what_would_fail_the_same_way_again_fails_once_and_in_one_sentence(error: Exception, told: str, tmp_path: Path) -> None:
    met: list[str] = []

    def work() -> None:
        met.append("try")
        raise error

    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(instance, home_settings(tmp_path), work)
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert met == ["try"] and not was_busy(event)
    assert failure_line(event) == f"work: {told}"


def test_counts_are_compared_once_a_day_and_not_within_a_day_of_the_first_cycle() -> None:
    now = wall_clock()
    with dg.DagsterInstance.ephemeral() as instance:

        def ran(hours_ago: int, *, compared: bool = False, status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> None:
            run = dg.DagsterRun("cycle", tags=run_tags(DATA_FETCH, kind="cycle", **compares_counts(compared)), status=status)
            instance.run_storage.add_historical_run(run, now - timedelta(hours=hours_ago))

        ran(23)
        assert not counts_are_due(instance, now)
        ran(30, compared=True)
        assert counts_are_due(instance, now)
        ran(2, compared=True, status=dg.DagsterRunStatus.FAILURE)
        assert counts_are_due(instance, now)
        ran(1, compared=True)
        assert not counts_are_due(instance, now)


@pytest.mark.xdist_group("dagster-home")
def test_a_person_is_told_at_once_who_holds_the_warehouse(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "writer_lock", partial(writer_lock, wait_seconds=0.1))
    descriptor = os.open(place.settings.lock_path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        report = place.run(assets=[["seeds", "runway_policy"]])
    finally:
        os.close(descriptor)
    assert report.was_busy and not report.succeeded
    with pytest.raises(WarehouseBusy, match="held by"):
        raise_if_failed(report)
    told = last_alert(place.settings)
    assert told is not None and told.subject == report.run_id


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_priority_of_a_strategy_is_the_priority_of_its_runs(name: str) -> None:
    assert run_tags(STRATEGIES[name])["dagster/priority"] == {"data_fetch": "0", "user_action": "10", "bulk_operation": "-10"}[name]


def test_two_slots_are_always_left_for_what_people_ask_for() -> None:
    runs = yaml.safe_load(INSTANCE_FILE.read_text())["concurrency"]["runs"]
    taken = {one["value"]: one["limit"] for one in runs["tag_concurrency_limits"] if one["key"] == "rowcol/strategy"}
    assert set(taken) == set(STRATEGIES) - {"user_action"}
    assert sum(taken.values()) + 2 == runs["max_concurrent_runs"]


def test_retention_deletes_old_runs_with_their_files_and_keeps_the_newer_ones(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "home")
    with open_instance(settings) as instance:
        old = _run(instance, settings, lambda: None).run_id
        between = wall_clock()
        kept = _run(instance, settings, lambda: None).run_id
        broken = _run(instance, settings, _fail).run_id
        assert any(path.name == f"{old}.db" for path in settings.dagster_dir.rglob("*.db"))
        assert delete_runs(instance, [dg.DagsterRunStatus.SUCCESS], between) == 1
        assert {run.run_id for run in instance.get_runs()} == {kept, broken}
        assert [path for path in settings.dagster_dir.rglob("*") if old in path.name] == []
        assert delete_runs(instance, [dg.DagsterRunStatus.SUCCESS], between - timedelta(days=3)) == 0


def _fail() -> None:
    raise RowcolError("no")


def _run(instance: dg.DagsterInstance, settings: Any, action: Any) -> dg.ExecuteInProcessResult:
    """Runs `action` as a step of ours, with the policies steps have but without their pause."""
    policy = dg.RetryPolicy(max_retries=BUSY_RETRY.max_retries)

    @dg.asset(retry_policy=policy, pool=WAREHOUSE_POOL)
    def work(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
        with step_of(context, platform):
            action()

    definitions = dg.Definitions([work], jobs=[dg.define_asset_job("cycle", "*")], resources={"platform": Platform(settings)})
    return definitions.resolve_job_def("cycle").execute_in_process(instance=instance, raise_on_error=False)
