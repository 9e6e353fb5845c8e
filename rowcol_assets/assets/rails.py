"""Raw tables as assets: one multi-asset per rail, any subset of its tables, for the businesses of the run's scope.

The fetch itself is `ingestion.sync`. A connection that could not be read is data, told by its outcome, by freshness and
hygiene, and here by a check per table; it never fails the step, not even if all of them could not: models, flags and
files are what tells the advisors.
"""

from collections.abc import Iterator
from functools import partial

import dagster as dg
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.budget import WARN_SHARE, Budget, budgets
from ingestion.changelog.pipeline import Package, change_source, no_rows
from ingestion.control.claims import Readings, note_readings
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.promise import RailPromise
from ingestion.registry import RAILS
from ingestion.strategies import strategy_named
from ingestion.sync import SyncReport, SyncRequest
from ingestion.traffic import Calls, sum_of
from rowcol_assets.assets.failing import step_of
from rowcol_assets.floors import above_guardrail
from rowcol_assets.policies import BUSY_RETRY
from rowcol_assets.resources import Platform, RunScope
from rowcol_assets.runs import CLAIM_TAG
from rowcol_assets.translators import RailTranslator

READ_CHECK = "every_connection_was_read"
BUDGET_CHECK = "calls_fit_the_month"
NO_CAP = "no cap is set"
SHOWN_BUSINESSES = 20


def rail_assets(rail: RailPromise) -> dg.AssetsDefinition:
    """The raw tables of `rail` as one multi-asset whose tables can be materialized alone."""
    translator = RailTranslator(rail)
    source = change_source(rail, Package({promise.name: no_rows for promise in rail.entities}))
    resources = [DltResourceTranslatorData(resource=resource, pipeline=None) for resource in source.resources.values()]
    specs = [translator.get_asset_spec(data) for data in resources]
    checks = [
        dg.AssetCheckSpec(READ_CHECK, asset=spec.key, description="No connection failed or was read in part only in the last sync.")
        for spec in specs
    ]
    text = f"Calls this month and their forecast stay within {WARN_SHARE:.0%} of the rail's cap; without a cap there is nothing to exceed."
    checks.append(dg.AssetCheckSpec(BUDGET_CHECK, asset=specs[0].key, description=text))

    @dg.multi_asset(
        name=f"sync_{rail.name}", specs=specs, check_specs=checks, can_subset=True, retry_policy=BUSY_RETRY, op_tags={"rail": rail.name}
    )
    def sync_rail(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], scope: RunScope
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with step_of(context, platform):
            report = platform.synced(context.run.run_id, rail.name, lambda: _requests(context, platform, scope))
            if CLAIM_TAG in context.run.tags:
                note_readings(platform.store.database, context.run.tags[CLAIM_TAG], rail.name, _readings(report))
        platform.syncs.append(report)
        platform.say(_sentence(rail, report))
        for key in sorted(context.selected_asset_keys):
            rows = {"dagster/row_count": report.table_rows[key.path[-1]]}
            yield dg.MaterializeResult(asset_key=key, metadata={**rows, **_metadata(report, key.path[-1])})
        for check in sorted(context.selected_asset_check_keys):
            yield (
                budget_check(_budget(platform, rail), check.asset_key)
                if check.name == BUDGET_CHECK
                else _read_check(report, check.asset_key)
            )

    return sync_rail


def _requests(context: dg.AssetExecutionContext, platform: Platform, scope: RunScope) -> list[SyncRequest]:
    """The syncs of a run: of each rail the tables that the run selected, for this step's also those it selected only a check of."""
    own = (*context.selected_asset_keys, *(key.asset_key for key in context.selected_asset_check_keys))
    selected = {*context.job_def.asset_layer.selected_asset_keys, *own}
    requests = []
    for rail in RAILS.values():
        names = {key.path[-1] for key in selected if key.path[0] == f"raw_{rail.name}"}
        if names:
            request = SyncRequest(
                rail,
                businesses=scope.businesses or None,
                entities=None if len(names) == len(rail.entities) else sorted(names),
                strategy=strategy_named(scope.strategy),
                delivery=scope.delivery,
                count_check=scope.count_check,
                safe=partial(above_guardrail, platform.settings, platform.store),
            )
            requests.append(request)
    return requests


def _readings(report: SyncReport) -> Readings:
    """The businesses whose connections were all read whole, and why others were not; what another sync holds is in neither."""
    failed = {one.business_id: one.error or one.error_kind or one.status for one in report.outcomes if one.status in ("failed", "partial")}
    left = {connection.business_id for connection, _ in report.refused} | {
        one.business_id for one in report.outcomes if one.status == "skipped"
    }
    return Readings({one.business_id for one in report.outcomes} - set(failed) - left, failed)


def _metadata(report: SyncReport, entity: str) -> dict[str, int | str]:
    outcomes = _of(report, entity)
    calls = Calls()
    for endpoint in sum_of(outcome.calls for outcome in report.outcomes).values():
        calls.add(endpoint)
    return {
        "sync_id": report.sync_id,
        "rows_new": sum(one.rows_new for _, one in outcomes),
        "rows_seen": sum(one.rows_seen for _, one in outcomes),
        "connections": len(outcomes),
        "connections_failed": sum(one.status in ("failed", "partial") for _, one in outcomes),
        "connections_refused": len(report.refused),
        "requests_of_sync": sum(outcome.requests for outcome in report.outcomes),
        "retries_of_sync": sum(outcome.retries for outcome in report.outcomes),
        "throttled_of_sync": sum(outcome.throttled for outcome in report.outcomes),
        "errors_of_sync": calls.errors,
        "latency_p95_ms_of_sync": round(calls.percentile_ms(0.95)),
    }


def _read_check(report: SyncReport, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Warns when connections could not be read whole, and is an error when none could: then the rail itself has stopped."""
    outcomes = _of(report, key.path[-1])
    bad = [(outcome.business_id, one) for outcome, one in outcomes if one.status in ("failed", "partial")]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=READ_CHECK,
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if bad and len(bad) == len(outcomes) else dg.AssetCheckSeverity.WARN,
        metadata={
            "connections": len(outcomes),
            "connections_not_read": len(bad),
            "error_kinds": dg.MetadataValue.json(sorted({one.error_kind or one.status for _, one in bad})),
            "businesses": dg.MetadataValue.json([business for business, _ in bad[:SHOWN_BUSINESSES]]),
        },
    )


def _budget(platform: Platform, rail: RailPromise) -> Budget:
    return next(one for one in budgets(platform.store, platform.clock()) if one.rail == rail.name)


def budget_check(budget: Budget, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Fails while there is time to do something about it: over its cap a vendor answers nobody until the month ends."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=BUDGET_CHECK,
        passed=not budget.is_exceeded,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"calls_this_month": budget.used, "forecast": budget.forecast, "allowed": budget.cap or NO_CAP},
    )


def _of(report: SyncReport, entity: str) -> list[tuple[SyncOutcome, EntityOutcome]]:
    return [(outcome, one) for outcome in report.outcomes for one in outcome.entities if one.entity == entity]


def _sentence(rail: RailPromise, report: SyncReport) -> str:
    text = f"{rail.title}: {len(report.outcomes)} connections read, {report.rows_new:,} new versions"
    if report.failed:
        text += f", {len(report.failed)} not complete"
    if report.refused:
        text += f", {len(report.refused)} left to another sync"
    return text
