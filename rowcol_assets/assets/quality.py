"""Great Expectations' results as assets, and each check of the catalogue as an asset check.

Counts and at most 20 keys go into metadata, never values. A failing check is a client's data, so it warns; a check
that could not run is an error. The checks themselves are in `expectations`.
"""

import re
from collections.abc import Iterator

import dagster as dg

from expectations import catalogue
from expectations.report import CheckSummary
from expectations.tables import FAILURES_SCHEMA, RUNS_SCHEMA
from rowcol_assets.assets.failing import step_of
from rowcol_assets.policies import BUSY_RETRY, WAREHOUSE_POOL
from rowcol_assets.resources import Platform
from rowcol_assets.steps import check
from rowcol_assets.translators import OWNERS, columns_of

FAILURES = dg.AssetKey(["quality", "expectation_failures"])
RUNS = dg.AssetKey(["quality", "expectation_runs"])


def quality_assets(frames: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The results of the checks over `frames`, the views that hold the records each check concerns."""
    described = {
        **{entry.check_id: (check_name(entry), f"{entry.name}. {entry.description}") for entry in catalogue.load()},
        **{one.check_id: (one.check_id, f"{one.name}. {one.description}") for one in catalogue.load_source_checks()},
    }
    descriptions = {
        RUNS: "One row per business and check: passed, noted, failed, not applicable or error.",
        FAILURES: "One row per business, check and failing record.",
    }
    schemas = {RUNS: RUNS_SCHEMA, FAILURES: FAILURES_SCHEMA}
    specs = [
        dg.AssetSpec(
            key=key,
            group_name="quality",
            description=description,
            kinds={"greatexpectations", "duckdb"},
            owners=OWNERS,
            deps=frames,
            tags={"layer": "quality"},
            metadata={"dagster/table_name": ".".join(key.path), "dagster/column_schema": columns_of(schemas[key])},
        )
        for key, description in descriptions.items()
    ]
    names = {check_id: name for check_id, (name, _) in described.items()}
    checks = [dg.AssetCheckSpec(name, asset=FAILURES, description=text) for name, text in described.values()]

    @dg.multi_asset(name="expectations", specs=specs, check_specs=checks, can_subset=True, pool=WAREHOUSE_POOL, retry_policy=BUSY_RETRY)
    def expectations(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        asked = {key.name for key in context.selected_asset_check_keys}
        known = {check_id for check_id, name in names.items() if name in asked}
        # A check asked for without the tables is run by itself; the rows of the others stay as they are.
        only = None if context.selected_asset_keys else sorted(known)
        with step_of(context, platform):
            report = check(platform.settings, context.run.run_id, platform.started_at(context.run.run_id), only)
        summaries = report.summaries
        failed = sum(summary.records_failed for summary in summaries)
        errors = sum(summary.status == "error" for summary in summaries)
        platform.say(
            f"Great Expectations: {len(summaries)} checks, {failed:,} failing records" + (f", {errors} could not run" if errors else "")
        )
        for key in sorted(context.selected_asset_keys):
            rows = len(report.results) if key == RUNS else failed
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows, "checks": len(summaries), "errors": errors})
        for summary in summaries:
            if summary.check_id in known:
                yield _result(summary, names[summary.check_id])

    return expectations


def check_name(entry: catalogue.CatalogueEntry) -> str:
    """The check's id and what it is about, since the UI lists checks by name alone: H01_open_bill_without_due_date."""
    return f"{entry.check_id}_{re.sub(r'[^a-z0-9]+', '_', entry.name.lower()).strip('_')}"


def _result(summary: CheckSummary, name: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=FAILURES,
        check_name=name,
        passed=summary.status in ("passed", "noted", "not_applicable"),
        severity=dg.AssetCheckSeverity.ERROR if summary.status == "error" else dg.AssetCheckSeverity.WARN,
        description=summary.error if summary.status == "error" else None,
        metadata={
            "status": summary.status,
            "records_checked": summary.records_checked,
            "records_failed": summary.records_failed,
            "businesses_failed": summary.businesses_failed,
            "businesses_errored": summary.businesses_errored,
            "sample_keys": dg.MetadataValue.json(list(summary.sample_keys)),
        },
    )
