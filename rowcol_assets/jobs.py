"""Jobs: the cycle, its fetch-and-load part, and the retention of Dagster's own history."""

from datetime import timedelta

import dagster as dg

from ingestion.clock import wall_clock
from ingestion.registry import RAILS

KEPT_RUNS = timedelta(days=14)

RAW = dg.AssetSelection.groups(*(f"raw_{rail}" for rail in RAILS), "raw_control")

# Cycles are short and overlap badly: one that is stuck is ended, and its locks with it.
CYCLE_TAGS = {"dagster/max_runtime": 3600, "rowcol/kind": "cycle"}

cycle_job = dg.define_asset_job(
    "cycle",
    selection=dg.AssetSelection.all(),
    description="One whole cycle: rails, control, models, Great Expectations, models, publish.",
    tags=CYCLE_TAGS,
)

sync_job = dg.define_asset_job(
    "sync",
    selection=RAW,
    description="Fetch and load only, for the businesses and tables of the run.",
    tags={"dagster/max_runtime": 3600, "rowcol/kind": "sync"},
)


@dg.op(description="Deletes runs older than the retention, with their events.")
def delete_old_runs(context: dg.OpExecutionContext) -> None:
    """Dagster keeps every event for ever: a cycle of hundreds of assets every 15 minutes would fill the disk."""
    before = wall_clock() - KEPT_RUNS
    old = context.instance.get_run_records(dg.RunsFilter(created_before=before), limit=1000)
    for record in old:
        if record.dagster_run.is_finished:
            context.instance.delete_run(record.dagster_run.run_id)
    context.log.info(f"{len(old)} runs older than {KEPT_RUNS.days} days deleted")


@dg.job(description="Retention of Dagster's run and event history.", tags={"rowcol/kind": "retention"})
def retention_job() -> None:
    """See `delete_old_runs`."""
    delete_old_runs()
