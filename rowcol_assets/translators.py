"""How dlt resources, control tables and dbt nodes become Dagster assets: key = schema/table, no exceptions.

Groups, kinds, owners, tags, columns and descriptions come from the registry, the tables' schemas and dbt; nothing is
listed by hand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject
from dagster_dlt import DagsterDltTranslator
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.changelog.schema import CHANGE
from ingestion.control.rows import table_schema
from ingestion.promise import TIERS, EntityPromise, RailPromise
from rowcol_assets.policies import freshness_policy

OWNERS = ["team:data-platform"]

LOAD_ID = pa.field("_dlt_load_id", pa.string(), nullable=False)

# The same in every raw table, so said once; the facts are in `ingestion.changelog.schema`.
CHANGE_COLUMNS = {
    "business_id": "The business (tenant).",
    "connection_id": "The vendor's own id of the connection the record came through.",
    "record_id": "The record's id on its rail.",
    "change_id": "Key of the row: a hash of business, connection, record and version.",
    "version_no": "Arrival ordinal of the record's versions, from 1.",
    "source_version": "The vendor's own version of the record, where it has one.",
    "source_updated_at": "When the vendor says the record last changed.",
    "is_deleted": "Whether this version is the record's deletion.",
    "payload": "The record as JSON text, exactly as served.",
    "content_hash": "Hash of the payload without its volatile fields.",
    "observed_at": "When the response was received.",
    "delivery": "What made the data come: schedule, webhook, on_demand, live or backfill.",
    "sync_id": "The sync that brought it.",
    "_dlt_load_id": "The load that brought it into the warehouse.",
}


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
            tags={"layer": "raw", "rail": self._rail.name, "tier": promise.tier, "pattern": promise.pattern},
            freshness_policy=freshness_policy(promise.tier),
            metadata={
                "dagster/table_name": f"raw_{self._rail.name}.{promise.name}",
                "dagster/column_schema": columns_of(CHANGE, descriptions=CHANGE_COLUMNS),
                "vendor_name": promise.vendor_name,
                "domain": self._rail.domain,
                "tier": promise.tier,
                "pattern": promise.pattern,
                "feed": self._rail.feed,
                "key": ", ".join(promise.key),
                "version_order": ", ".join(promise.order),
                "ttl_seconds": promise.ttl_seconds,
                "fresh_minutes": TIERS[promise.tier].fresh_minutes,
                "aging_minutes": TIERS[promise.tier].aging_minutes,
            },
        )


def control_spec(name: str, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    """The spec of one table of the control store's mirror: `raw_control/<table>`."""
    return dg.AssetSpec(
        key=["raw_control", name],
        group_name="raw_control",
        description=f"The control store's {name.replace('_', ' ')}, without secrets.",
        kinds={"dlt", "duckdb", "sqlalchemy"},
        owners=OWNERS,
        deps=deps,
        tags={"layer": "raw"},
        freshness_policy=freshness_policy("critical"),
        metadata={"dagster/table_name": f"raw_control.{name}", "dagster/column_schema": columns_of(table_schema(name), LOAD_ID)},
    )


class ModelTranslator(DagsterDbtTranslator):
    """Assets of dbt nodes: `<schema>/<name>`, grouped by layer."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_code_references=True))
        self._made: dict[tuple[int, str], dg.AssetSpec] = {}

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The spec of one model or seed, made once: dagster-dbt asks for it again with everything that hangs on it."""
        wanted = (id(manifest), unique_id)
        if wanted not in self._made:
            self._made[wanted] = self._spec(manifest, unique_id, project)
        return self._made[wanted]

    def _spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        properties = self.get_resource_props(manifest, unique_id)
        spec = super().get_asset_spec(manifest, unique_id, project)
        schema, name = self.get_asset_key(properties).path
        rail = _rail_of(schema, name)
        return spec.replace_attributes(
            key=[schema, name],
            group_name=schema,
            kinds={"dbt", "duckdb", properties["config"].get("materialized", "source")},
            owners=OWNERS,
            tags={**spec.tags, "layer": schema, **({"rail": rail} if rail else {})},
            deps=[dep for dep in spec.deps if not is_bookkeeping(dep.asset_key)],
            metadata={**spec.metadata, "dagster/table_name": f"{schema}.{name}"},
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name of the relation."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What one row is, as the project says; the SQL is a click away as a code reference and need not be in every page."""
        return dbt_resource_props.get("description") or ""

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """dbt's own, with columns only where every type is declared, which is where there is a contract."""
        metadata = dict(super().get_metadata(dbt_resource_props))
        if any(not column.get("data_type") for column in dbt_resource_props.get("columns", {}).values()):
            metadata.pop("dagster/column_schema", None)
        return metadata


def is_bookkeeping(key: dg.AssetKey) -> bool:
    """Whether a dbt source is dlt's own table, written with every load, and so no asset by itself."""
    return key.path[-1].startswith("_dlt_")


def _rail_of(schema: str, name: str) -> str | None:
    """The rail a staging model belongs to, by its name `stg_<rail>__<entities>`."""
    return name.removeprefix("stg_").partition("__")[0] if schema == "staging" and name.startswith("stg_") else None


def columns_of(schema: pa.Schema, *more: pa.Field[Any], descriptions: Mapping[str, str] | None = None) -> dg.TableSchema:
    """A table's columns as the UI shows them, from its Arrow schema."""
    told = descriptions or {}
    columns = [
        dg.TableColumn(
            field.name, _type_text(field.type), told.get(field.name), constraints=dg.TableColumnConstraints(nullable=field.nullable)
        )
        for field in [*schema, *more]
    ]
    return dg.TableSchema(columns=columns)


def _type_text(kind: pa.DataType) -> str:
    """An Arrow type by the name DuckDB shows."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    known = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    return known[kind]
