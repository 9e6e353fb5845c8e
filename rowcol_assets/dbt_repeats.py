"""Keeps what dbt works out anew for each command, node or answer though it comes to the same.

Most of these are the library's own functions, asked once instead of hundreds of times: a command that builds one model of a small
ledger took 0.6 s of a processor and takes 0.3, of which the graph of all models was 0.2. What none of it may change: which nodes are built,
and what is asked of the warehouse. Events that nobody hears: `dbt_events`; macros that nothing leads to: `macros`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from types import CodeType
from typing import Any

from cachetools import LRUCache
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Compiler
from dbt.context.configured import ConfiguredContext
from dbt.context.macro_resolver import TestMacroNamespace
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.graph.graph import Graph
from dbt.plugins.manager import PluginManager
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_environment, template_cache

# There are 360 nodes and 420 macros to render; of a cycle none is compiled twice, in a process that builds often most would be.
TEMPLATES = 4096

_link = Compiler.compile
_part_of = Graph.subgraph
# The manifest the graphs were made of, and these by whether tests come before what is built on what they test.
_linked: tuple[Any, dict[bool, Any]] = (None, {})


@cache
def keep_repeats() -> None:
    """Has dbt in this process keep all this."""
    Compiler.compile = _graph_of
    PluginManager.get_prefixed_modules = cache(PluginManager.get_prefixed_modules)
    agate_helper.empty_table = cache(agate_helper.empty_table)
    agate_helper.build_type_tester = _kept_testers(agate_helper.build_type_tester)
    MacroFuzzEnvironment.compile = _kept_code(MacroFuzzEnvironment.compile)  # type: ignore[method-assign]
    MacroNamespaceBuilder.build_namespace = _namespace
    ManifestContext.to_dict = _context
    Graph.subgraph = _enabled_part
    Graph.select_parents = _parents


def compile_templates(manifest: Any) -> None:
    """Compiles the templates of a manifest's macros and nodes, of which a build then finds the code."""
    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)
    environment = get_environment()
    for node in manifest.nodes.values():
        environment.compile(getattr(node, "raw_code", ""))


def _graph_of(self: Any, manifest: Any, write: bool = True, add_test_edges: bool = False) -> Any:
    """The graph of a manifest; what it is made of does not change while the process has it. dbt also looks it through for cycles
    and writes summaries of it."""
    global _linked
    if _linked[0] is not manifest:
        _linked = (manifest, {})
    graphs = _linked[1]
    if add_test_edges not in graphs:
        graphs[add_test_edges] = _link(self, manifest, write, add_test_edges)
    return graphs[add_test_edges]


def _enabled_part(self: Graph, nodes: Iterable[Any]) -> Graph:
    """The nodes that are not switched off; where none is, the graph itself: of a part each edge is looked up in two filters."""
    named = set(nodes)
    return self if named == set(self.graph) else _part_of(self, named)


def _parents(self: Graph, selected: set[Any], max_depth: int | None = None) -> set[Any]:
    """The ancestors of nodes as dbt finds them, which asks the graph for the data of each edge by its two ends."""
    parents: set[Any] = set()
    depth = 0
    while selected and (max_depth is None or depth < max_depth):
        found = {name for node in selected for name, edge in self.graph.pred[node].items() if edge.get("edge_type") != "parent_test"}
        selected = found - parents
        parents |= selected
        depth += 1
    return parents


def _kept_testers(build: Callable[..., Any]) -> Callable[..., Any]:
    """What finds out the types of an answer's columns: compiles a calendar's expressions each time it is made."""

    @lru_cache(maxsize=TEMPLATES)
    def built(text_columns: frozenset[str], string_null_values: tuple[str, ...]) -> Any:
        return build(text_columns, string_null_values)

    def tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
        return built(frozenset(text_columns), tuple(string_null_values or ()))

    return tester


def _kept_code(compile_template: Callable[..., Any]) -> Callable[..., Any]:
    """A template's code. The environments of one kind compile alike; in what they do about unknown names they differ as they render."""
    codes: LRUCache[tuple[type, str], CodeType] = LRUCache(TEMPLATES)
    turn = threading.Lock()

    def code_of(
        self: Any, source: Any, name: str | None = None, filename: str | None = None, raw: bool = False, defer_init: bool = False
    ) -> Any:
        if not isinstance(source, str) or name or filename or raw or defer_init:
            return compile_template(self, source, name, filename, raw, defer_init)
        with turn:
            code = codes.get((type(self), source))
        if code is None:
            code = compile_template(self, source)
            with turn:
                codes[type(self), source] = code
        return code

    return code_of


def _namespace(self: Any, macros_by_package: Mapping[str, Mapping[str, Any]], ctx: dict[str, Any]) -> MacroNamespace:
    """What each node may call by name: one object per macro and node, of which dbt makes each in six calls."""
    for package, macros in macros_by_package.items():
        made = {name: _callable(macro, ctx, self.node, self.thread_ctx) for name, macro in macros.items()}
        if package in self.internal_package_names:
            self.internal_packages[package] = made
        else:
            self.packages[package] = made
            if package == self.search_package:
                self.locals.update(made)
            elif package == self.root_package:
                self.globals.update(made)
    internal: dict[str, Any] = {}
    for package in reversed(self.internal_package_names_order):
        internal.update(self.internal_packages.get(package, {}))
    return MacroNamespace(self.globals, self.locals, internal, self.packages)


def _callable(macro: Any, context: dict[str, Any], node: Any, stack: Any) -> MacroGenerator:
    made = MacroGenerator.__new__(MacroGenerator)
    made.__dict__.update(macro=macro, context=context, node=node, stack=stack)
    return made


def _context(self: Any) -> dict[str, Any]:
    """All that a template may name. The namespace's parts are put in from the last one it searches to the first, each at once."""
    names: dict[str, Any] = ConfiguredContext.to_dict(self)
    if isinstance(self.namespace, TestMacroNamespace):
        names.update(self.namespace.local_namespace)
        names.update(self.namespace.project_namespace)
    else:
        for part in reversed(list(self.namespace._search_order())):
            names.update(part)
    return names
