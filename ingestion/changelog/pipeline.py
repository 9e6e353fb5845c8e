"""Loads segments into `raw_<rail>` through dlt, with the fetch's watermarks in the same package.

dlt keeps the watermarks as resource state, so they reach the warehouse in one load with the rows they stand for. The
segment is the file dlt loads (a hard link to it), written with the package's own load id, so no row is copied on the
way. Rows are appended: that none is there already is certain, since the writer compared with the table under the same
locks. What is loaded is decided in `delta`; loads that a crash interrupted are completed in `recovery`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.changelog.schema import CHANGE
from ingestion.dlt_settings import configure_dlt
from ingestion.failpoints import fail_point
from ingestion.files import exclusive, private_dir
from ingestion.promise import RailPromise
from ingestion.settings import Settings

if TYPE_CHECKING:
    import dlt
    from dlt.sources import DltSource

# Each load adds a row with the whole state to the warehouse and a folder to the working folder; only the newest is
# ever read.
KEPT_STATES = 5
# Raw tables have no order worth keeping. zstd: 250,000 payloads take 50 MB instead of 104 and 1.1 s instead of 1.7, and
# are read as fast.
FOR_RAW = "set preserve_insertion_order = false; set force_compression = 'zstd'"
# For copying segments into tables, which needs little, while DuckDB takes what it may have: with 1 GB the loading process
# grew to 950 MB for 260,000 records. Inserting a file is not done in parallel, but each thread's buffers cost 100 MB and more;
# two files are inserted at a time, by the two threads that ask for it (`ingestion.dlt_settings`).
FRUGAL = "set memory_limit = '160MB'; set threads = 1"
# dlt asks for a checkpoint at 1 GB only, so that all rows are written to the write-ahead log first and once more at the
# end; with DuckDB's own threshold a large insert goes to the file at once (250,000 records: 1.0 s instead of 1.3 s).
CHECKPOINT_EARLY = "set checkpoint_threshold = '4MB'"

# Reentrant, because a rebuild holds the locks of all rails at once.
_one_thread = threading.RLock()

Watermarks = dict[str, dict[str, str]]


# Given the load id, writes one entity's rows to a Parquet file and returns it with their number, or None for no rows.
RowsWriter = Callable[[str], tuple[Path, int] | None]


@dataclass(frozen=True)
class Package:
    """What one load brings: per entity the writer of its rows, the watermarks to set, the tables to make though empty."""

    rows: Mapping[str, RowsWriter]
    watermarks: Watermarks = field(default_factory=dict)
    missing_tables: frozenset[str] = frozenset()


@contextmanager
def load_lock(settings: Settings, rail: str) -> Iterator[None]:
    """Keeps two processes out of the rail's dlt folder, and two threads out of dlt; held for a load, never during network calls.

    dlt has one active pipeline per process. Taken under the writer lock: who waits for that one keeps nobody from a rail meanwhile, be
    it a bulk load, which lets others go before it there.
    """
    with _one_thread, exclusive(private_dir(settings.dlt_dir) / f"{rail}.lock"):
        yield


def rail_pipeline(settings: Settings, rail: str, warehouse: duckdb.DuckDBPyConnection | None = None) -> dlt.Pipeline:
    """The dlt pipeline of a rail: dataset `raw_<rail>` in the warehouse, working folder in the home.

    warehouse: the open connection that loads go through; without one the pipeline is only good for its state.
    """
    import dlt
    from dlt.destinations import duckdb as duckdb_destination
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

    configure_dlt()
    return dlt.pipeline(
        pipeline_name=rail,
        pipelines_dir=str(private_dir(settings.dlt_dir)),
        destination=duckdb_destination(
            DuckDbCredentials(warehouse if warehouse is not None else str(settings.warehouse_path), statements=[CHECKPOINT_EARLY])
        ),
        dataset_name=f"raw_{rail}",
        progress=_mid_load_fail_point(settings),
    )


def change_source(rail: RailPromise, package: Package) -> DltSource:
    """The rail as a dlt source: one resource per entity, named like its raw table."""
    import dlt

    @dlt.source(name=rail.name, max_table_nesting=0)
    def source() -> Iterable[Any]:
        for entity in package.rows:
            # Without column hints: what Arrow says of the columns is all there is, and dlt takes a sixth of a small load to go
            # through hints that say the same (23 entities of one row each: 0.55 s instead of 0.65).
            yield dlt.resource(_Rows(entity, package), name=entity, write_disposition="append")

    return source()


def load_package(settings: Settings, rail: RailPromise, package: Package, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Loads `package` through `warehouse`; the caller holds the load lock and the writer lock."""
    warehouse.execute(FOR_RAW)
    pipeline = rail_pipeline(settings, rail.name, warehouse)
    restore_state(pipeline)
    pipeline.extract(change_source(rail, package), loader_file_format="parquet")
    pipeline.normalize()
    finish_load(pipeline, warehouse)


