"""Readers as BI tools are: each opens an advisor's files through the link, in its own way, and says whose rows it saw.

One process per reader, as in life: DuckDB lets one process open a file in one way only.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = ("marts.dim_business", "marts.fct_bills", "experiences.portfolio")
# A dashboard keeps its connection for a while, over generations that come and go.
KEPT_FOR = 20


@dataclass
class Seen:
    """What a reader saw: how often it read, each set of businesses in the order seen, and what went wrong."""

    reads: int = 0
    businesses: list[tuple[str, ...]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, found: set[tuple[str, ...]]) -> None:
        """Notes one look at all TABLES: businesses without a bill may lack in one, but no other may be in it."""
        self.reads += 1
        most = max(found, key=len)
        if not all(set(each) <= set(most) for each in found):
            self.wrong.append(f"tables of other businesses: {sorted(found)}")
        if not self.businesses or self.businesses[-1] != most:
            self.businesses.append(most)


def by_duckdb(folder: Path) -> Iterator[set[tuple[str, ...]]]:
    """DuckDB's own client, shut off as `open_published` does it, over one connection for many looks."""
    from rowcol_assets.publishing import open_published

    while True:
        with open_published(folder) as connection:
            for _ in range(KEPT_FOR):
                yield {_ids(connection.execute(f"select distinct business_id from {table}").fetchall()) for table in TABLES}


def by_sqlalchemy(folder: Path) -> Iterator[set[tuple[str, ...]]]:
    """SQLAlchemy with the dialect that BI tools bring, a connection per look."""
    import sqlalchemy as sa

    engine = sa.create_engine(f"duckdb:///{folder / 'rowcol_bi.duckdb'}", connect_args={"read_only": True}, poolclass=sa.pool.NullPool)
    while True:
        with engine.connect() as connection:
            found = {_ids(connection.execute(sa.text(f"select distinct business_id from {table}")).all()) for table in TABLES}
        yield found


def by_pandas(folder: Path) -> Iterator[set[tuple[str, ...]]]:
    """pandas over the DuckDB file, as in a notebook."""
    import duckdb

    while True:
        with duckdb.connect(str(folder / "rowcol_bi.duckdb"), read_only=True) as connection:
            frames = [connection.execute(f"select * from {table}").df() for table in TABLES]
        yield {_ids((name,) for name in frame["business_id"].unique()) for frame in frames}


def by_parquet(folder: Path) -> Iterator[set[tuple[str, ...]]]:
    """Parquet files alone; the link is resolved at each look, since a generation is replaced as a whole."""
    import pyarrow.parquet as pq

    while True:
        files = [pq.ParquetFile(folder / f"{table.replace('.', '/')}.parquet") for table in TABLES]
        yield {_ids((name,) for name in file.read(["business_id"])["business_id"].unique().to_pylist()) for file in files}


READERS: dict[str, Callable[[Path], Iterator[set[tuple[str, ...]]]]] = {
    "duckdb": by_duckdb,
    "sqlalchemy": by_sqlalchemy,
    "pandas": by_pandas,
    "parquet": by_parquet,
}


@contextmanager
def reading(folder: Path) -> Iterator[dict[str, Seen]]:
    """Lets all READERS read `folder` in a loop while the body runs; what they saw is filled in at its end."""
    context = multiprocessing.get_context("spawn")
    stop, queue = context.Event(), context.Queue()
    processes = [context.Process(target=_loop, args=(kind, folder, stop, queue)) for kind in READERS]
    for process in processes:
        process.start()
    told: dict[str, Seen] = {}
    try:
        yield told
    finally:
        stop.set()
        told.update(queue.get(timeout=60) for _ in processes)
        for process in processes:
            process.join()


def _loop(kind: str, folder: Path, stop: Any, queue: Any) -> None:
    seen = Seen()
    looks = READERS[kind](folder)
    while not stop.is_set():
        try:
            seen.note(next(looks))
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is a finding
            seen.wrong.append(f"{type(error).__name__}: {error}")
            looks = READERS[kind](folder)
        # Often enough to meet every moment of a publish, and seldom enough to leave it the processor.
        stop.wait(0.1)
    queue.put((kind, seen))


def _ids(rows: Any) -> tuple[str, ...]:
    return tuple(sorted(row[0] for row in rows))
