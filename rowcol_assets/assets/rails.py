"""Raw tables as assets: one multi-asset per rail, any subset of its tables, for the businesses of the run's scope.

The fetch itself is `ingestion.sync`. A business whose connection fails does not fail the step: its outcome says so, and
freshness and hygiene show it. The step fails when nothing could be read at all.
"""

from collections.abc import Iterator

import dagster as dg
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.changelog.pipeline import Package, change_source
from ingestion.promise import RailPromise
from ingestion.strategies import strategy_named
from ingestion.sync import SyncReport, SyncRequest, sync
from rowcol_assets.policies import RAW_RETRY, freshness_policy
from rowcol_assets.resources import Platform, RunScope
from rowcol_assets.translators import RailTranslator


def rail_assets(rail: RailPromise) -> dg.AssetsDefinition:
    """The raw tables of `rail` as one multi-asset whose tables can be materialized alone."""
    translator = RailTranslator(rail)
    source = change_source(rail, Package({promise.name: [] for promise in rail.entities}))
    tiers = {promise.name: promise.tier for promise in rail.entities}
    specs = [
        translator.get_asset_spec(DltResourceTranslatorData(resource=resource, pipeline=None)).replace_attributes(
            freshness_policy=freshness_policy(tiers[name])
        )
        for name, resource in source.resources.items()
    ]

    @dg.multi_asset(name=f"sync_{rail.name}", specs=specs, can_subset=True, retry_policy=RAW_RETRY, op_tags={"rail": rail.name})
    def sync_rail(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], scope: RunScope
    ) -> Iterator[dg.MaterializeResult]:
        selected = {key.path[-1] for key in context.selected_asset_keys}
        request = SyncRequest(
            rail,
            businesses=scope.businesses or None,
            entities=None if len(selected) == len(specs) else sorted(selected),
            strategy=strategy_named(scope.strategy),
            delivery=scope.delivery,
            count_check=scope.count_check,
        )
        report = sync(platform.settings, platform.store, platform.clock, request)
        platform.syncs.append(report)
        platform.say(_sentence(rail, report))
        if report.outcomes and all(outcome.status == "failed" for outcome in report.outcomes):
            first = report.outcomes[0]
            raise dg.Failure(f"{rail.title}: nothing could be read from any of {len(report.outcomes)} connections; first: {first.error}")
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(report, key.path[-1]))

    return sync_rail


def _metadata(report: SyncReport, entity: str) -> dict[str, int | str]:
    outcomes = [(outcome, one) for outcome in report.outcomes for one in outcome.entities if one.entity == entity]
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
    }


def _sentence(rail: RailPromise, report: SyncReport) -> str:
    text = f"{rail.title}: {len(report.outcomes)} connections read, {report.rows_new:,} new versions"
    if report.failed:
        text += f", {len(report.failed)} not complete"
    if report.refused:
        text += f", {len(report.refused)} left to another sync"
    return text
