"""Runs as the platform sees them: their configuration and tags, which are unfinished, and how a dead one is ended.

Used by schedules, sensors, the command line and the steps alike. What is launched when is in `schedules` and
`sensors`; running a job in this process is in `rowcol_assets.cycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg

from ingestion.control.processes import describe, is_dead, own_mark
from ingestion.strategies import DATA_FETCH, USER_ACTION, Strategy, strategy_named

# Which process works on a run. Dagster itself does not know whether a run's worker still lives.
PROCESS_TAG = "rowcol/process"
PRIORITY_TAG = "dagster/priority"
STRATEGY_TAG = "rowcol/strategy"
# Whose webhooks and sync requests a run serves (`ingestion.control.claims`).
CLAIM_TAG = "rowcol/claim"

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def run_scope(
    *, businesses: Sequence[str] = (), strategy: Strategy = DATA_FETCH, delivery: str = "schedule", count_check: bool = False
) -> dict[str, object]:
    """The run configuration that names a scope (`rowcol_assets.resources.RunScope`)."""
    scope = {"businesses": list(businesses), "strategy": strategy.name, "delivery": delivery, "count_check": count_check}
    return {"resources": {"scope": {"config": scope}}}


def run_tags(strategy: Strategy, **more: str) -> dict[str, str]:
    """The tags of a run: its strategy's priority, by which Dagster's queue is ordered, and `more` under `rowcol/`."""
    named = {f"rowcol/{name}": value for name, value in more.items()}
    return {STRATEGY_TAG: strategy.name, PRIORITY_TAG: str(strategy.run_priority), **named}


def strategy_of(run: dg.DagsterRun) -> Strategy:
    """The strategy a run was started with; what has none was started by a person, in the UI."""
    return strategy_named(run.tags.get(STRATEGY_TAG, USER_ACTION.name))


def compares_counts(is_asked: bool) -> dict[str, str]:
    """What is added to `run_tags` of a cycle that compares the vendors' counts with ours, for `counts_are_due`."""
    return {"counts": "compared"} if is_asked else {}


def counts_are_due(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether a whole day has passed in which no cycle compared the vendors' counts with ours; `cycle_historical` does where it runs.

    Never within a day of the first cycle, which read everything.
    """
    since = now - timedelta(days=1)
    earlier = dg.RunsFilter(tags={"rowcol/kind": "cycle"}, created_before=since)
    compared = dg.RunsFilter(
        tags={f"rowcol/{name}": value for name, value in compares_counts(True).items()},
        statuses=[dg.DagsterRunStatus.SUCCESS],
        created_after=since,
    )
    return bool(instance.get_runs(earlier, limit=1)) and not instance.get_runs(compared, limit=1)


def unfinished_runs(instance: dg.DagsterInstance, *jobs: str) -> list[dg.DagsterRun]:
    """The runs of `jobs` (none: of all) that have not ended."""
    return [run for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)) if not jobs or run.job_name in jobs]


def sign_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Notes on `run` that this process works on it."""
    instance.add_run_tags(run.run_id, signature(run.run_id))


def signature(run_id: str) -> dict[str, str]:
    """The tag that says which process works on a run; with the run's id, because a retry inherits the tags of what it repeats."""
    return {PROCESS_TAG: f"{run_id} {own_mark()}"}


def worker_of(run: dg.DagsterRun) -> str | None:
    """The mark of the process that works or worked on `run` (`ingestion.control.processes`), once it has signed it."""
    run_id, _, mark = run.tags.get(PROCESS_TAG, "").partition(" ")
    return mark if run_id == run.run_id else None


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fails runs whose process on this host is gone and frees pool slots nobody works behind; returns the failed runs' ids.

    Dagster's run monitoring only ends them at their maximum runtime, and until then they hold up every later run. A
    slot can also outlive its run: seen after a kill, the slot was claimed by a run that no longer was in the history.
    """
    ended = []
    for run in unfinished_runs(instance):
        mark = worker_of(run)
        if mark and is_dead(mark):
            instance.report_run_failed(run, f"{describe(mark)} worked on it and is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    for run_id in _claimants(instance):
        claimant = instance.get_run_by_id(run_id)
        if claimant is None or claimant.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return ended


def _claimants(instance: dg.DagsterInstance) -> set[str]:
    """The runs that hold a pool slot or wait for one."""
    storage = instance.event_log_storage
    infos = [storage.get_concurrency_info(pool) for pool in storage.get_concurrency_keys()]
    return {run_id for info in infos for run_id in info.active_run_ids | info.pending_run_ids | info.assigned_run_ids}


def failure_line(event: dg.DagsterEvent) -> str:
    """The step and the first line of why it failed: the text meant for people, or only the kind of an error that was not foreseen."""
    told = event.step_failure_data.user_failure_data
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    text = (told.description if told else None) or (f"stopped by an unexpected {error.cls_name}" if error else "no reason given")
    return f"{event.step_key}: {text.strip().splitlines()[0]}"
