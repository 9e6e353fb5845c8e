"""What there is to be named: files, functions, commands and their options, make targets, dbt nodes, published relations.

Read from the sources, so that a document that names something renamed or removed fails here.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import typer.main
import yaml

from ingestion.control.rows import TABLES
from ingestion.registry import RAILS
from ingestion.settings import Settings
from rowcol_assets.cli.main import build_app
from tests.docs.documents import ROOT

TOP_LEVEL = ("ingestion", "rowcol_assets", "dbt_project", "expectations", "sandbox", "tests", "docs", ".ci")
DBT = ROOT / "dbt_project"

_MODULE = re.compile(r"python -m ([\w.]+)")


@lru_cache(maxsize=1)
def make_targets() -> frozenset[str]:
    """The targets of the Makefile that are meant to be typed."""
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@lru_cache(maxsize=1)
def commands() -> dict[str, frozenset[str]]:
    """Every `rowcol` command, subcommands as `group command`, with its options."""
    application: Any = typer.main.get_command(build_app())
    found: dict[str, frozenset[str]] = {}
    for name, command in application.commands.items():
        found[name] = _options(command)
        found.update({f"{name} {member}": _options(inner) for member, inner in getattr(command, "commands", {}).items()})
    return found


def _options(command: Any) -> frozenset[str]:
    own = [option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)]
    return frozenset([*own, "--help", "--debug"])


@lru_cache(maxsize=1)
def dbt_nodes() -> frozenset[str]:
    """Names of models, seeds, macros, generic and singular tests and unit tests."""
    names = {
        path.stem for folder in ("models", "seeds", "tests") for path in (DBT / folder).rglob("*") if path.suffix in (".sql", ".csv", ".py")
    }
    for path in (DBT / "macros").rglob("*.sql"):
        names.update(re.findall(r"{%-? *macro (\w+)", path.read_text()))
    for path in (DBT / "models").rglob("*.yml"):
        names.update(test["name"] for test in yaml.safe_load(path.read_text()).get("unit_tests", []))
    return frozenset(names)


@lru_cache(maxsize=1)
def relations() -> dict[str, frozenset[str]]:
    """`schema.table` with its described columns: models, seeds, raw tables, the control store's copy, the checks' results."""
    found: dict[str, frozenset[str]] = {f"raw_control.{name}": frozenset(columns) for name, columns in TABLES.items()}
    found.update({f"raw_{rail.name}.{promise.name}": frozenset() for rail in RAILS.values() for promise in rail.entities})
    found.update({f"quality.{name}": frozenset() for name in ("expectation_runs", "expectation_failures")})
    described = _described_columns()
    for path in (DBT / "models").rglob("*.sql"):
        schema = path.relative_to(DBT / "models").parts[0]
        found[f"{schema}.{path.stem}"] = described.get(path.stem, frozenset())
    return found


def _described_columns() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for path in (DBT / "models").rglob("*.yml"):
        models: list[dict[str, Any]] = yaml.safe_load(path.read_text()).get("models", [])
        found.update({model["name"]: frozenset(column["name"] for column in model.get("columns", [])) for model in models})
    return found


@lru_cache(maxsize=1)
def settings() -> frozenset[str]:
    """The settings of a process, as the environment spells them."""
    return frozenset(f"ROWCOL_{name.upper()}" for name in Settings.model_fields)


@cache
def functions(path: Path) -> frozenset[str]:
    """Functions and classes at the top of a Python file."""
    body = ast.parse(path.read_text()).body
    return frozenset(node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)))


def wrong_path(named: str) -> str | None:
    """Why a path of the project, perhaps with `::name` behind it, is wrong; None if it is right or only a pattern."""
    place, _, name = named.partition("::")
    if any(sign in place for sign in "<>*…") or not place.startswith(tuple(f"{folder}/" for folder in TOP_LEVEL)):
        return None
    if not (ROOT / place).exists():
        return f"{place} does not exist"
    if name and name not in functions(ROOT / place):
        return f"{place} has no {name}"
    return None


def wrong_command(named: str) -> str | None:
    """Why a command line in a document is wrong; None if it is right or none of ours."""
    for target in re.findall(r"\bmake ([a-z]+)\b", named):
        if target not in make_targets():
            return f"make has no target {target}"
    for module in _MODULE.findall(named):
        if importlib.util.find_spec(module) is None:
            return f"there is no module {module}"
    for arguments in re.findall(r"(?:^|[ /])rowcol ([a-z][^`]*)", named):
        first, *rest = arguments.split()
        command = f"{first} {rest[0]}" if rest and f"{first} {rest[0]}" in commands() else first
        if command not in commands():
            return f"rowcol has no command {command}"
        unknown = set(re.findall(r"(--[a-z][a-z-]*)", arguments)) - commands()[command]
        if unknown:
            return f"rowcol {command} has no {', '.join(sorted(unknown))}"
        if command in {"sandbox"} and rest:
            return f"rowcol sandbox has no command {rest[0]}"
    return None


def wrong_relation(named: str) -> str | None:
    """Why `schema.table` or `schema.table.column` is wrong; None if it is right or names no schema of ours."""
    parts = named.split(".")
    schemas = {relation.split(".")[0] for relation in relations()}
    if not 2 <= len(parts) <= 3 or parts[0] not in schemas or not all(re.fullmatch(r"\w+", part) for part in parts):
        return None
    relation = ".".join(parts[:2])
    if relation not in relations():
        return f"there is no relation {relation}"
    if len(parts) == 3 and parts[2] not in relations()[relation]:
        return f"{relation} has no described column {parts[2]}"
    return None
