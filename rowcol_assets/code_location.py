"""Puts the Dagster code location together.

Pure: it reads the dbt manifest and nothing else, opens no store and no warehouse. What the parts do is in `assets`,
`jobs`, `schedules`, `sensors`; what Dagster loads is in `rowcol_assets.definitions`, how a cycle is run without a server in
`rowcol_assets.cycle`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import dagster as dg

from ingestion.registry import RAILS
from ingestion.settings import Settings
from rowcol_assets.arrivals import arrival_sensors
from rowcol_assets.assets.control import control_assets
from rowcol_assets.assets.copied import copied_assets
from rowcol_assets.assets.exposures import exposure_specs
from rowcol_assets.assets.log import log_assets
from rowcol_assets.assets.models import model_assets
from rowcol_assets.assets.published import published_assets
from rowcol_assets.assets.quality import quality_assets
from rowcol_assets.assets.rails import rail_assets
from rowcol_assets.dagster_repeats import keep_repeats
from rowcol_assets.jobs import cycle_job, retention_job, sync_job
from rowcol_assets.resources import Platform, RunScope
from rowcol_assets.schedules import cycle_schedules, retention_schedule
from rowcol_assets.sensors import rail_freshness, run_failure
from rowcol_assets.transform import read_manifest
from rowcol_assets.translators import ModelTranslator

# Code references and freshness policies carry this notice on every load; the version is pinned and tests load it.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

PUBLISHED_SCHEMAS = ("marts", "experiences")


def build_definitions(settings: Settings, *, overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Everything Dagster needs, for production, command line and tests alike. overrides: resources by name."""
    keep_repeats()
    manifest = read_manifest()
    rails = [rail_assets(rail) for rail in RAILS.values()]
    control = control_assets([key for assets in rails for key in assets.keys])
    translator = ModelTranslator()
    before, after = model_assets("before", manifest, translator), model_assets("after", manifest, translator)
    models = [*before.keys, *after.keys]
    quality = quality_assets(sorted(key for key in before.keys if key.path[0] == "quality" and key.path[-1].startswith("chk_")))
    log = log_assets([*(key for assets in rails for key in assets.keys), *control.keys, *quality.keys])
    published = published_assets(sorted(key for key in models if key.path[0] in PUBLISHED_SCHEMAS))
    copied = [copied_assets(published.key)] if settings.publish_url else []
    after_fetch = [control, before, quality, log, after, published, *copied]
    exposures = exposure_specs(manifest, translator, published.key)
    return dg.Definitions(
        assets=[*dg.with_source_code_references([*rails, *after_fetch]), *exposures],
        jobs=[cycle_job, sync_job, retention_job],
        schedules=[*cycle_schedules(), retention_schedule()],
        sensors=[rail_freshness, run_failure, *arrival_sensors([key for assets in after_fetch for key in assets.keys])],
        resources={"platform": Platform(settings), "scope": RunScope(), **(overrides or {})},
        executor=dg.in_process_executor,
    )
