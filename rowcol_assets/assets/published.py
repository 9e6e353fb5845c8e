"""The published files as one asset: advisors are data, so their number does not change the graph."""

import dagster as dg

from rowcol_assets.assets.failing import step_of
from rowcol_assets.policies import BUSY_RETRY, WAREHOUSE_POOL, freshness_policy
from rowcol_assets.resources import Platform
from rowcol_assets.steps import publish_all
from rowcol_assets.translators import OWNERS


def published_assets(sources: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The advisors' files, made from all marts and experiences."""
    spec = dg.AssetSpec(
        key=["published", "advisors"],
        group_name="published",
        description="Per advisor one DuckDB file with Parquet and a manifest beside it, holding the businesses they were granted.",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        deps=sources,
        tags={"layer": "published"},
        freshness_policy=freshness_policy("critical"),
    )

    @dg.multi_asset(name="publish", specs=[spec], pool=WAREHOUSE_POOL, retry_policy=BUSY_RETRY)
    def publish(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
        with step_of(context, platform):
            run_id = context.run.run_id
            report = publish_all(platform.settings, platform.store, platform.started_at(run_id), run_id, platform.clock_of(run_id))
        rows = sum(generation.rows for generation in report.changed)
        held = sorted({business for generation in report.changed for business in generation.held})
        platform.say(
            f"published: {len(report.changed)} advisors changed, {len(report.unchanged)} unchanged"
            + (f"; held at their last good publish: {', '.join(held)}" if held else "")
        )
        return dg.MaterializeResult(
            metadata={
                "advisors_changed": len(report.changed),
                "advisors_unchanged": len(report.unchanged),
                "businesses_held": len(held),
                "dagster/row_count": rows,
            }
        )

    return publish
