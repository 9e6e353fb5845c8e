"""Sensors: a connection that has gone stale is synced, one that is broken is told once, a failed run is told.

Staleness comes from the control store per connection; Dagster's own freshness policies only see a rail as a whole.
"""

import json

import dagster as dg

from ingestion.freshness import Staleness, stale_connections
from rowcol_assets.jobs import cycle_job, retention_job, sync_job
from rowcol_assets.resources import Platform
from rowcol_assets.schedules import UNFINISHED, run_scope

# A business that stays stale is tried again after this long; its schedule tries anyway.
COOLDOWN_MINUTES = 15


@dg.sensor(
    job=cycle_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one targeted cycle for the businesses whose connections are past their fresh bound; reports broken ones once.",
)
def rail_freshness(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult | dg.SkipReason:
    """Debounced: nothing is requested while a cycle runs, and a request covers all that is stale at that moment."""
    if context.instance.get_runs(dg.RunsFilter(job_name=cycle_job.name, statuses=UNFINISHED), limit=1):
        return dg.SkipReason("a cycle is running")
    now = platform.clock()
    stale = stale_connections(platform.store, now)
    cursor = json.loads(context.cursor or "{}")
    told, wanted = _transitions(stale, cursor.get("broken", []), cursor.get("tried", {}), int(now.timestamp() // 60))
    for connection in told:
        context.log.warning(f"{connection.business_id}: the {connection.rail} connection is broken and needs a new consent")
    broken = sorted(_name(one) for one in stale if not one.is_connected)
    tried = {**cursor.get("tried", {}), **{one.business_id: int(now.timestamp() // 60) for one in wanted}}
    still = {one.business_id for one in stale}
    cursor_text = json.dumps({"broken": broken, "tried": {business: minute for business, minute in tried.items() if business in still}})
    if not wanted:
        context.update_cursor(cursor_text)
        return dg.SkipReason("nothing stale that a sync could help" if stale else "everything is fresh")
    businesses = sorted({one.business_id for one in wanted})
    request = dg.RunRequest(
        run_config=run_scope(businesses=businesses, delivery="schedule"),
        tags={"rowcol/trigger": "rail_freshness", "dagster/priority": "0"},
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor_text)


def _transitions(
    stale: list[Staleness], known_broken: list[str], tried: dict[str, int], minute: int
) -> tuple[list[Staleness], list[Staleness]]:
    """What is newly broken, and what is to be synced now."""
    told = [one for one in stale if not one.is_connected and _name(one) not in known_broken]
    wanted = [one for one in stale if one.is_connected and minute - tried.get(one.business_id, -COOLDOWN_MINUTES) >= COOLDOWN_MINUTES]
    return told, wanted


def _name(connection: Staleness) -> str:
    return f"{connection.business_id}/{connection.rail}/{connection.connection_id}"


@dg.run_failure_sensor(
    monitored_jobs=[cycle_job, sync_job, retention_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Logs every failed run with its job and the first line of its error, for whoever watches the daemon's log.",
)
def run_failure(context: dg.RunFailureSensorContext) -> None:
    """One line per failed run; the run itself has the rest."""
    message = (context.failure_event.message or "no message").splitlines()[0]
    context.log.error(f"run {context.dagster_run.run_id} of {context.dagster_run.job_name} failed: {message}")