def finish_load(pipeline: dlt.Pipeline, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Loads what is extracted and normalised, then drops superseded copies of the state."""
    warehouse.execute(FRUGAL)
    pipeline.load(raise_on_failed_jobs=True)
    states = f"{pipeline.dataset_name}._dlt_pipeline_state"
    warehouse.execute(f"delete from {states} where version <= (select max(version) - {KEPT_STATES} from {states})")
    finished = sorted((Path(pipeline.working_dir) / "load" / "loaded").glob("[0-9]*"))
    for package in finished[:-KEPT_STATES]:
        shutil.rmtree(package, ignore_errors=True)


def restore_state(pipeline: dlt.Pipeline) -> None:
    """Takes the state from the warehouse when the working folder has none (it was deleted, or the home was copied)."""
    if pipeline.first_run:
        pipeline.sync_destination()


def missing_tables(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise) -> frozenset[str]:
    """The rail's tables that the warehouse does not have."""
    rows = warehouse.execute("select table_name from information_schema.tables where table_schema = ?", [f"raw_{rail.name}"]).fetchall()
    return frozenset(promise.name for promise in rail.entities) - {name for (name,) in rows}


def read_watermarks(pipeline: dlt.Pipeline) -> Watermarks:
    """Per entity and connection, up to where the rail has been read, as committed with the rows."""
    resources = pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}).get("resources", {})
    return {entity: dict(state.get("watermarks", {})) for entity, state in resources.items()}


def no_rows(load_id: str) -> tuple[Path, int] | None:
    """The writer of an entity that brings nothing."""
    return None


@dataclass(frozen=True)
class _Rows:
    """One entity's rows as dlt takes them.

    No generator: dlt asks which module its data is of, and of a generator Python finds that by going through the files of all
    modules there are, which took a second of a cycle's process.
    """

    entity: str
    package: Package

    def __iter__(self) -> Iterator[Any]:
        import dlt

        state = dlt.current.resource_state(self.entity)
        state.setdefault("watermarks", {}).update(self.package.watermarks.get(self.entity, {}))
        written = self.package.rows[self.entity](dlt.current.load_package_state()["load_id"])
        if written:
            path, count = written
            yield dlt.mark.with_file_import(str(path), "parquet", items_count=count, hints=CHANGE.empty_table())
        elif self.entity in self.package.missing_tables:
            yield CHANGE.empty_table()


def _mid_load_fail_point(settings: Settings) -> Any:
    from dlt.common.runtime.collector import NullCollector

    class Collector(NullCollector):
        """Stops the process in the middle of a load when the fail point `mid_load` is set."""

        def update(self, name: str, inc: int = 1, *args: Any, **kwargs: Any) -> None:
            if self.step and self.step.startswith("Load") and name == "Jobs" and inc:
                fail_point("mid_load", settings)

    return Collector()
