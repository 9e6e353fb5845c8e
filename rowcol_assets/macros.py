"""Which of dbt's macros a build of this project can come to.

dbt hands every macro of every package to each node, twice, one by one: with the 300 that nothing here leads to (snapshots,
other databases' ways, catalogues, Python clones), building 280 nodes of small ledgers took 7 % more of a processor.
Where the manifest comes from, and the commands that need all macros: `transform`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

OWN = "rowcol"
# dbt's Python calls these by their names (dbt/adapters/sql/impl.py, dbt/compilation.py); all others are called by a macro or a node.
CALLED_BY_DBT = frozenset(
    {
        "alter_column_type",
        "check_schema_exists",
        "create_schema",
        "drop_relation",
        "drop_schema",
        "get_columns_in_relation",
        "get_limit_subquery_sql",
        "list_function_relations_without_caching",
        "list_relations_without_caching",
        "list_schemas",
        "py_script_postfix",
        "rename_relation",
        "truncate_relation",
        "validate_sql",
    }
)
# Found by a model's `incremental_strategy`.
CALLED_BY_STRATEGY = "get_incremental_"
# How `adapter.dispatch` finds the way of a database.
DISPATCHED = ("duckdb__", "default__")


def needed_macros(manifest: Any) -> frozenset[str]:
    """The ids of the macros of a parsed manifest that its nodes, this project and dbt itself lead to, step by step."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, macro in manifest.macros.items():
        by_name[macro.name].append(name)
    needed: set[str] = set()
    found = [name for name, macro in manifest.macros.items() if _is_begun_with(macro)]
    kinds = {node.config.materialized for node in manifest.nodes.values()}
    found += [name for kind in kinds for name in _ways_of(kind, by_name)]
    found += [name for node in manifest.nodes.values() for name in node.depends_on.macros]
    while found:
        name = found.pop()
        if name in needed or name not in manifest.macros:
            continue
        needed.add(name)
        macro = manifest.macros[name]
        found += macro.depends_on.macros
        found += [way for prefix in DISPATCHED for way in by_name[prefix + macro.name]]
    return frozenset(needed)


def keep_macros(manifest: Any, names: Iterable[str]) -> None:
    """Leaves these macros in the manifest, and no others."""
    take_macros(manifest, {name: manifest.macros[name] for name in names})


def take_macros(manifest: Any, macros: dict[str, Any]) -> None:
    """Makes these the manifest's macros."""
    manifest.macros = macros
    # dbt's own notes of what there is.
    manifest._macros_by_name = manifest._macros_by_package = None


def _is_begun_with(macro: Any) -> bool:
    return macro.package_name == OWN or macro.name in CALLED_BY_DBT or macro.name.startswith(CALLED_BY_STRATEGY)


def _ways_of(kind: str, by_name: dict[str, list[str]]) -> list[str]:
    """How nodes of a kind (table, seed, ...) are made: this project's own way where it has one, else dbt's."""
    ways = by_name[f"materialization_{kind}_duckdb"] + by_name[f"materialization_{kind}_default"]
    return [way for way in ways if way.startswith(f"macro.{OWN}.")] or ways
