"""The control store's mirror as assets, loaded after the rails so that it tells how they went.

The step is in no pool, as those of the rails: it asks vendors for balances (`rowcol_assets.settling`), and other runs need not wait for
them. What it writes to the warehouse waits for the writer lock.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from ingestion.control.load import load_control
from ingestion.control.rows import TABLES
from rowcol_assets.assets.failing import step_of
from rowcol_assets.guardrail_policy import note_policy, read_policy
from rowcol_assets.policies import BUSY_RETRY
from rowcol_assets.resources import Platform
from rowcol_assets.settling import settle_approvals, settle_entered, settle_words
from rowcol_assets.translators import control_spec

# These tell how a sync went, so they come after it; the others only depend on people.
SYNC_TABLES = ("connections", "sync_states", "sync_outcomes", "quarantined_pages")


def control_assets(raw_keys: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The tables of `raw_control` as one multi-asset; a subset loads all of them, they cost milliseconds."""
    specs = [control_spec(name, list(raw_keys) if name in SYNC_TABLES else []) for name in TABLES]

    @dg.multi_asset(name="mirror_control", specs=specs, can_subset=True, retry_policy=BUSY_RETRY)
    def mirror_control(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> Iterator[dg.MaterializeResult]:
        with step_of(context, platform):
            versions = note_policy(platform.store, read_policy(), platform.clock())
            settled = settle_approvals(platform.settings, platform.store)
            unfit = settle_words(platform.settings, platform.store)
            entered = settle_entered(platform.settings, platform.store)
            counts = load_control(platform.settings, platform.store)
        for version in versions:
            if version.refused is not None:
                context.log.warning(f"version {version.name} of the guardrail's policy is refused: {version.refused}")
        if settled.admitted or settled.refused:
            context.log.info(f"approvals: {settled.admitted} admitted, {settled.refused} refused by the guardrail")
        if entered.admitted or entered.refused:
            context.log.info(f"entered bills: {entered.admitted} admitted, {entered.refused} refused")
        if unfit:
            context.log.info(f"{unfit} decisions refused: about nothing, something settled or other facts")
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": counts.get(key.path[-1], 0)})

    return mirror_control
