"""The database that follows what is published, as one asset; it is there only where ROWCOL_PUBLISH_URL names one."""

import dagster as dg

from rowcol_assets.assets.failing import step_of
from rowcol_assets.publishing.postgres.following import copy_published, target_of
from rowcol_assets.resources import Platform
from rowcol_assets.translators import OWNERS


def copied_assets(published: dg.AssetKey) -> dg.AssetsDefinition:
    """The copy of what is `published`, made in a step of its own: files that are published stay so when a database is away."""
    spec = dg.AssetSpec(
        key=["published", "database"],
        group_name="published",
        description="The published files copied into PostgreSQL, where each advisor's role sees the businesses they were granted.",
        kinds={"postgres"},
        owners=OWNERS,
        deps=[published],
        tags={"layer": "published"},
    )

    @dg.multi_asset(name="copy", specs=[spec])
    def copy(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
        with step_of(context, platform):
            url = target_of(platform.settings)
            if url is None:
                raise dg.Failure("ROWCOL_PUBLISH_URL is set no more: reload the code location", allow_retries=False)
            done = copy_published(platform.settings, platform.store, url, platform.clock_of(context.run.run_id)(), unless_same=True)
        platform.say(f"copied into {done.where}: " + ("it had everything" if done.is_same else f"{done.tables} tables"))
        return dg.MaterializeResult(metadata={"dagster/row_count": done.rows, "advisors_without_role": len(done.without_role)})

    return copy
