"""From a row of a mart to the raw versions it rests on: by the row's key, the graph of the dbt project, and the change log.

A row that names records (`named_records`) leads to every version of each, and to the decisions it rests on; one that sums up
leads to the raw tables of its business that it is built from. What happened to a record, and why, is the log's to tell (`rowcol history`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from ingestion.changelog.delta import version_order
from ingestion.control.entered_bills import USER
from ingestion.errors import RowcolError, UsageError
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.named_records import named_decisions, named_records
from rowcol_assets.transform import read_manifest

# Whom a bank's text names, as the vendor map has them.
BANK_PARTIES = ("plaid", "vendors")
RAW_TABLES = {(f"raw_{rail.name}", entity.name) for rail in RAILS.values() for entity in rail.entities}


@dataclass(frozen=True)
class Lineage:
    """What a row rests on. versions: the decisions, then those of the records it names, newest first. tables: all raw tables behind
    it, for its business."""

    row: dict[str, Any]
    versions: list[dict[str, Any]]
    tables: list[dict[str, Any]]


def trace(settings: Settings, relation: str, key: Sequence[str]) -> Lineage:
    """The lineage of the row of `relation` (schema.table) with this key, in the order of the relation's own key columns.

    UsageError names what is wrong with the question, RowcolError says that there is no such row.
    """
    manifest = read_manifest()
    model = _model(manifest, relation)
    columns = key_columns(manifest).get(relation)
    if columns is None:
        raise UsageError(f"{relation} has no key of its own; ask for a mart or an experience")
    if len(key) != len(columns):
        raise UsageError(f"a row of {relation} is named by {' '.join(name.upper() for name in columns)}")
    with open_warehouse(settings, "lineage") as warehouse:
        row = _row(warehouse, relation, dict(zip(columns, key, strict=True)))
        behind = [one for one in _sources(manifest, model) if has_relation(warehouse, ".".join(one))]
        records = _records(warehouse, relation, row, behind)
        versions = [version for decision_id in named_decisions(row) for version in _decision(warehouse, row, decision_id)]
        versions += [version for rail, entity, record_id in records for version in _versions(warehouse, row, rail, entity, record_id)]
        tables = [_summed(warehouse, row["business_id"], schema, table) for schema, table in behind]
    return Lineage(row, versions, [one for one in tables if one["versions"]])


def _model(manifest: Mapping[str, Any], relation: str) -> str:
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and f"{node['schema']}.{node['name']}" == relation:
            return str(unique_id)
    raise UsageError(f"there is no relation {relation!r}: SCHEMA.TABLE, for example marts.fct_bills")


def key_columns(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns that tell the rows of a relation apart, by relation (schema.table); relations without a key are not in it."""
    keys: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        model = manifest["nodes"].get(node.get("attached_node"))
        if model and (node.get("test_metadata") or {}).get("name") == "unique_key":
            keys[f"{model['schema']}.{model['name']}"] = node["test_metadata"]["kwargs"]["columns"]
    return keys


def raw_tables_behind(manifest: Mapping[str, Any], relation: str) -> list[tuple[str, str]]:
    """The raw tables that a relation is built from, the nearest first; UsageError when there is no such relation."""
    return _sources(manifest, _model(manifest, relation))


def _sources(manifest: Mapping[str, Any], model: str) -> list[tuple[str, str]]:
    """The raw tables behind a model, the nearest first."""
    found: dict[tuple[str, str], None] = {}
    seen, waiting = {model}, deque([model])
    while waiting:
        for parent in manifest["nodes"][waiting.popleft()]["depends_on"].get("nodes", ()):
            source = manifest["sources"].get(parent)
            if source and (source["schema"], source["name"]) in RAW_TABLES:
                found.setdefault((source["schema"], source["name"]))
            elif parent in manifest["nodes"] and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return list(found)


def _row(warehouse: duckdb.DuckDBPyConnection, relation: str, key: Mapping[str, str]) -> dict[str, Any]:
    if not has_relation(warehouse, relation):
        raise RowcolError(f"{relation} is not built yet: rowcol run")
    wanted = " and ".join(f"cast({column} as varchar) = ?" for column in key)
    cursor = warehouse.execute(f"select * from {relation} where {wanted}", list(key.values()))
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise RowcolError(f"{relation} has no row {' '.join(key.values())}")
    return dict(zip(names, row, strict=True))


