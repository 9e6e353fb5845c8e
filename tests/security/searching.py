"""Searches files for what must not be in them: their bytes, and what is compressed in them."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tests.e2e.machine import Machine


def of_others(made: Machine, own: Collection[str]) -> list[bytes]:
    """Ids and names, at the sandbox and at the vendors, of the businesses of `made` other than `own`."""
    entries = [entry for entry in made.sandbox.credentials if entry["business_id"] not in own]
    texts = {entry[key] for entry in entries for key in ("business_id", "name")}
    texts |= {str(entry["credentials"][key]) for entry in entries for key in ("realm_id", "account_id") if key in entry["credentials"]}
    return sorted(text.encode() for text in texts)


def search(folder: Path, needles: Collection[bytes]) -> tuple[int, list[str]]:
    """How many bytes were searched in `folder`, and where one of `needles` was found."""
    total, found = 0, []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for what, content in contents(path):
            total += len(content)
            found += [f"{path.name}: {what}" for needle in needles if needle in content]
    return total, found


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and what is packed in them: rows of databases and Parquet files, zlib streams."""
    body = path.read_bytes()
    yield "bytes", body
    yield from (("zlib", unpacked) for unpacked in _unpacked(body))
    if body.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in connection.execute(f'select * from "{table}"'):
                    for value in row:
                        packed = value if isinstance(value, bytes) else str(value).encode()
                        yield table, packed
                        yield from ((table, unpacked) for unpacked in _unpacked(packed))
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as warehouse:
            for schema, table in warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                for row in warehouse.execute(f'select t::varchar from "{schema}"."{table}" as t').fetchall():
                    yield f"{schema}.{table}", row[0].encode()
            told = "select comment from duckdb_columns() union all select comment from duckdb_tables()"
            yield "comments", repr(warehouse.execute(told).fetchall()).encode()
    elif path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        yield "metadata", repr(file.schema_arrow.metadata).encode()
        for batch in file.iter_batches():
            yield "rows", repr(batch.to_pylist()).encode()


def _unpacked(body: bytes) -> Iterator[bytes]:
    # A view: by chance a header's two bytes are thousands of times in a warehouse, of which a slice would each time be a copy.
    rest = memoryview(body)
    for header in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        start = body.find(header)
        while start >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj().decompress(rest[start:])
            start = body.find(header, start + 1)
