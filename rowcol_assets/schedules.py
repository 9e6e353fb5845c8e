"""Schedules: every 15 minutes, hourly and daily, each a whole cycle with its tiers due.

On the hour the coarser replaces the finer, so that no two start together. A tick is skipped while a cycle is still
running: the next one brings everything, since cycles read from watermarks and not from the clock. While first loads are under way
a cycle is for the other businesses (`first_loads`).
"""

import dagster as dg

from ingestion.errors import RowcolError
from ingestion.freshness import connection_freshness
from ingestion.promise import TIERS, Tier
from ingestion.strategies import DATA_FETCH
from rowcol_assets.first_loads import left_by_cycles
from rowcol_assets.jobs import cycle_job, retention_job
from rowcol_assets.resources import Platform
from rowcol_assets.runs import compares_counts, end_dead_runs, run_scope, run_tags, unfinished_runs

DAILY_HOUR = 6

CRONS: dict[Tier, str] = {
    "critical": "15,30,45 * * * *",
    "standard": f"0 0-{DAILY_HOUR - 1},{DAILY_HOUR + 1}-23 * * *",
    "historical": f"0 {DAILY_HOUR} * * *",
}


def cycle_schedules() -> list[dg.ScheduleDefinition]:
    """One schedule per tier."""
    return [_tier_schedule(tier) for tier in TIERS]


def retention_schedule() -> dg.ScheduleDefinition:
    """Once a day, between two cycles."""
    return dg.ScheduleDefinition(
        job=retention_job,
        cron_schedule="20 3 * * *",
        name="retention_daily",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Keeps Dagster's own history from filling the disk.",
    )


def _tier_schedule(tier: Tier) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"cycle_{tier}",
        job=cycle_job,
        cron_schedule=CRONS[tier],
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"The {tier} tier, due every {TIERS[tier].schedule_minutes} minutes; a change feed brings the finer tiers with it.",
        tags={"tier": tier},
    )
    def tick(context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.RunRequest | dg.SkipReason:
        end_dead_runs(context.instance)
        # Runs for a webhook or a person read only what they are for, so the tick does not wait for them.
        running = [run for run in unfinished_runs(context.instance, cycle_job.name) if run.tags.get("rowcol/kind", "cycle") == "cycle"]
        if running:
            return dg.SkipReason(f"cycle {running[0].run_id} is still running")
        if not platform.store.businesses():
            return dg.SkipReason("no business is connected yet")
        try:
            now = platform.clock()
        except RowcolError as error:
            return dg.SkipReason(str(error))
        found = [one for one in connection_freshness(platform.store, now) if not one.is_disabled]
        left = left_by_cycles(platform.store, found, now)
        others = sorted({one.business_id for one in found} - left)
        if left and not others:
            return dg.SkipReason(f"the first loads of all {len(left)} businesses are under way")
        counts = tier == "historical"
        return dg.RunRequest(
            run_config=run_scope(businesses=others if left else (), count_check=counts),
            tags=run_tags(DATA_FETCH, tier=tier, trigger="schedule", **compares_counts(counts)),
        )

    return tick
