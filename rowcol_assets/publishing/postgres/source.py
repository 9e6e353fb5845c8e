"""What is copied into a database: of each business granted to anybody now, its rows in the newest published generation.

Published files are read and not the warehouse: what is held there is held here, and the copy never waits for the writer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.publishing import layout
from rowcol_assets.publishing.content import PublishedTable, published_tables, quote, quote_text
from rowcol_assets.publishing.promised import Promised


@dataclass(frozen=True, slots=True)
class Source:
    """Generations attached to a connection.

    grants: businesses by advisor; catalog_of: where each business's rows are; contents: the hash of each advisor's file.
    """

    connection: duckdb.DuckDBPyConnection
    tables: tuple[PublishedTable, ...]
    grants: dict[str, list[str]]
    catalog_of: dict[str, str]
    published_at: str
    contents: list[tuple[str, str]]


def open_source(settings: Settings, grants: Mapping[str, list[str]]) -> Source:
    """Attaches the current generations of the advisors in `grants`, read-only; RowcolError where nothing is published.

    A business in several of them is taken from the one published last: an advisor whose publish failed has an older one. Tables and their
    columns are those of the last one; their keys are those that hold for all rows.
    """
    found: list[tuple[str, str, Path, dict[str, Any]]] = []
    contents: list[tuple[str, str]] = []
    for advisor in grants:
        generation = layout.current(layout.Home(settings.published_dir, advisor))
        manifest = layout.manifest_of(generation)
        if generation and manifest:
            found.append((manifest["published_at"], advisor, generation, manifest))
            contents.append((advisor, manifest["database_sha256"]))
    if not found:
        raise RowcolError("nothing is published in this home: `rowcol run` publishes the files that are copied")
    found.sort(key=lambda one: one[:2])
    granted = {business for businesses in grants.values() for business in businesses}
    connection = duckdb.connect(config={"memory_limit": settings.duckdb_memory, "threads": settings.duckdb_threads})
    catalog_of: dict[str, str] = {}
    for number, (_, _, generation, manifest) in enumerate(found):
        connection.execute(f"attach {quote_text(str(generation / layout.DATABASE))} as g{number} (read_only)")
        catalog_of |= {business: f"g{number}" for business in manifest["businesses"] if business in granted}
    read = [manifest["tables"] for number, (*_, manifest) in enumerate(found) if f"g{number}" in catalog_of.values()]
    connection.execute(f"use g{len(found) - 1}")
    shown = {advisor: [business for business in businesses if business in catalog_of] for advisor, businesses in grants.items()}
    return Source(connection, tuple(published_tables(connection, _promised(read))), shown, catalog_of, found[-1][0], contents)


def _promised(read: Sequence[Mapping[str, Any]]) -> dict[str, Promised]:
    """By relation the key that all generations name which are `read`: rows that are older than a key need not have it."""
    keys: dict[str, set[tuple[str, ...]]] = {}
    for tables in read:
        for relation, entry in tables.items():
            keys.setdefault(relation, set()).add(tuple(entry.get("key", ())))
    return {relation: Promised(key) for relation, found in keys.items() if len(found) == 1 for key in found}


def write_rows(source: Source, table: PublishedTable, path: Path) -> None:
    """Writes the rows of `table` to `path` as the CSV that PostgreSQL's COPY reads: NULL is empty, a text is in quotes.

    What an older generation lacks of the table's columns is NULL, and so is a value that its present type cannot hold.
    """
    columns = ", ".join(_as_text(name, kind) for name, kind in table.columns)
    texts = ", ".join(quote(name) for name, kind in table.columns if kind not in PLAIN and not kind.startswith("DECIMAL"))
    has = "select database_name, list(column_name) from duckdb_columns() where schema_name = ? and table_name = ? group by 1 order by 1"
    parts = [f"select {columns} from {table.quoted} where false"]
    for catalog, known in source.connection.execute(has, [table.schema, table.name]).fetchall():
        businesses = ", ".join(quote_text(name) for name, where in source.catalog_of.items() if where == catalog)
        if businesses:
            cast = ", ".join(
                f"try_cast({quote(name) if name in known else 'null'} as {kind}) as {quote(name)}" for name, kind in table.columns
            )
            rows = f"select {cast} from {catalog}.{table.quoted} where business_id in ({businesses})"
            parts.append(f"select {columns} from ({rows})")
    quoted = f", force_quote ({texts})" if texts else ""
    source.connection.execute(f"copy ({' union all '.join(parts)}) to {quote_text(str(path))} (format csv, header false{quoted})")


# Types of the contract by what they are called in PostgreSQL; DECIMAL keeps its digits, what is not a scalar is JSON.
PLAIN = {
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38,0)",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}


def postgres_type(kind: str) -> str:
    """What DuckDB's type `kind` is in PostgreSQL."""
    if kind.startswith("DECIMAL") and not kind.endswith("]"):
        return kind.replace("DECIMAL", "numeric")
    return PLAIN.get(kind) or ("text" if kind == "VARCHAR" else "jsonb")


def _as_text(name: str, kind: str) -> str:
    if postgres_type(kind) == "jsonb":
        return f"to_json({quote(name)}) as {quote(name)}"
    if kind != "VARCHAR":
        return quote(name)
    # PostgreSQL stores no character 0, and before version 18 takes a line of \\. for the end even within quotes.
    return f"replace(replace({quote(name)}, chr(0), ''), chr(10) || '\\.', chr(10) || ' \\.') as {quote(name)}"
