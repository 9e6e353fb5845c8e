"""Which nodes of a dbt step stand as they are, so that a cycle need not build them again.

A seed and a view that reads no variable are what the code says: they stand while the code and the columns of the sources are
those they were built with. A mirror stands while its raw table has no rows of loads that it has not read. All other nodes, and
all of the second step, are built in each cycle, and all tests are asked: what they say depends on the time of the run, or on
what others say. Which nodes a step has is in `transform`; what their assets are told is in `assets.models`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import duckdb

from ingestion.warehouse import has_relation
from rowcol_assets.deferral import DEFERRED_LOADS
from rowcol_assets.transform import AFTER_SELECTION, read_manifest

BUILT_BY = "staging.built_by"
PROCESSED_LOADS = "staging.processed_loads"
_OWN = "macro.rowcol."
# The manifest that was looked through last, and what was found.
_constant: tuple[Mapping[str, Any] | None, frozenset[str]] = (None, frozenset())
_VARYING = re.compile(r"\b(var|env_var)\(|run_started_at|invocation_id|is_incremental")


def standing_nodes(warehouse: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The ids of the first step's nodes that stand in this warehouse; none where another version built it, or none to its end.

    What another version built is forgotten by this, so that a step which is killed leaves nothing that is taken for built.
    Mirrors that stand remember the loads they have none of, as if they had been built.
    """
    manifest = read_manifest()
    warehouse.execute(f"create schema if not exists {BUILT_BY.split('.')[0]}")
    warehouse.execute(f"create table if not exists {BUILT_BY} (project varchar)")
    if warehouse.execute(f"select project from {BUILT_BY}").fetchall() != [(_project(warehouse, manifest),)]:
        warehouse.execute(f"delete from {BUILT_BY}")
        return frozenset()
    there = warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    there += warehouse.execute("select schema_name, view_name from duckdb_views()").fetchall()
    relations = set(there)
    second = _second_step(manifest)
    nodes = [
        node for node in manifest["nodes"].values() if (node["schema"], node["alias"]) in relations and node["unique_id"] not in second
    ]
    built = {node["unique_id"] for node in nodes}
    return frozenset(built & constant_nodes(manifest) | _without_news(warehouse, nodes))


def remember_built(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Notes that the project as it is now has built all nodes that can stand."""
    warehouse.execute(f"delete from {BUILT_BY}")
    warehouse.execute(f"insert into {BUILT_BY} values (?)", [_project(warehouse, read_manifest())])


def _project(warehouse: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> str:
    """Which parse of the project this is, and the columns that its constant nodes read: a view keeps those it was made with."""
    read = {name for unique_id in constant_nodes(manifest) for name in manifest["nodes"][unique_id]["depends_on"].get("nodes", ())}
    sources = [source for name, source in manifest["sources"].items() if name in read]
    query = """
        select string_agg(concat_ws(' ', schema_name, table_name, column_name, data_type), ',' order by all)
        from duckdb_columns()
        where schema_name || '.' || table_name in (select unnest(?::varchar[]))
    """
    columns = str(warehouse.execute(query, [[f"{source['schema']}.{source['identifier']}" for source in sources]]).fetchone())
    return f"{manifest['metadata']['invocation_id']} {sha256(columns.encode()).hexdigest()}"


def _second_step(manifest: Mapping[str, Any]) -> set[str]:
    """What hangs on the sources that part the steps (`transform.AFTER_SELECTION`)."""
    parting = [selected.removeprefix("source:").removesuffix("+") for selected in AFTER_SELECTION.split()]
    left = [name for name, source in manifest["sources"].items() if source["source_name"] in parting]
    found: set[str] = set()
    while left:
        for child in manifest["child_map"].get(left.pop(), ()):
            if child not in found:
                found.add(child)
                left.append(child)
    return found


def constant_nodes(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the nodes whose relation is the same in each run of one version of the project."""
    global _constant
    if _constant[0] is not manifest:
        _constant = (manifest, frozenset(name for name, node in manifest["nodes"].items() if _is_constant(manifest, node)))
    return _constant[1]


def _is_constant(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether a node's relation is the same in each run of one version of the project, whatever the run's variables say."""
    if node["resource_type"] == "seed":
        return True
    if node["resource_type"] != "model" or node["config"]["materialized"] != "view":
        return False
    macros = manifest["macros"]
    code = [node["raw_code"], *(macros[name]["macro_sql"] for name in _own_macros(macros, node["depends_on"]["macros"]))]
    return not any(_VARYING.search(text) for text in code)


def _own_macros(macros: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """The project's own macros among these and those that they call; those of dbt read none of our variables."""
    found: set[str] = set()
    left = [name for name in names if name.startswith(_OWN)]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [called for called in macros[name]["depends_on"]["macros"] if called.startswith(_OWN)]
    return found


def _without_news(warehouse: duckdb.DuckDBPyConnection, nodes: Sequence[Mapping[str, Any]]) -> set[str]:
    """The mirrors among these whose raw table has no rows of finished loads that they have not read and this run does."""
    mirrors = {node["alias"]: node for node in nodes if "mirrors" in node["config"]["meta"]}
    if not mirrors or not has_relation(warehouse, PROCESSED_LOADS):
        return set()
    unread, questions = {}, []
    for alias, node in mirrors.items():
        mirrored = node["config"]["meta"]["mirrors"]
        unread[alias] = f"""
            select loads.load_id
            from {mirrored["loads"]} as loads
            anti join {PROCESSED_LOADS} as done on done.model_name = '{alias}' and done.load_id = loads.load_id
            anti join {DEFERRED_LOADS} as deferred
                on deferred.schema_name = '{mirrored["loads"].partition(".")[0]}' and deferred.load_id = loads.load_id
            where loads.status = 0
        """
        questions.append(f"select '{alias}' where not exists (select 1 from {mirrored['raw']} where _dlt_load_id in ({unread[alias]}))")
    quiet = [str(alias) for (alias,) in warehouse.execute(" union all ".join(questions)).fetchall()]
    if quiet:
        seen = " union all ".join(f"select '{alias}', load_id from ({unread[alias]})" for alias in quiet)
        warehouse.execute(f"insert into {PROCESSED_LOADS} {seen}")
    return {mirrors[alias]["unique_id"] for alias in quiet}
