"""The transaction log as one asset, appended after the checks: what a cycle saw and what changed meanwhile is in it."""

import dagster as dg

from rowcol_assets.assets.failing import step_of
from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.policies import BUSY_RETRY, WAREHOUSE_POOL
from rowcol_assets.resources import Platform
from rowcol_assets.steps import log_events
from rowcol_assets.translators import OWNERS


def log_assets(sources: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """`audit/transaction_log`, made of the raw tables, the control store's mirror and whatever comes before it in a cycle."""
    spec = dg.AssetSpec(
        key=["audit", "transaction_log"],
        group_name="audit",
        description="One row per event: what changed, when, on which rail, in which sync and run, with the whole record; hash-chained.",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        deps=sources,
        tags={"layer": "audit"},
        metadata={
            "dagster/table_name": "audit.transaction_log",
            "dagster/column_schema": dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in COLUMN_TYPES.items()]),
        },
    )

    @dg.multi_asset(name="append_log", specs=[spec], pool=WAREHOUSE_POOL, retry_policy=BUSY_RETRY)
    def append_log(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
        with step_of(context, platform):
            report = log_events(platform.settings, context.run.run_id, platform.started_at(context.run.run_id))
        platform.say(f"transaction log: {report.appended:,} events, {report.events:,} in all")
        return dg.MaterializeResult(
            metadata={"events_appended": report.appended, "dagster/row_count": report.events, "root": report.root or "empty"}
        )

    return append_log
