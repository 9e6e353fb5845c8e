"""Sensors: a connection that goes stale is synced, one that breaks or comes back is told once, a failed run is told.

Staleness comes from the control store per connection; Dagster's own freshness policies only see a rail as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg
import msgspec

from ingestion.control.outcomes import DISCONNECTED
from ingestion.errors import RowcolError
from ingestion.freshness import ConnectionFreshness, connection_freshness
from ingestion.registry import RAILS
from ingestion.strategies import BULK_OPERATION, DATA_FETCH, Strategy
from rowcol_assets.alerts import alert
from rowcol_assets.first_loads import is_under_way
from rowcol_assets.jobs import cycle_job, sync_job
from rowcol_assets.pace import paced_connections
from rowcol_assets.publishing.probing import probe_if_due
from rowcol_assets.rail_findings import CONSENT_NOTICE
from rowcol_assets.resources import Platform
from rowcol_assets.runs import end_dead_runs, failure_line, run_scope, run_tags, strategy_of, unfinished_runs

# A connection that stays stale is tried again after this long; its schedule tries anyway.
COOLDOWN_MINUTES = 15
# States of a connection that a person is told of, with the kind of the alert and what is said.
TOLD = {
    DISCONNECTED: ("connection_broken", "is broken and needs a new consent"),
    "failing": ("connection_failing", "keeps failing: rowcol doctor says why"),
}


@dataclass
class Memory:
    """What the freshness sensor remembers between two ticks.

    broken: connections and the state in which they were told of. tried: connection to the minute of its last request.
    owed: connections that came back and were not read since, because a run was under way. ending: connections whose consent ends
    soon, with the end that was told.
    """

    broken: dict[str, str] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    owed: list[str] = field(default_factory=list)
    ending: dict[str, str] = field(default_factory=dict)


@dg.sensor(
    job=sync_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one targeted sync per rail for connections past their fresh bound or back again; tells of broken ones once.",
)
def rail_freshness(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult | dg.SkipReason:
    """Debounced: nothing is requested while a cycle or sync is under way, and a request covers all that is due then.

    Between two cycles it also tries whether the published files can be read.
    """
    end_dead_runs(context.instance)
    try:
        now = platform.clock()
    except RowcolError as error:
        return dg.SkipReason(str(error))
    probe_if_due(platform.settings, platform.store, now)
    found = [one for one in connection_freshness(platform.store, now) if not one.is_disabled]
    memory = _recall(context.cursor)
    _tell_of_changes(context, platform, found, memory)
    _tell_of_endings(context, platform, found, memory, now)
    minute = int(now.timestamp() // 60)
    running = unfinished_runs(context.instance, cycle_job.name, sync_job.name)
    tried = due(found, memory, minute)
    if is_under_way(platform.store, found) or any(strategy_of(run) is BULK_OPERATION for run in running):
        tried = [one for one in tried if not one.is_new]
    resting = _resting(platform, now) if tried else set()
    wanted = [one for one in tried if one.name not in resting or one.name in memory.owed]
    if not wanted:
        context.update_cursor(_text(memory))
        return dg.SkipReason("nothing stale that a sync could help" if any(one.is_due for one in found) else "everything is fresh")
    in_the_way = [run for run in running if strategy_of(run) is not BULK_OPERATION]
    if in_the_way:
        context.update_cursor(_text(memory))
        return dg.SkipReason(f"{in_the_way[0].job_name} {in_the_way[0].run_id} is under way")
    stale = {one.name for one in found if one.is_due}
    memory.tried = {name: at for name, at in memory.tried.items() if name in stale} | {one.name: minute for one in wanted}
    memory.owed = []
    return dg.SensorResult(run_requests=_requests(wanted), cursor=_text(memory))


def due(found: Sequence[ConnectionFreshness], memory: Memory, minute: int) -> list[ConnectionFreshness]:
    """The connections that a sync can help: back again, or stale and not tried within the cooldown."""
    cool = {name for name, at in memory.tried.items() if minute - at < COOLDOWN_MINUTES}
    return [one for one in found if one.is_connected and (one.name in memory.owed or (one.is_due and one.name not in cool))]


def _resting(platform: Platform, now: datetime) -> set[str]:
    """The connections that schedules leave alone at `now`, because the month's calls would not last otherwise."""
    every = paced_connections(platform.settings, platform.store, now)
    return {"/".join(one.connection.key.values()) for one in every if not one.is_due(now)}


