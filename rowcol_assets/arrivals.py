"""Sensors for what comes in between two cycles: webhooks become one sync per rail, sync requests one cycle before all others.

Order and duplicates do not matter: a run reads what the vendor has now, for everybody who waits at that moment. How rows
are taken and settled is in `ingestion.control.claims`; what is stale without anybody having said so in `sensors`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import dagster as dg

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import sync_requests as request_table
from ingestion.control.arrivals_schema import webhook_inbox as inbox_table
from ingestion.control.claims import CLAIM_WITHOUT_RUN, claim, end_claim, open_claims
from ingestion.control.inbox import Waiting, read_since, waiting_events
from ingestion.control.leases import held_leases
from ingestion.control.store import ControlStore
from ingestion.control.sync_requests import waiting_requests
from ingestion.registry import RAILS
from ingestion.strategies import DATA_FETCH, USER_ACTION
from rowcol_assets.jobs import cycle_job, sync_job
from rowcol_assets.resources import Platform
from rowcol_assets.runs import CLAIM_TAG, UNFINISHED, end_dead_runs, run_scope, run_tags

INTERVAL_SECONDS = 5
# Events that keep coming must not make one publishing run follow the other.
BETWEEN_PUBLISHING = timedelta(seconds=60)
WEBHOOKS, REQUESTS, READ_AHEAD, PUBLISH = "webhook_inbox", "sync_requests", "sync_requests_ahead", "webhook_publish"


def arrival_sensors(after_fetch: Sequence[dg.AssetKey]) -> list[dg.SensorDefinition]:
    """The two sensors. after_fetch: everything of a cycle that is not a rail's own table."""

    @dg.sensor(
        name=WEBHOOKS,
        jobs=[sync_job, cycle_job],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Webhooks that wait become one sync per rail; what these syncs have read is then published by one run.",
    )
    def webhook_inbox(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult | dg.SkipReason:
        """Debounced: while a rail's webhooks are being read, later ones wait and are then read together.

        So such a run mirrors nothing of the control store, which would wait for the warehouse twice more; the publishing run does.
        """
        settle_ended(context.instance, platform.store)
        waiting = workable(platform.store, waiting_events(platform.store.database))
        requests = []
        for rail in RAILS:
            mine = [one for one in waiting if one.rail == rail]
            if mine and not under_way(context.instance, trigger=WEBHOOKS, rail=rail):
                claim_id = uuid4().hex
                claim(platform.store.database, inbox_table, [one.key for one in mine], claim_id)
                requests.append(
                    dg.RunRequest(
                        run_key=claim_id,
                        job_name=sync_job.name,
                        run_config=run_scope(businesses=_businesses(mine), delivery="webhook"),
                        asset_selection=_tables(mine),
                        tags=run_tags(DATA_FETCH, trigger=WEBHOOKS, rail=rail, claim=claim_id),
                    )
                )
        if read := _to_publish(context.instance, platform.store):
            tags = run_tags(DATA_FETCH, trigger=PUBLISH, kind="publish")
            config = run_scope(businesses=read)
            requests.append(dg.RunRequest(job_name=cycle_job.name, run_config=config, asset_selection=list(after_fetch), tags=tags))
        return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason("no webhook waits for a sync")

    @dg.sensor(
        name=REQUESTS,
        jobs=[cycle_job, sync_job],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sync requests that wait become one cycle for their businesses and tables, queued before everything else.",
    )
    def sync_requests(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.RunRequest | dg.SkipReason:
        """One cycle at a time. What is asked for meanwhile is read at once, together, and published by the next one.

        Webhooks about the same ride along.
        """
        settle_ended(context.instance, platform.store)
        waiting = workable(platform.store, waiting_requests(platform.store.database))
        unread = [one for one in waiting if not one.is_read]
        if not waiting:
            return dg.SkipReason("no sync request waits")
        if not under_way(context.instance, trigger=REQUESTS):
            return _serve(platform.store, waiting, unread, after_fetch)
        if not unread or under_way(context.instance, trigger=READ_AHEAD):
            return dg.SkipReason("earlier sync requests are being served")
        return _serve(platform.store, unread, unread, [])

    return [webhook_inbox, sync_requests]


def _serve(store: ControlStore, asked: Sequence[Waiting], unread: Sequence[Waiting], after_fetch: Sequence[dg.AssetKey]) -> dg.RunRequest:
    """A run for what is `asked`: a cycle that reads the `unread` of it, or, with nothing to be made after the fetch, a sync."""
    claim_id = uuid4().hex
    claim(store.database, request_table, [one.key for one in asked], claim_id)
    announced = [one for one in workable(store, waiting_events(store.database)) if _is_read_anyway(one, unread)]
    claim(store.database, inbox_table, [one.key for one in announced], claim_id)
    trigger, kind = (REQUESTS, "action") if after_fetch else (READ_AHEAD, "sync")
    return dg.RunRequest(
        run_key=claim_id,
        job_name=(cycle_job if after_fetch else sync_job).name,
        run_config=run_scope(businesses=_businesses(asked), strategy=USER_ACTION, delivery="on_demand"),
        asset_selection=[*_tables(unread), *after_fetch],
        tags=run_tags(USER_ACTION, trigger=trigger, kind=kind, claim=claim_id),
    )


def settle_ended(instance: dg.DagsterInstance, store: ControlStore) -> None:
    """Settles the rows of runs that have ended, and lets those wait again whose run never came to be."""
    end_dead_runs(instance)
    for claim_id, claimed_at in open_claims(store.database).items():
        runs = instance.get_runs(dg.RunsFilter(tags={CLAIM_TAG: claim_id}))
        if any(run.status in UNFINISHED for run in runs):
            continue
        if runs:
            succeeded = any(run.status == dg.DagsterRunStatus.SUCCESS for run in runs)
            end_claim(store.database, claim_id, succeeded, published=runs[0].job_name == cycle_job.name)
        elif wall_clock() - claimed_at > CLAIM_WITHOUT_RUN:
            end_claim(store.database, claim_id, succeeded=False)


def workable(store: ControlStore, waiting: Sequence[Waiting]) -> list[Waiting]:
    """What a run can serve now: due, on a rail and connection that is not paused, and not held by another sync.

    That sync may have read the vendor before the event, so the event waits for its end instead of counting as read. What is read
    already waits for no sync.
    """
    if not waiting:
        return []
    connected = {(one.business_id, rail) for rail in RAILS for one in store.connections(rail)}
    held = {(row["business_id"], row["rail"]) for row in held_leases(store.database)}
    now = wall_clock()
    free = connected - held
    return [one for one in waiting if (one.business_id, one.rail) in (connected if one.is_read else free) and one.is_due(now)]


def under_way(instance: dg.DagsterInstance, **tags: str) -> bool:
    """Whether a run with these tags (under `rowcol/`) has not ended."""
    named = {f"rowcol/{name}": value for name, value in tags.items()}
    return bool(instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, tags=named), limit=1))


