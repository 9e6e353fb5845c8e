"""Schedules: every 15 minutes, hourly and daily, each a whole cycle with its tiers due.

On the hour the coarser replaces the finer, so that no two start together. A tick is skipped while a cycle is still
running: the next one brings everything, since cycles read from watermarks and not from the clock.
"""

import dagster as dg

from ingestion.promise import TIERS, Tier
from rowcol_assets.jobs import cycle_job, retention_job

DAILY_HOUR = 6

CRONS: dict[Tier, str] = {
    "critical": "15,30,45 * * * *",
    "standard": f"0 0-{DAILY_HOUR - 1},{DAILY_HOUR + 1}-23 * * *",
    "historical": f"0 {DAILY_HOUR} * * *",
}

UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def cycle_schedules() -> list[dg.ScheduleDefinition]:
    """One schedule per tier."""
    return [_tier_schedule(tier) for tier in TIERS]


def retention_schedule() -> dg.ScheduleDefinition:
    """Once a day, beside the cycles."""
    return dg.ScheduleDefinition(job=retention_job, cron_schedule="20 3 * * *", name="retention_daily")


def run_scope(**values: object) -> dict[str, object]:
    """The run configuration that names a scope (`rowcol_assets.resources.RunScope`)."""
    return {"resources": {"scope": {"config": values}}}


def _tier_schedule(tier: Tier) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"cycle_{tier}",
        job=cycle_job,
        cron_schedule=CRONS[tier],
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"The {tier} tier, due every {TIERS[tier].schedule_minutes} minutes; a change feed brings the finer tiers with it.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        running = context.instance.get_runs(dg.RunsFilter(job_name=cycle_job.name, statuses=UNFINISHED), limit=1)
        if running:
            return dg.SkipReason(f"cycle {running[0].run_id} is still running")
        return dg.RunRequest(
            run_config=run_scope(delivery="schedule", count_check=tier == "historical"),
            tags={"rowcol/tier": tier, "dagster/priority": "0"},
        )

    return tick
