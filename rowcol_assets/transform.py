"""Runs dbt inside this process, in the two steps of a cycle, against the warehouse or a replay file.

The manifest is parsed once by `make` (or by `parse_project`) and read here: dbt then spends its time on models alone,
and variables change per run without parsing again. What the models say is `dbt_project`; their Dagster assets are in
`rowcol_assets.assets.models`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.macros import keep_macros, needed_macros

PROJECT_DIR = Path(__file__).parent.parent / "dbt_project"
TARGET_DIR = PROJECT_DIR / "target"
MANIFEST_PATH = TARGET_DIR / "manifest.json"
PARSED_PATH = TARGET_DIR / "partial_parse.msgpack"

Step = Literal["before", "after"]
# What Great Expectations and the transaction log leave behind is where the second step begins.
AFTER_SELECTION = "source:quality+ source:audit+"
DUE = "due"
SELECTION: dict[Step, list[str]] = {
    "before": ["--select", f"tag:{DUE}", "--exclude", *AFTER_SELECTION.split()],
    "after": ["--select", *AFTER_SELECTION.split()],
}

EventHandler = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class DbtNode:
    """One node's result. status as dbt says it: success, pass, warn, fail, error, skipped."""

    unique_id: str
    status: str
    message: str
    seconds: float


@dataclass(frozen=True)
class DbtReport:
    """What a step came to: the nodes that were built, and the ids of those that were left because they stand."""

    nodes: tuple[DbtNode, ...]
    standing: frozenset[str] = frozenset()

    @property
    def broken(self) -> tuple[DbtNode, ...]:
        """Nodes that failed for a reason of our own; warnings, which a client's data can cause, are not among them."""
        return tuple(node for node in self.nodes if node.status in ("error", "fail", "runtime error"))


def parse_project(settings: Settings) -> None:
    """Parses the dbt project into `dbt_project/target`, which is needed before anything else."""
    with _environment(settings, settings.warehouse_path):
        _invoke(["parse", *_folders(), "--quiet"], None, [])
    # dbt leaves the file as it is where nothing changed; its time says up to when the project is known to be as parsed.
    PARSED_PATH.touch()


def document_project(settings: Settings, folder: Path, *, warehouse_path: Path | None) -> Path:
    """Writes dbt's documentation of the project into `folder`, which exists, as one page and returns it.

    warehouse_path: the file whose tables' columns and sizes are told, which the caller holds the lock of; None: there is none.
    """
    # What is told of the models is in the manifest already; compiling them would ask a warehouse that may lack what they read.
    shutil.copy(MANIFEST_PATH, folder)
    catalog = [] if warehouse_path else ["--empty-catalog"]
    arguments = ["docs", "generate", "--static", "--no-compile", *catalog, *_folders(folder), "--quiet", "--no-partial-parse"]
    with _environment(settings, warehouse_path or settings.warehouse_path):
        try:
            _invoke(arguments, _whole_manifest(), [])
        finally:
            _release()
    return folder / "static_index.html"


def run_step(
    settings: Settings,
    step: Step,
    *,
    warehouse_path: Path,
    variables: Mapping[str, str],
    select: Sequence[str] | None = None,
    standing: frozenset[str] = frozenset(),
    on_event: EventHandler | None = None,
) -> DbtReport:
    """Builds the models and tests of `step` but those that are `standing`, or those of `select`, and returns each node's result.

    Raises RowcolError when dbt itself could not run; nodes that failed are in the report. The caller holds the writer
    lock if `warehouse_path` is the warehouse; every connection is closed before this returns.
    """
    manifest = _manifest()
    mark_due(manifest, standing)
    selection = ["--select", *select] if select is not None else SELECTION[step]
    # Unit tests judge the models' code, which does not change between cycles; the test command runs them.
    selection = [*selection, "--exclude-resource-type", "unit_test"]
    arguments = ["build", *selection, "--vars", msgspec.json.encode(dict(variables)).decode(), *_folders(), "--quiet"]
    # Which relations a schema has is asked when a node of it is built: most steps build few.
    arguments += ["--indirect-selection", "buildable", "--no-write-json", "--no-partial-parse", "--no-populate-cache"]
    arguments += ["--threads", str(settings.models_at_once)]
    with _environment(settings, warehouse_path):
        try:
            result = _invoke(arguments, manifest, [_event_handler(on_event)] if on_event else [])
        finally:
            _release()
    return DbtReport(
        tuple(DbtNode(one.node.unique_id, str(one.status), str(one.message or ""), float(one.execution_time)) for one in result),
        standing,
    )


