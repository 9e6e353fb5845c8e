"""What is kept of dbt's own work is what dbt would come to: names, graph, column types, code, and the messages that are heard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from dbt.compilation import Linker
from dbt.context.configured import ConfiguredContext
from dbt.context.macros import MacroNamespaceBuilder
from dbt.events.types import FoundStats
from dbt.graph.graph import Graph
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_environment
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

from rowcol_assets import dbt_repeats
from rowcol_assets.dbt_events import hear
from tests.dbt.project import DbtProject

PACKAGES = ["dbt", "dbt_duckdb"]


def test_a_node_may_call_what_dbt_would_let_it_call(project: DbtProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def builder() -> Any:
        return MacroNamespaceBuilder("rowcol", "rowcol", object(), PACKAGES, node="the node")

    macros, context = project.manifest.get_macros_by_package(), {"a": 1}
    own, dbts = builder(), builder()
    kept = dbt_repeats._namespace(own, macros, context)
    dbts.globals, dbts.packages = {}, {}
    for package in macros.values():
        dbts.add_macros(package.values(), context)
    assert {"statement", "generate_schema_name"} <= set(kept)
    parts = ("locals", "globals", "packages", "internal_packages")
    assert all(_plain(getattr(own, part)) == _plain(getattr(dbts, part)) for part in parts)
    monkeypatch.setattr(ConfiguredContext, "to_dict", lambda _: {"var": "of the context", "statement": "of the context"})
    named = dbt_repeats._context(SimpleNamespace(namespace=kept))
    assert named == {"var": "of the context", **{name: kept[name] for name in kept}}


def _plain(value: Any) -> Any:
    """What a made object was made of, and the same of those in a dictionary."""
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, dict) else {**vars(value), "stack": None}


def test_a_manifest_is_linked_once_and_another_anew(project: DbtProject) -> None:
    class Compiler:
        linked = 0

    def link(_self: Any, manifest: Any, _write: bool, add_test_edges: bool) -> Any:
        Compiler.linked += 1
        linker = Linker()
        linker.link_graph(manifest)
        return linker.graph, add_test_edges

    before, dbt_repeats._link, dbt_repeats._linked = dbt_repeats._link, link, (None, {})
    try:
        first = dbt_repeats._graph_of(Compiler, project.manifest)
        assert dbt_repeats._graph_of(Compiler, project.manifest) is first
        assert dbt_repeats._graph_of(Compiler, project.manifest, add_test_edges=True)[1]
        other = project.manifest.deepcopy()
        assert dbt_repeats._graph_of(Compiler, other) is not first
        assert Compiler.linked == 3
    finally:
        dbt_repeats._link, dbt_repeats._linked = before, (None, {})


def test_what_a_node_is_built_on_is_what_the_graph_leads_back_to(project: DbtProject) -> None:
    linker = Linker()
    linker.link_graph(project.manifest)
    project.manifest.build_parent_and_child_maps()
    linker.add_test_edges_2(project.manifest)
    graph = Graph(linker.graph)
    edges = {"parent_test": 0, None: 0}
    for _, _, data in linker.graph.edges(data=True):
        edges[data.get("edge_type")] += 1
    assert all(edges.values())
    named = [name for name in graph if "fct_match" in name]
    assert named
    for node in named:
        assert dbt_repeats._parents(graph, {node}) == graph.ancestors(node)
        assert dbt_repeats._parents(graph, {node}, 1) == graph.ancestors(node, 1)
    assert dbt_repeats._parents(graph, set(named)) == set().union(*map(graph.ancestors, named))
    assert dbt_repeats._enabled_part(graph, iter(graph)) is graph
    few = set(list(graph)[:5])
    assert set(dbt_repeats._enabled_part(graph, few)) == few


def test_an_answers_columns_are_of_the_types_they_would_be() -> None:
    dbt_repeats.keep_repeats()
    assert agate_helper.build_type_tester(["n"]) is agate_helper.build_type_tester(iter(["n"])) is not agate_helper.build_type_tester([])
    rows = [{"n": 1, "day": "2026-06-30", "text": "null", "empty": ""}]
    table = agate_helper.table_from_data_flat(rows, ["n", "day", "text", "empty"])
    again = agate_helper.table_from_data_flat([{**rows[0], "n": "1"}], ["n", "day", "text", "empty"])
    assert [tuple(row.values()) for row in table.rows] == [(1, "2026-06-30", "null", "")]
    assert [tuple(row.values()) for row in again.rows] == [("1", "2026-06-30", "null", "")]
    assert len(agate_helper.empty_table().rows) == 0


def test_code_is_kept_by_what_it_is_the_code_of() -> None:
    dbt_repeats.keep_repeats()
    text, native = get_environment(), get_environment(native=True)
    assert isinstance(text, MacroFuzzEnvironment)
    assert text.compile("{{ a }}") is get_environment().compile("{{ a }}") is not text.compile("{{ b }}")
    assert text.from_string("{{ a }}", globals={"a": "1"}).render({}) == "1"
    assert text.from_string("{{ a }}", globals={"a": "2"}).render({}) == "2"
    assert native.compile("{{ a }}") is not text.compile("{{ a }}")
    assert native.from_string("{{ a }}", globals={"a": 1}).render({}) == 1
    captured = get_environment(capture_macros=True)
    assert captured.from_string("{{ a }}").render({}) is not None and captured.compile("{{ a }}") is text.compile("{{ a }}")


def test_a_message_is_made_when_it_is_asked_for_and_says_what_it_was_told() -> None:
    hear(debug=False)
    event = FoundStats(stat_line="3 models")
    assert "pb_msg" not in vars(event)
    event.stat_line = "4 models"
    assert event.message() == "Found 4 models" and MessageToDict(event.pb_msg) == {"statLine": "4 models"}
