"""Runs the dbt project on a filled warehouse file, in this process, parsed once per test process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from expectations.report import CheckReport
from expectations.run import run_checks
from expectations.tables import ensure_tables

PROJECT = Path(__file__).parents[2] / "dbt_project"
WAREHOUSE = "warehouse.duckdb"  # dbt writes the file name into the manifest as the catalog, so every test file has this one
FRAMES = ["+quality.chk_*"]
BEFORE = ["resource_type:seed", *FRAMES, "+int_burn", "+int_rail_health", "+dim_business", "+fct_bills", "+fct_invoices", "+dim_vendor"]
AFTER = ["fct_hygiene_flag", "fct_hygiene_score", "hygiene_tray"]


def build(
    warehouse: Path, select: Sequence[str], *, now: datetime, variables: dict[str, str] | None = None, full_refresh: bool = False
) -> None:
    """Builds the selected models, seeds and tests; anything that does not succeed fails the calling test, by name."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    given = {"rowcol_now": now.isoformat()} | (variables or {})
    arguments = [
        "build",
        "--select",
        *select,
        "--vars",
        json.dumps(given),
        "--quiet",
        "--indirect-selection",
        "buildable",
        "--exclude-resource-type",
        "unit_test",
    ]
    arguments += ["--full-refresh"] if full_refresh else []
    with _environment(ROWCOL_DBT_WAREHOUSE=str(warehouse)):
        answer = dbtRunner(manifest=_manifest()).invoke([*arguments, *_folders(), "--no-write-json"])
        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager._ENV.close()
            DuckDBConnectionManager._ENV = None
    assert answer.exception is None, str(answer.exception)
    bad = [(node.node.name, str(node.message)) for node in answer.result if str(node.status) not in ("success", "pass", "no-op")]
    assert bad == []


def check(warehouse: Path, *, now: datetime, run_id: str = "run", **options: Any) -> CheckReport:
    """Runs the checks on the file, with the quality tables in place."""
    connection = duckdb.connect(str(warehouse))
    try:
        connection.execute("set timezone = 'UTC'")
        ensure_tables(connection)
        return run_checks(connection, run_id=run_id, ran_at=now, **options)
    finally:
        connection.close()


def rows(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query on the file returns."""
    connection = duckdb.connect(str(warehouse))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@lru_cache(maxsize=1)
def _target() -> Path:
    return Path(tempfile.mkdtemp(prefix="rowcol-dbt-"))


@lru_cache(maxsize=1)
def _parsed() -> bytes:
    from dbt.cli.main import dbtRunner

    with _environment(ROWCOL_DBT_WAREHOUSE=str(_target() / WAREHOUSE)):
        answer = dbtRunner().invoke(["parse", *_folders(), "--quiet"])
    assert answer.success, str(answer.exception)
    return (_target() / "partial_parse.msgpack").read_bytes()


def _manifest() -> Any:
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(_parsed())


def _folders() -> list[str]:
    folders = {"--project-dir": PROJECT, "--profiles-dir": PROJECT, "--target-path": _target(), "--log-path": _target()}
    return [text for name, path in folders.items() for text in (name, str(path))]


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
