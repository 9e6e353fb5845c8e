"""Loads segments into `raw_<rail>` through dlt, with the fetch's watermarks in the same package.

dlt keeps the watermarks as resource state, so they reach the warehouse in one load with the rows they stand for.
Merge strategy insert-only on `change_id` makes a load that is repeated after a crash add nothing. What is loaded is
decided in `delta`; loads that a crash interrupted are completed in `recovery`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from ingestion.changelog.schema import CHANGE, DLT_COLUMNS
from ingestion.changelog.segments import read_segment
from ingestion.failpoints import fail_point
from ingestion.files import exclusive, private_dir
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.warehouse import duckdb_config, open_warehouse, writer_lock

if TYPE_CHECKING:
    import dlt
    from dlt.sources import DltSource

# Each load adds a row with the whole state to the warehouse and a folder to the working folder; only the newest is
# ever read.
KEPT_STATES = 5

Watermarks = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Package:
    """What one load brings: per entity its segments, the watermarks to set, and the tables to make though nothing came."""

    segments: Mapping[str, list[Path]]
    watermarks: Watermarks = field(default_factory=dict)
    missing_tables: frozenset[str] = frozenset()


@contextmanager
def load_lock(settings: Settings, rail: str) -> Iterator[None]:
    """Keeps two processes out of the rail's dlt folder; held for a load, never during network calls."""
    with exclusive(private_dir(settings.dlt_dir) / f"{rail}.lock"):
        yield


def rail_pipeline(settings: Settings, rail: str) -> dlt.Pipeline:
    """The dlt pipeline of a rail: dataset `raw_<rail>` in the warehouse, working folder in the home."""
    import dlt
    from dlt.destinations import duckdb as duckdb_destination
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

    configure_dlt()
    credentials = DuckDbCredentials(str(settings.warehouse_path))
    credentials.global_config = dict(duckdb_config(settings))
    return dlt.pipeline(
        pipeline_name=rail,
        pipelines_dir=str(private_dir(settings.dlt_dir)),
        destination=duckdb_destination(credentials),
        dataset_name=f"raw_{rail}",
        progress=_mid_load_fail_point(settings),
    )


def configure_dlt() -> None:
    """Sets, in code, what dlt would otherwise look for in files and the environment of the caller."""
    import dlt

    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["runtime.dlthub_telemetry"] = False
    dlt.config["load.workers"] = 1
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["runtime.log_level"] = "ERROR"


def change_source(rail: RailPromise, package: Package) -> DltSource:
    """The rail as a dlt source: one resource per entity, named like its raw table."""
    import dlt

    @dlt.source(name=rail.name, max_table_nesting=0)
    def source() -> Iterable[Any]:
        for entity in package.segments:
            yield dlt.resource(
                _rows(entity, package),
                name=entity,
                columns=DLT_COLUMNS,
                primary_key="change_id",
                write_disposition={"disposition": "merge", "strategy": "insert-only"},
            )

    return source()


def load_package(settings: Settings, rail: RailPromise, package: Package) -> None:
    """Loads `package`; the caller holds the load lock. The writer lock is held for the load step alone."""
    pipeline = rail_pipeline(settings, rail.name)
    restore_state(settings, pipeline)
    pipeline.extract(change_source(rail, package), loader_file_format="parquet")
    pipeline.normalize()
    finish_load(settings, rail.name, pipeline)


def finish_load(settings: Settings, rail: str, pipeline: dlt.Pipeline) -> None:
    """Loads what is extracted and normalised, then drops superseded copies of the state."""
    with writer_lock(settings, f"load {rail}"):
        pipeline.load(raise_on_failed_jobs=True)
        with open_warehouse(settings, f"load {rail}") as warehouse:
            warehouse.execute(
                f"""delete from raw_{rail}._dlt_pipeline_state
                where version <= (select max(version) - {KEPT_STATES} from raw_{rail}._dlt_pipeline_state)"""
            )
    finished = sorted((Path(pipeline.working_dir) / "load" / "loaded").glob("[0-9]*"))
    for package in finished[:-KEPT_STATES]:
        shutil.rmtree(package, ignore_errors=True)


def restore_state(settings: Settings, pipeline: dlt.Pipeline) -> None:
    """Takes the state from the warehouse when the working folder has none (it was deleted, or the home was copied)."""
    if pipeline.first_run and settings.warehouse_path.exists():
        with writer_lock(settings, f"restore {pipeline.pipeline_name}"):
            pipeline.sync_destination()


def missing_tables(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise) -> frozenset[str]:
    """The rail's tables that the warehouse does not have."""
    rows = warehouse.execute("select table_name from information_schema.tables where table_schema = ?", [f"raw_{rail.name}"]).fetchall()
    return frozenset(promise.name for promise in rail.entities) - {name for (name,) in rows}


def read_watermarks(pipeline: dlt.Pipeline) -> Watermarks:
    """Per entity and connection, up to where the rail has been read, as committed with the rows."""
    resources = pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}).get("resources", {})
    return {entity: dict(state.get("watermarks", {})) for entity, state in resources.items()}


def _rows(entity: str, package: Package) -> Iterator[pa.Table]:
    import dlt

    state = dlt.current.resource_state(entity)
    state.setdefault("watermarks", {}).update(package.watermarks.get(entity, {}))
    if entity in package.missing_tables and not package.segments[entity]:
        yield CHANGE.empty_table()
    for segment in package.segments[entity]:
        yield from read_segment(segment)


def _mid_load_fail_point(settings: Settings) -> Any:
    from dlt.common.runtime.collector import NullCollector

    class Collector(NullCollector):
        """Stops the process in the middle of a load when the fail point `mid_load` is set."""

        def update(self, name: str, inc: int = 1, *args: Any, **kwargs: Any) -> None:
            if self.step and self.step.startswith("Load") and name == "Jobs" and inc:
                fail_point("mid_load", settings)

    return Collector()
