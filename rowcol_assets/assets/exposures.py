"""dbt's exposures as assets nobody here builds: the screens, pages and dashboards that people read, each with what it reads.

What an exposure reads is declared in the dbt project; that the dashboards declare it rightly is tested there. They read published
files, so each hangs on these and on the relations in them that it shows: a relation leads to the questions that rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from rowcol_assets.transform import PROJECT_DIR
from rowcol_assets.translators import ModelTranslator

GROUP = "exposures"


def exposure_specs(manifest: Mapping[str, Any], translator: ModelTranslator, published: dg.AssetKey) -> list[dg.AssetSpec]:
    """One spec per exposure of `manifest`, by name. published: the asset of the files they are read from."""
    return [_spec(manifest, exposure, translator, published) for _, exposure in sorted(manifest["exposures"].items())]


def _spec(manifest: Mapping[str, Any], exposure: Mapping[str, Any], translator: ModelTranslator, published: dg.AssetKey) -> dg.AssetSpec:
    nodes = manifest["nodes"]
    declared = dg.LocalFileCodeReference(file_path=str(PROJECT_DIR / exposure["original_file_path"]))
    return dg.AssetSpec(
        key=[GROUP, exposure["name"]],
        group_name=GROUP,
        description=exposure["description"],
        deps=[published, *sorted(translator.get_asset_key(nodes[name]) for name in exposure["depends_on"]["nodes"])],
        kinds={"dbt", exposure["type"]},
        owners=[exposure["owner"]["email"]],
        tags={"layer": "exposure", "maturity": exposure["maturity"]},
        metadata={"label": exposure["label"], "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[declared])},
    )
