"""Runs the dbt project in process on a warehouse file, with one manifest per test process, as the platform does.

Filling the warehouse is in `tests/dbt/rawfill.py`, asking it in `tests/dbt/asking.py`; the product's own runner is `rowcol_assets`.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rowcol_assets.dbt_events import hear
from rowcol_assets.dbt_repeats import keep_repeats
from rowcol_assets.macros import keep_macros, needed_macros, take_macros
from rowcol_assets.transform import PARSED_PATH, SELECTION, mark_due

PROJECT = Path(__file__).parents[2] / "dbt_project"

BEFORE, AFTER = tuple(SELECTION["before"]), tuple(SELECTION["after"])


@dataclass
class DbtProject:
    """The parsed project; `work` holds dbt's own files, so that workers do not share any."""

    work: Path
    _manifest: Any = field(default=None, repr=False)
    _macros: dict[str, Any] = field(default_factory=dict, repr=False)
    _needed: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def manifest(self) -> Any:
        """The manifest, read once: the one `make` has parsed unless a file of the project is newer."""
        if self._manifest is None:
            self._manifest = _parsed_by_make() or self._runner(None, "parse", work_warehouse=self.work / "parse.duckdb").result
            self._macros = self._manifest.macros
        if self._manifest.macros is not self._macros:
            take_macros(self._manifest, self._macros)
        return self._manifest

    @property
    def for_builds(self) -> Any:
        """The same without the macros that no build comes to, as the platform builds; `manifest` takes them back."""
        whole = self.manifest
        self._needed = self._needed or needed_macros(whole)
        keep_macros(whole, self._needed)
        return whole

    def is_as_parsed(self) -> bool:
        """Tells whether the manifest is the one `make` has parsed, by which the platform judges what stands."""
        return _parsed_by_make_is_current()

    def build(
        self,
        warehouse: Path,
        *selection: str,
        now: str = "2026-06-30T12:00:00Z",
        as_of_date: str = "",
        known_at: str = "",
        full_refresh: bool = False,
        heard: Callable[[Any], None] | None = None,
        standing: frozenset[str] = frozenset(),
    ) -> Any:
        """Builds `selection` (everything if empty, without unit tests) and returns dbt's result; the file is free again afterwards.

        heard: given each of dbt's events. standing: the nodes that `tag:due` leaves out.
        """
        mark_due(self.manifest, standing)
        variables = {"rowcol_now": now, "as_of_date": as_of_date, "known_at": known_at}
        # Test workers keep all processors busy, so one model at a time.
        arguments = ["build", "--threads", "1", "--no-populate-cache", "--exclude-resource-type", "unit_test"]
        arguments += ["--vars", json.dumps(variables), *selection]
        if full_refresh:
            arguments.append("--full-refresh")
        return self._runner(self.for_builds, *arguments, work_warehouse=warehouse, heard=heard)

    def compiled(self, warehouse: Path, names: list[str], *, now: str, as_of_date: str, known_at: str) -> dict[str, str]:
        """The SQL of these models by name, as a run with these variables would ask it."""
        variables = {"rowcol_now": now, "as_of_date": as_of_date, "known_at": known_at}
        arguments = ["compile", "--vars", json.dumps(variables), "--select", *names]
        result = self._runner(self.manifest, *arguments, work_warehouse=warehouse)
        return {one.node.name: one.node.compiled_code for one in result.result if one.node.name in names}

    def unit_tests(self, warehouse: Path) -> Any:
        """Runs the project's own unit tests."""
        return self._runner(self.manifest, "test", "--select", "test_type:unit", work_warehouse=warehouse)

    def _runner(self, manifest: Any, *arguments: str, work_warehouse: Path, heard: Callable[[Any], None] | None = None) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        hear(debug=heard is not None)
        keep_repeats()
        os.environ.update({"ROWCOL_DBT_WAREHOUSE": str(work_warehouse), "ROWCOL_DBT_MEMORY": "1GB", "DBT_INDIRECT_SELECTION": "buildable"})
        try:
            return dbtRunner(manifest=manifest, callbacks=[heard] if heard else []).invoke(
                [
                    *arguments,
                    "--project-dir",
                    str(PROJECT),
                    "--profiles-dir",
                    str(PROJECT),
                    "--target-path",
                    str(self.work / "target"),
                    "--log-path",
                    str(self.work / "logs"),
                    "--quiet",
                    "--no-write-json",
                    "--log-level-file",
                    "none",
                ]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()


@lru_cache(maxsize=1)
def dbt_project() -> DbtProject:
    """The one of this process: to read the manifest costs 2 s of a processor."""
    work = Path(tempfile.mkdtemp(prefix="rowcol-dbt-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    return DbtProject(work)


def _parsed_by_make() -> Any:
    """The manifest of `make`, which took 11 s of CPU, or None when it is older than what it was parsed from."""
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(PARSED_PATH.read_bytes()) if _parsed_by_make_is_current() else None


def _parsed_by_make_is_current() -> bool:
    # Folders too: theirs changes when a file is taken out of them.
    sources = [path for path in PROJECT.rglob("*") if "target" not in path.relative_to(PROJECT).parts]
    return PARSED_PATH.exists() and PARSED_PATH.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


def failures(result: Any) -> list[str]:
    """What did not succeed in a dbt result, one line per node; warnings count."""
    if result.exception is not None:
        return [str(result.exception)]
    return [f"{run.status} {run.node.name}: {run.message}" for run in result.result if run.status not in ("success", "pass", "no-op")]


def broken(result: Any) -> list[str]:
    """The failures that are our own: a warning is what a client's data can cause, and blocks nobody."""
    return [line for line in failures(result) if not line.startswith("warn ")]
