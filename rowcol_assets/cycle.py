"""Runs a job of the code location in this process, as `rowcol run` does: same definitions, same history in the UI.

First it ends runs whose process is gone and frees what they had claimed (`rowcol_assets.runs`).
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from expectations.evaluate import preload
from ingestion.clock import wall_clock
from ingestion.control.outcomes import SyncOutcome
from ingestion.settings import Settings
from ingestion.strategies import strategy_named
from ingestion.sync import SyncReport
from rowcol_assets.alerts import alert
from rowcol_assets.instance import open_instance
from rowcol_assets.resources import Platform
from rowcol_assets.runs import compares_counts, counts_are_due, end_dead_runs, failure_line, run_scope, run_tags, signature
from rowcol_assets.steps import Say, silent


@dataclass(frozen=True)
class JobReport:
    """How a job ended. failures: one line per failed step; syncs: what its syncs came to; was_busy: the warehouse was held."""

    run_id: str
    succeeded: bool
    failures: tuple[str, ...]
    syncs: tuple[SyncReport, ...]
    was_busy: bool = False

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

    rails: only these rails' tables are fetched, everything after them is built all the same. assets: only these keys. A cycle of
    everything also compares the vendors' counts with ours, once a day: where no daemon runs, nobody else asks for it.
    """
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    import pandas  # noqa: F401 - see _preload
    import sqlalchemy.orm  # noqa: F401 - see _preload

    from rowcol_assets.assets.failing import was_busy
    from rowcol_assets.code_location import build_definitions

    if job == "cycle" and assets is None:
        _preload()
    chosen = strategy_named(strategy)
    platform = Platform(settings, say, retries_when_busy=False)
    instance = open_instance(settings)
    end_dead_runs(instance)
    run_id = str(uuid.uuid4())
    is_whole = job == "cycle" and not businesses and not rails and assets is None
    counts = is_whole and counts_are_due(instance, wall_clock())
    definition = build_definitions(settings, overrides={"platform": platform}).resolve_job_def(job)
    result = definition.execute_in_process(
        run_config={
            **run_scope(businesses=businesses, strategy=chosen, delivery=delivery, count_check=counts),
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        instance=instance,
        raise_on_error=False,
        asset_selection=_selected(definition, rails, assets),
        run_id=run_id,
        # Signed from the first moment: a run killed before its first step would stay unstarted for ever, and schedules wait for it.
        tags={**run_tags(chosen, trigger="command_line", **compares_counts(counts)), **signature(run_id)},
    )
    failed = [event for event in result.all_events if event.is_step_failure]
    failures = tuple(failure_line(event) for event in failed)
    if not result.success:
        alert(settings, "run_failed", result.run_id, f"{job} failed: {failures[0] if failures else 'no reason given'}")
    return JobReport(result.run_id, result.success, failures, tuple(platform.syncs), any(map(was_busy, failed)))


def _preload() -> None:
    """Imports Great Expectations in the background of the fetch.

    Only once everything it shares with the code location is imported: two threads inside the same circular imports hand
    each other half-made modules. Seen on a busy machine with sqlalchemy.orm, which turned a query of Dagster's into an error,
    and with pandas, which dlt looks for among the imported modules without importing it.
    """
    threading.Thread(target=preload, daemon=True).start()


def _selected(definition: dg.JobDefinition, rails: Sequence[str], assets: Sequence[Sequence[str]] | None) -> list[dg.AssetKey] | None:
    if assets is not None:
        return [dg.AssetKey(list(path)) for path in assets]
    if not rails:
        return None
    wanted = {f"raw_{rail}" for rail in rails} | {"raw_control"}
    keys = definition.asset_layer.selected_asset_keys
    return [key for key in keys if not key.path[0].startswith("raw_") or key.path[0] in wanted]