def read_ahead() -> None:
    """Reads the parsed project and compiles its templates, 1.5 s of a processor, for processes forked from this one to find done."""
    from rowcol_assets.dbt_repeats import compile_templates, keep_repeats

    keep_repeats()
    compile_templates(_manifest())


def read_manifest() -> dict[str, Any]:
    """dbt's manifest, not to be changed; RowcolError in one line when the project was never parsed here."""
    try:
        return _decoded(MANIFEST_PATH, MANIFEST_PATH.stat().st_mtime_ns)
    except OSError:
        raise RowcolError(f"{MANIFEST_PATH} is missing: run `make manifest` once") from None


# A cycle asks for it several times; to decode it takes 15 to 30 ms.
@lru_cache(maxsize=1)
def _decoded(path: Path, _changed_at: int) -> dict[str, Any]:
    manifest: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return manifest


def manifest_is_built() -> bool:
    """Tells whether the project has been parsed here."""
    return MANIFEST_PATH.exists() and PARSED_PATH.exists()


def mark_due(manifest: Any, standing: frozenset[str]) -> None:
    """Gives all nodes of a parsed manifest but these the tag DUE, by which they are selected.

    dbt looks at every node for each name of a selection: naming a hundred took 2 s of a step.
    """
    for name, node in manifest.nodes.items():
        others = [tag for tag in node.tags if tag != DUE]
        node.tags = others if name in standing else [*others, DUE]


def _invoke(arguments: list[str], manifest: Any, callbacks: list[Any]) -> Any:
    from dbt.cli.main import dbtRunner

    from rowcol_assets.dbt_events import hear
    from rowcol_assets.dbt_repeats import keep_repeats

    hear(debug=False)
    keep_repeats()
    answer = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(arguments)
    if answer.result is None:
        reason = " ".join(str(answer.exception).split())[:400]
        raise RowcolError(f"dbt could not run: {reason}")
    return answer.result


def _manifest() -> Any:
    """What builds read: the parsed project without the macros that no build comes to."""
    return _parsed(_parsed_at())


def _parsed_at() -> int:
    try:
        return PARSED_PATH.stat().st_mtime_ns
    except OSError:
        raise RowcolError("the dbt project is not parsed yet: run `make manifest`") from None


def _whole_manifest() -> Any:
    from dbt.contracts.graph.manifest import Manifest

    _parsed_at()
    return Manifest.from_msgpack(PARSED_PATH.read_bytes())


# Both steps of a cycle take the same one: reading it costs 1.5 s.
@lru_cache(maxsize=1)
def _parsed(_changed_at: int) -> Any:
    manifest = _whole_manifest()
    keep_macros(manifest, needed_macros(manifest))
    return manifest


def _folders(target: Path = TARGET_DIR) -> list[str]:
    return [
        "--project-dir",
        str(PROJECT_DIR),
        "--profiles-dir",
        str(PROJECT_DIR),
        "--target-path",
        str(target),
        "--log-level-file",
        "none",
    ]


def _event_handler(handle: EventHandler) -> Callable[[Any], None]:
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

    def callback(event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"):
            handle(MessageToDict(event, preserving_proto_field_name=True))

    return callback


def _release() -> None:
    """Closes dbt-duckdb's own handle on the file, which otherwise outlives the run in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager._ENV = None


@contextmanager
def _environment(settings: Settings, warehouse_path: Path) -> Iterator[None]:
    """Tells the dbt profile which file to use; dbt reads profiles from the environment of the process."""
    told = {
        "ROWCOL_DBT_WAREHOUSE": str(warehouse_path),
        "ROWCOL_DBT_MEMORY": settings.duckdb_memory,
        "ROWCOL_DBT_THREADS": str(settings.duckdb_threads),
    }
    environment = os.environ  # noqa: TID251 - written for dbt, never read
    before = {name: environment.get(name) for name in told}
    environment.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value


if __name__ == "__main__":
    from ingestion.settings import load_settings
    from rowcol_assets.collector import collect_rarely

    collect_rarely()
    parse_project(load_settings())
