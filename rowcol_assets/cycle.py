"""Runs a job of the code location in this process, as `rowcol run` does: same definitions, same history in the UI.

First it ends runs whose process is gone and frees what they had claimed, which Dagster's daemon would only notice later.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from expectations.evaluate import preload
from ingestion.control.outcomes import SyncOutcome
from ingestion.files import private_dir, process_is_alive
from ingestion.settings import Settings
from ingestion.sync import SyncReport
from rowcol_assets.resources import Platform
from rowcol_assets.schedules import UNFINISHED, run_scope
from rowcol_assets.steps import Say, silent

PID_TAG = "rowcol/pid"
INSTANCE_FILE = Path(__file__).parent.parent / "dagster.yaml"


@dataclass(frozen=True)
class JobReport:
    """How a job ended. failures: one line per failed step; syncs: what its syncs came to."""

    run_id: str
    succeeded: bool
    failures: tuple[str, ...]
    syncs: tuple[SyncReport, ...]

    @property
    def incomplete(self) -> list[SyncOutcome]:
        """The outcomes of connections that could not be read, or not whole."""
        return [outcome for sync in self.syncs for outcome in sync.failed]

    @property
    def rows_new(self) -> int:
        """Versions added to the change log."""
        return sum(sync.rows_new for sync in self.syncs)


def run_job(
    settings: Settings,
    job: str,
    *,
    businesses: Sequence[str] = (),
    rails: Sequence[str] = (),
    strategy: str = "data_fetch",
    delivery: str = "on_demand",
    assets: Sequence[Sequence[str]] | None = None,
    say: Say = silent,
) -> JobReport:
    """Runs `job` for `businesses` (none: all) and waits for its end.

    rails: only these rails' tables are fetched, everything after them is built all the same. assets: only these keys.
    """
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    threading.Thread(target=preload, daemon=True).start()
    from rowcol_assets.definitions import build_definitions

    platform = Platform(settings, say)
    instance = open_instance(settings)
    end_dead_runs(instance)
    definition = build_definitions(settings, overrides={"platform": platform}).resolve_job_def(job)
    result = definition.execute_in_process(
        run_config={
            **run_scope(businesses=list(businesses), strategy=strategy, delivery=delivery),
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        instance=instance,
        raise_on_error=False,
        asset_selection=_selected(definition, rails, assets),
        tags={PID_TAG: str(os.getpid()), "rowcol/strategy": strategy},
    )
    return JobReport(
        result.run_id, result.success, tuple(_failure(event) for event in result.all_events if event.is_step_failure), tuple(platform.syncs)
    )


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The Dagster instance of a home, with the project's `dagster.yaml` linked into it."""
    folder = private_dir(settings.dagster_dir)
    link = folder / "dagster.yaml"
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(INSTANCE_FILE)
    return dg.DagsterInstance.from_config(str(folder))


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fails runs that a process of this host started and did not outlive, and frees their pool slots; returns their ids."""
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[*UNFINISHED, dg.DagsterRunStatus.CANCELING])):
        pid = run.tags.get(PID_TAG, "")
        if pid.isdigit() and not process_is_alive(int(pid)):
            instance.report_run_failed(run, f"its process {pid} is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _selected(definition: dg.JobDefinition, rails: Sequence[str], assets: Sequence[Sequence[str]] | None) -> list[dg.AssetKey] | None:
    if assets is not None:
        return [dg.AssetKey(list(path)) for path in assets]
    if not rails:
        return None
    wanted = {f"raw_{rail}" for rail in rails} | {"raw_control"}
    keys = definition.asset_layer.selected_asset_keys
    return [key for key in keys if not key.path[0].startswith("raw_") or key.path[0] in wanted]


def _failure(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    described = event.step_failure_data.user_failure_data
    text = (described.description if described and described.description else None) or (error.message if error else None) or "no message"
    return f"{event.step_key}: {text.strip().splitlines()[0]}"
