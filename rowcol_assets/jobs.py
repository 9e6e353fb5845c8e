"""Jobs: the cycle, its fetch-and-load part, and the retention of Dagster's own history."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from ingestion.clock import wall_clock
from ingestion.control.inbox import prune_arrivals
from ingestion.control.live_cache import prune_answers
from ingestion.errors import RowcolError
from ingestion.registry import RAILS
from ingestion.strategies import DATA_FETCH
from rowcol_assets.alerts import trim_alerts
from rowcol_assets.resources import Platform
from rowcol_assets.runs import run_tags
from rowcol_assets.steps import withdraw_after_failure

# A cycle writes about 4 MB of events, and there are 96 a day: what succeeded soon tells nobody anything.
KEPT_RUNS = timedelta(days=3)
KEPT_FAILED_RUNS = timedelta(days=14)
DELETED_AT_ONCE = 1000

RAW = dg.AssetSelection.groups(*(f"raw_{rail}" for rail in RAILS), "raw_control")

# Cycles are short and overlap badly: one that is stuck is ended, and its locks with it.
LONGEST_RUN = {"dagster/max_runtime": "3600"}


@dg.failure_hook(required_resource_keys={"platform"})
def withdraw_ended_grants(context: dg.HookContext) -> None:
    """After a step that failed: no file goes on showing a client whose grant has ended, for as many cycles as fail before they publish.

    Only the first of a run's failures waits for the warehouse: where another program holds it, all rails fail for that.
    """
    platform: Platform = context.resources.platform
    failures = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    waits = not failures or failures[0].step_key == context.step_key
    try:
        withdraw_after_failure(platform.settings, platform.store, platform.clock_of(context.run_id)(), context.run_id, waits=waits)
    except RowcolError as error:
        context.log.error(str(error))


cycle_job = dg.define_asset_job(
    "cycle",
    selection=dg.AssetSelection.all(),
    description="One whole cycle: rails, control, models, Great Expectations, models, publish.",
    hooks={withdraw_ended_grants},
    tags={**run_tags(DATA_FETCH, kind="cycle"), **LONGEST_RUN},
)

sync_job = dg.define_asset_job(
    "sync",
    selection=RAW,
    description="Fetch and load only, for the businesses and tables of the run.",
    tags={**run_tags(DATA_FETCH, kind="sync"), **LONGEST_RUN},
)


@dg.op(description="Deletes runs older than the retention, with their events and logs.")
def delete_old_runs(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Dagster keeps every event for ever: a cycle of hundreds of assets every 15 minutes would fill the disk."""
    now = wall_clock()
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED]
    deleted = delete_runs(context.instance, ended, now - KEPT_RUNS)
    deleted += delete_runs(context.instance, [dg.DagsterRunStatus.FAILURE], now - KEPT_FAILED_RUNS)
    trim_alerts(platform.settings)
    prune_arrivals(platform.store.database)
    prune_answers(platform.store.database)
    context.log.info(f"{deleted} runs deleted")


@dg.job(
    name="retention",
    description="Retention of Dagster's run and event history: successful runs 3 days, failed ones 14.",
    tags={"rowcol/kind": "retention"},
)
def retention_job() -> None:
    """See `delete_old_runs`."""
    delete_old_runs()


def delete_runs(instance: dg.DagsterInstance, statuses: list[dg.DagsterRunStatus], before: datetime) -> int:
    """Deletes ended runs created before an instant and returns their number.

    Dagster empties the file of a run's events but leaves it, and leaves its captured logs, so both are removed here.
    """
    old = instance.get_run_records(dg.RunsFilter(statuses=statuses, created_before=before), limit=DELETED_AT_ONCE)
    root = Path(instance.root_directory)
    for run_id in (record.dagster_run.run_id for record in old):
        instance.delete_run(run_id)
        for events in (root / "history" / "runs").glob(f"{run_id}.db*"):
            events.unlink()
        shutil.rmtree(root / "storage" / run_id, ignore_errors=True)
    return len(old)
