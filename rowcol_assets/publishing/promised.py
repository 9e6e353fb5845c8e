"""What dbt's project promises of a published relation beside its columns: what tells its rows apart, which columns are never NULL, and
the questions it answers.

Columns, types and comments come with the relation itself and are read from the warehouse (`content`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rowcol_assets.lineage import key_columns
from rowcol_assets.transform import read_manifest


@dataclass(frozen=True, slots=True)
class Promised:
    """Of one relation. key: the columns no two rows share, none NULL; questions: what a reader would ask it.

    filled: columns that are never NULL by contract, with what they are in rows that are older than they: SQL over the row's other
    columns, the column's `older_rows`, or '' where nothing is said.
    """

    key: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    filled: tuple[tuple[str, str], ...] = ()


def promised_relations(manifest: Mapping[str, Any] | None = None) -> dict[str, Promised]:
    """What is promised of each model, by relation (schema.table). manifest: dbt's, None for the one of this project."""
    read = read_manifest() if manifest is None else manifest
    keys = key_columns(read)
    models = [node for node in read["nodes"].values() if node["resource_type"] == "model"]
    return {
        relation: Promised(tuple(keys.get(relation, ())), tuple(node["config"].get("meta", {}).get("questions", ())), _filled(node))
        for node in models
        for relation in [f"{node['schema']}.{node['alias']}"]
    }


def _filled(node: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(column.get("meta", {}).get("older_rows", "")))
        for name, column in node["columns"].items()
        if any(constraint["type"] == "not_null" for constraint in column.get("constraints") or ())
    )