def _requests(wanted: Sequence[ConnectionFreshness]) -> list[dg.RunRequest]:
    """One run per rail, and one for all first loads, whose rails are read side by side.

    That one goes behind everything else: of 80 new clients, runs of the strategy of schedules took every slot of it for 100 s, and a
    webhook's sync waited for them in the queue.
    """
    new = [one for one in wanted if one.is_new]
    requests = [_request(DATA_FETCH, [one for one in wanted if one.rail == rail and not one.is_new], rail=rail) for rail in RAILS]
    return [request for request in (*requests, _request(BULK_OPERATION, new)) if request]


def _request(strategy: Strategy, wanted: Sequence[ConnectionFreshness], **tags: str) -> dg.RunRequest | None:
    rails = {one.rail for one in wanted}
    if not rails:
        return None
    return dg.RunRequest(
        run_config=run_scope(businesses=sorted({one.business_id for one in wanted}), strategy=strategy),
        asset_selection=[dg.AssetKey([f"raw_{rail}", entity.name]) for rail in RAILS if rail in rails for entity in RAILS[rail].entities],
        tags=run_tags(strategy, trigger="rail_freshness", **tags),
    )


def _tell_of_changes(context: dg.SensorEvaluationContext, platform: Platform, found: Sequence[ConnectionFreshness], memory: Memory) -> None:
    """Tells once of each connection that broke or came back; one that was taken away or paused meanwhile is not back."""
    states = {one.name: one.connection_state for one in found}
    broken = {name: state for name, state in states.items() if state in TOLD}
    for name, state in broken.items():
        if memory.broken.get(name) != state:
            kind, text = TOLD[state]
            context.log.warning(f"{name} {text}")
            alert(platform.settings, kind, name, f"{name} {text}")
    for name, former in memory.broken.items():
        if name in states and name not in broken:
            context.log.info(f"{name} is connected again")
            alert(platform.settings, "connection_recovered", name, f"{name} is connected again")
            # Whoever failed came back by a sync; whom a person connected again has still to catch up.
            memory.owed += [name] if former == DISCONNECTED else []
    memory.broken = dict(broken)
    memory.owed = [name for name in dict.fromkeys(memory.owed) if name in states and name not in broken]


def _tell_of_endings(
    context: dg.SensorEvaluationContext, platform: Platform, found: Sequence[ConnectionFreshness], memory: Memory, now: datetime
) -> None:
    """Tells a week ahead, once per end, of each connection whose consent only a person can renew; of what has broken that is said."""
    ends = {one.name: one.consent_ends_at for one in found if one.is_connected and one.consent_ends_at}
    soon = {name: f"{end:%Y-%m-%d %H:%M} UTC" for name, end in ends.items() if end <= now + CONSENT_NOTICE}
    for name, end in soon.items():
        if memory.ending.get(name) != end:
            text = f"{name} needs its consent renewed before {end}"
            context.log.warning(text)
            alert(platform.settings, "consent_ending", name, text)
    memory.ending = soon


def _recall(cursor: str | None) -> Memory:
    """The memory of a cursor; a new one where an older program wrote it."""
    try:
        return msgspec.json.decode(cursor, type=Memory) if cursor else Memory()
    except msgspec.MsgspecError:
        return Memory()


def _text(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


# Without a list it hears of every run of this code location, those of the UI's Materialize button (`__ASSET_JOB`) included. Runs of
# the command line belong to none; `cycle.run_job` tells of them.
@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes one line per failed run to alerts.jsonl of the home; `rowcol status` shows the last one.",
)
def run_failure(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    """One line per failed run: its job, and the first failed step with its reason; the run itself has the rest."""
    steps = [failure_line(event) for event in context.get_step_failure_events()]
    reason = steps[0] if steps else (context.failure_event.message or "no reason given").splitlines()[0]
    told = alert(platform.settings, "run_failed", context.dagster_run.run_id, f"{context.dagster_run.job_name} failed: {reason}")
    context.log.error(told.message)
