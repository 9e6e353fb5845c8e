"""Sensors: a connection that has gone stale is synced, one that is broken is told once, a failed run is told.

Staleness comes from the control store per connection; Dagster's own freshness policies only see a rail as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg
import msgspec

from ingestion.control.rows import TABLES
from ingestion.errors import RowcolError
from ingestion.freshness import Staleness, stale_connections
from ingestion.registry import RAILS
from ingestion.strategies import DATA_FETCH
from rowcol_assets.alerts import alert
from rowcol_assets.jobs import cycle_job, retention_job, sync_job
from rowcol_assets.pace import paced_connections
from rowcol_assets.resources import Platform
from rowcol_assets.runs import end_dead_runs, failure_line, run_scope, run_tags, unfinished_runs

# A connection that stays stale is tried again after this long; its schedule tries anyway.
COOLDOWN_MINUTES = 15
CONTROL_KEYS = [dg.AssetKey(["raw_control", name]) for name in TABLES]


@dataclass
class Memory:
    """What the freshness sensor remembers between two ticks. tried: connection to the minute of its last request."""

    broken: list[str] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)


@dg.sensor(
    job=sync_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one targeted sync per rail for the businesses past their fresh bound; tells of broken connections once.",
)
def rail_freshness(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult | dg.SkipReason:
    """Debounced: nothing is requested while a cycle or sync is under way, and a request covers all that is stale then."""
    end_dead_runs(context.instance)
    try:
        now = platform.clock()
    except RowcolError as error:
        return dg.SkipReason(str(error))
    stale = stale_connections(platform.store, now)
    memory = msgspec.json.decode(context.cursor, type=Memory) if context.cursor else Memory()
    _tell_of_broken(context, platform, stale, memory)
    minute = int(now.timestamp() // 60)
    tried = due(stale, memory, minute)
    resting = _resting(platform, now) if tried else set()
    wanted = [one for one in tried if name_of(one) not in resting]
    if not wanted:
        context.update_cursor(_text(memory))
        return dg.SkipReason("nothing stale that a sync could help" if stale else "everything is fresh")
    running = unfinished_runs(context.instance, cycle_job.name, sync_job.name)
    if running:
        context.update_cursor(_text(memory))
        return dg.SkipReason(f"{running[0].job_name} {running[0].run_id} is under way")
    still = {name_of(one) for one in stale}
    memory.tried = {name: at for name, at in memory.tried.items() if name in still} | {name_of(one): minute for one in wanted}
    rails = [rail for rail in RAILS if any(one.rail == rail for one in wanted)]
    return dg.SensorResult(run_requests=[_request(rail, wanted) for rail in rails], cursor=_text(memory))


def due(stale: Sequence[Staleness], memory: Memory, minute: int) -> list[Staleness]:
    """The stale connections that a sync can help and that were not tried within the cooldown."""
    return [one for one in stale if one.is_connected and minute - memory.tried.get(name_of(one), -COOLDOWN_MINUTES) >= COOLDOWN_MINUTES]


def name_of(connection: Staleness) -> str:
    """Business, rail and connection as one text."""
    return f"{connection.business_id}/{connection.rail}/{connection.connection_id}"


def _resting(platform: Platform, now: datetime) -> set[str]:
    """The connections that schedules leave alone at `now`, because the month's calls would not last otherwise."""
    every = paced_connections(platform.settings, platform.store, now)
    return {"/".join(one.connection.key.values()) for one in every if not one.is_due(now)}


def _request(rail: str, wanted: Sequence[Staleness]) -> dg.RunRequest:
    keys = [dg.AssetKey([f"raw_{rail}", promise.name]) for promise in RAILS[rail].entities]
    businesses = sorted({one.business_id for one in wanted if one.rail == rail})
    return dg.RunRequest(
        run_config=run_scope(businesses=businesses),
        asset_selection=[*keys, *CONTROL_KEYS],
        tags=run_tags(DATA_FETCH, trigger="rail_freshness", rail=rail),
    )


def _tell_of_broken(context: dg.SensorEvaluationContext, platform: Platform, stale: Sequence[Staleness], memory: Memory) -> None:
    broken = sorted(name_of(one) for one in stale if not one.is_connected)
    for name in broken:
        if name not in memory.broken:
            context.log.warning(f"{name} is broken and needs a new consent")
            alert(platform.settings, "connection_broken", name, f"{name} is broken and needs a new consent")
    for name in set(memory.broken) - set(broken):
        context.log.info(f"{name} is connected again")
        alert(platform.settings, "connection_recovered", name, f"{name} is connected again")
    memory.broken = broken


def _text(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


@dg.run_failure_sensor(
    monitored_jobs=[cycle_job, sync_job, retention_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes one line per failed run to alerts.jsonl of the home; `rowcol status` shows the last one.",
)
def run_failure(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    """One line per failed run: its job, and the first failed step with its reason; the run itself has the rest."""
    steps = [failure_line(event) for event in context.get_step_failure_events()]
    reason = steps[0] if steps else (context.failure_event.message or "no reason given").splitlines()[0]
    told = alert(platform.settings, "run_failed", context.dagster_run.run_id, f"{context.dagster_run.job_name} failed: {reason}")
    context.log.error(told.message)
