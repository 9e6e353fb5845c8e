"""How dlt resources and dbt nodes become Dagster assets: key = schema/table, no exceptions.

Groups, kinds, owners, tags and descriptions come from the registry and from dbt; nothing is listed by hand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject
from dagster_dlt import DagsterDltTranslator
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.promise import TIERS, EntityPromise, RailPromise

OWNERS = ["team:data-platform"]


class RailTranslator(DagsterDltTranslator):
    """Assets of one rail: `raw_<rail>/<entity>`, described by the rail's promise."""

    def __init__(self, rail: RailPromise) -> None:
        self._rail = rail
        self._promises: Mapping[str, EntityPromise] = {promise.name: promise for promise in rail.entities}

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        """The spec of one raw table."""
        promise = self._promises[data.resource.name]
        return dg.AssetSpec(
            key=[f"raw_{self._rail.name}", promise.name],
            group_name=f"raw_{self._rail.name}",
            description=f"{promise.description} One row per observed version of a {self._rail.title} {promise.vendor_name}.",
            kinds={"dlt", "duckdb", self._rail.name},
            owners=OWNERS,
            tags={"rail": self._rail.name, "tier": promise.tier, "pattern": promise.pattern},
            metadata={
                "tier": promise.tier,
                "pattern": promise.pattern,
                "ttl_seconds": promise.ttl_seconds,
                "feed": self._rail.feed,
                "fresh_minutes": TIERS[promise.tier].fresh_minutes,
                "dagster/table_name": f"raw_{self._rail.name}.{promise.name}",
            },
        )


class ControlTranslator(DagsterDltTranslator):
    """Assets of the control store's mirror: `raw_control/<table>`."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        """The spec of one mirrored table."""
        name = data.resource.name
        return dg.AssetSpec(
            key=["raw_control", name],
            group_name="raw_control",
            description=f"The control store's {name.replace('_', ' ')}, without secrets.",
            kinds={"dlt", "duckdb"},
            owners=OWNERS,
            metadata={"dagster/table_name": f"raw_control.{name}"},
        )


class ModelTranslator(DagsterDbtTranslator):
    """Assets of dbt nodes: `<schema>/<name>`, grouped by layer."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_code_references=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The spec of one model or seed."""
        properties = self.get_resource_props(manifest, unique_id)
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(
            key=self.get_asset_key(properties),
            group_name=properties["schema"],
            kinds={"dbt", "duckdb", properties["config"].get("materialized", "source")},
            owners=OWNERS,
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name of the relation."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])