def _records(
    warehouse: duckdb.DuckDBPyConnection, relation: str, row: Mapping[str, Any], behind: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """The records that a row names, its own first: rail, entity, id."""
    rail = row.get("rail")
    found = []
    own = row.get("record_id")
    if rail in RAILS and own:
        entity = _entity(warehouse, row, [table for schema, table in behind if schema == f"raw_{rail}"])
        found += [(rail, entity, own)] if entity else []
    for named_rail, entity, record_id in named_records(relation, row):
        if (f"raw_{named_rail}", entity) in behind:
            found.append((named_rail, entity, record_id))
        elif (named_rail, entity) == BANK_PARTIES:
            found += [("plaid", "transactions", one) for one in _payments_to(warehouse, row["business_id"], record_id)]
    return list(dict.fromkeys(found))


def _payments_to(warehouse: duckdb.DuckDBPyConnection, business_id: str, party_id: str) -> list[str]:
    """The bank's transactions with a party, which has no record of its own there (macro `bank_party_id`), the newest first."""
    query = """select record_id from staging.stg_plaid__transactions
        where business_id = ? and coalesce(merchant_entity_id, merchant_name, description) = ? order by posted_date desc, record_id"""
    return [record_id for (record_id,) in warehouse.execute(query, [business_id, party_id]).fetchall()]


def _entity(warehouse: duckdb.DuckDBPyConnection, row: Mapping[str, Any], tables: Sequence[str]) -> str | None:
    """The raw table of a row's own record: as the row says, else the nearest one that has its version or its id."""
    kind = row.get("document_type") or ""
    told = {row.get("entity"), f"{kind}s", f"{kind[:-1]}ies"}
    for table in tables:
        if table in told:
            return table
    column, value = ("change_id", row["change_id"]) if row.get("change_id") else ("record_id", row["record_id"])
    for table in tables:
        query = f"select 1 from raw_{row['rail']}.{table} where business_id = ? and {column} = ? limit 1"
        if warehouse.execute(query, [row["business_id"], value]).fetchone():
            return table
    return None


def _decision(warehouse: duckdb.DuckDBPyConnection, row: Mapping[str, Any], decision_id: str) -> list[dict[str, Any]]:
    """A decision that a row rests on, for example the one by which a person's record was entered, in the shape of a version."""
    cursor = warehouse.execute(
        f"""select '{USER}' as rail, 'decisions' as entity, decision_id as record_id, decision_id as change_id, 1 as version_no,
            false as is_deleted, strftime(timezone('UTC', decided_at), '%Y-%m-%dT%H:%M:%SZ') as source_updated_at,
            strftime(timezone('UTC', decided_at), '%Y-%m-%dT%H:%M:%SZ') as observed_at, client as delivery, null as sync_id,
            sha256(subject::varchar) as content_hash
        from raw_control.decisions where business_id = ? and decision_id = ?""",
        [row["business_id"], decision_id],
    )
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _versions(warehouse: duckdb.DuckDBPyConnection, row: Mapping[str, Any], rail: str, entity: str, record_id: str) -> list[dict[str, Any]]:
    order = version_order(RAILS[rail].versioned)
    cursor = warehouse.execute(
        f"""select '{rail}' as rail, '{entity}' as entity, record_id, change_id, version_no, is_deleted,
            strftime(timezone('UTC', source_updated_at), '%Y-%m-%dT%H:%M:%SZ') as source_updated_at,
            strftime(timezone('UTC', observed_at), '%Y-%m-%dT%H:%M:%SZ') as observed_at, delivery, sync_id, content_hash
        from raw_{rail}.{entity} where business_id = ? and record_id = ? order by {order} desc""",
        [row["business_id"], record_id],
    )
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _summed(warehouse: duckdb.DuckDBPyConnection, business_id: str, schema: str, table: str) -> dict[str, Any]:
    found = warehouse.execute(
        f"""select count(distinct record_id), count(*), strftime(timezone('UTC', max(observed_at)), '%Y-%m-%dT%H:%M:%SZ')
        from {schema}.{table} where business_id = ?""",
        [business_id],
    ).fetchall()[0]
    return {"table": f"{schema}.{table}", "records": found[0], "versions": found[1], "newest_observed_at": found[2]}