def _to_publish(instance: dg.DagsterInstance, store: ControlStore) -> list[str]:
    """The businesses that were read because of webhooks after the newest cycle began, once that is a minute ago and has ended."""
    if any(under_way(instance, kind=kind) for kind in ("cycle", "action", "publish")):
        return []
    newest = instance.get_run_records(dg.RunsFilter(job_name=cycle_job.name), limit=1)
    began_at: datetime | None = newest[0].create_timestamp.replace(tzinfo=UTC) if newest else None
    if began_at is not None and wall_clock() - began_at <= BETWEEN_PUBLISHING:
        return []
    return read_since(store.database, began_at)


def _is_read_anyway(event: Waiting, requests: Sequence[Waiting]) -> bool:
    """Whether `requests` ask for every table that the event is about."""
    same = [one.entities for one in requests if (one.business_id, one.rail) == (event.business_id, event.rail)]
    return any(not entities for entities in same) or (bool(same) and set(event.entities) <= {name for names in same for name in names})


def _businesses(waiting: Sequence[Waiting]) -> list[str]:
    return sorted({one.business_id for one in waiting})


def _tables(waiting: Sequence[Waiting]) -> list[dg.AssetKey]:
    """The raw tables to read; all of a rail where somebody asks for all of it."""
    keys: dict[dg.AssetKey, None] = {}
    for rail, promise in RAILS.items():
        asked = [one.entities for one in waiting if one.rail == rail]
        names = [entity.name for entity in promise.entities if any(not one or entity.name in one for one in asked)]
        keys |= dict.fromkeys(dg.AssetKey([f"raw_{rail}", name]) for name in names)
    return list(keys)
