"""The history of runs: what is written over connections that stay open is what Dagster itself reads, also after a kill."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from ingestion.settings import Settings, child_environment
from rowcol_assets.event_log import OPEN_AT_ONCE, EventLog
from rowcol_assets.instance import INSTANCE_FILE, open_instance
from tests.dagster.place import home_settings

KILLED = """
import os, signal, sys
import dagster as dg
from ingestion.settings import load_settings
from rowcol_assets.instance import open_instance

@dg.asset
def thing() -> None: ...

with open_instance(load_settings()) as instance:
    dg.materialize([thing], instance=instance)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@dg.asset
def thing() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 7})


@dg.asset(pool="warehouse")
def pooled() -> None: ...


def materializations(instance: dg.DagsterInstance) -> int:
    return len(instance.fetch_materializations(dg.AssetKey("thing"), limit=100).records)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home_settings(tmp_path / "home")


def test_dagsters_own_storage_reads_it_while_it_is_open(settings: Settings) -> None:
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        run = dg.materialize([thing], instance=instance)
        own = DagsterSqliteStorage(str(settings.dagster_dir))
        theirs = own.event_log_storage.get_logs_for_run(run.run_id)
        assert theirs == instance.event_log_storage.get_logs_for_run(run.run_id)
        assert [event.dagster_event_type for event in theirs].count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 1
        assert len(own.event_log_storage.get_asset_records([dg.AssetKey("thing")])) == 1


def test_a_run_opens_few_databases_and_not_one_per_event(settings: Settings, tmp_path: Path) -> None:
    opened: list[str] = []

    def note(connection: sqlite3.Connection, _: object) -> None:
        opened.append(connection.execute("pragma database_list").fetchone()[2])

    sa.event.listen(sa.pool.Pool, "connect", note)
    try:
        with open_instance(settings) as instance:
            opened.clear()
            dg.materialize([thing], instance=instance)
            ours = sum("/history/runs/" in file for file in opened)
        own = tmp_path / "dagsters own"
        own.mkdir()
        with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(own))) as instance:
            opened.clear()
            dg.materialize([thing], instance=instance)
            dagsters = sum("/history/runs/" in file for file in opened)
    finally:
        sa.event.remove(sa.pool.Pool, "connect", note)
    # Its own, that of all runs, and that once more for a question about its tables.
    assert (ours, dagsters) == (3, 21)


def test_more_runs_than_stay_open_are_all_read(settings: Settings) -> None:
    with open_instance(settings) as instance:
        runs = [dg.materialize([thing], instance=instance).run_id for _ in range(OPEN_AT_ONCE + 2)]
        assert all(instance.event_log_storage.get_logs_for_run(run) for run in runs)
        assert materializations(instance) == len(runs)


def test_a_killed_process_leaves_what_it_wrote(settings: Settings) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], env=child_environment(settings), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with open_instance(settings) as instance:
        assert materializations(instance) == 1
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS]


def test_it_can_be_wiped_and_written_again(settings: Settings) -> None:
    with open_instance(settings) as instance:
        dg.materialize([thing], instance=instance)
        instance.wipe()
        assert materializations(instance) == 0
        dg.materialize([thing], instance=instance)
        assert materializations(instance) == 1


@pytest.mark.parametrize("older", [Path.symlink_to, Path.write_bytes], ids=["a link", "a file of before"])
def test_a_home_made_earlier_gets_the_configuration_of_now(settings: Settings, older: Callable[..., object]) -> None:
    file = settings.dagster_dir / "dagster.yaml"
    file.parent.mkdir(parents=True)
    older(file, INSTANCE_FILE if older is Path.symlink_to else b"telemetry: {enabled: true}")
    with open_instance(settings):
        pass
    assert not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ours = yaml.safe_load(INSTANCE_FILE.read_text())
    assert yaml.safe_load(file.read_text()) == {
        **ours,
        "storage": {
            "custom": {"module": "rowcol_assets.event_log", "class": "RunHistory", "config": {"base_dir": str(settings.dagster_dir)}}
        },
    }


def test_a_run_that_waits_for_a_slot_leaves_the_processor_to_others(settings: Settings) -> None:
    with open_instance(settings) as instance:
        log = instance.event_log_storage
        log.initialize_concurrency_limit_to_default("warehouse")
        assert log.claim_concurrency_slot("warehouse", "another run", "its step").is_claimed
        threading.Timer(3.0, lambda: log.free_concurrency_slots_for_run("another run")).start()
        started, computed = time.monotonic(), time.thread_time()
        assert dg.materialize([pooled], instance=instance).success
        assert time.monotonic() - started > 2.0, "it has not waited"
        assert time.thread_time() - computed < 1.0


def test_what_a_run_plans_is_written_in_few_transactions_and_read_by_dagster(settings: Settings) -> None:
    keys = [dg.AssetKey(f"part_{number}") for number in range(50)]

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in keys])
    def parts() -> Iterator[dg.MaterializeResult[None]]:
        yield from (dg.MaterializeResult(asset_key=key) for key in keys)

    commits = 0

    def count(_: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    with open_instance(settings) as instance:
        job = dg.Definitions([parts]).resolve_implicit_global_asset_job_def()
        sa.event.listen(sa.Engine, "commit", count)
        try:
            run = instance.create_run_for_job(job)
        finally:
            sa.event.remove(sa.Engine, "commit", count)
        own = DagsterSqliteStorage(str(settings.dagster_dir)).event_log_storage
        planned = own.get_logs_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        assert {event.asset_key for entry in planned if (event := entry.dagster_event)} == set(keys)
        assert {record.asset_entry.last_run_id for record in own.get_asset_records(keys)} == {run.run_id}
    assert commits < len(keys)
