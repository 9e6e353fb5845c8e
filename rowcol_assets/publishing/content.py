"""What an advisor's generation consists of: which tables, which rows of them, and a signature that tells a change.

Set-based: one pass per table signs all businesses at once, whatever the number of advisors. A held business (its data
failed a check that holds it) keeps the rows it was last published with; where those come from is `held`'s subject.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from rowcol_assets.publishing.promised import Promised

SCHEMAS = ("marts", "experiences")
STATE_COLUMN, REASON_COLUMN, PUBLISHED_COLUMN = "publish_state", "held_reason", "published_at"
DIMENSION = ("marts", "dim_business")
PORTFOLIO = ("experiences", "portfolio")

Signatures = dict[str, str]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A relation of the warehouse that is published. columns: name and type in order; comments by column name.

    row_key: the columns that tell its rows apart; questions: what it answers; filled: columns that are never NULL, with what they are in
    rows older than they (`promised`).
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    comment: str | None
    comments: tuple[tuple[str, str], ...]
    row_key: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    filled: tuple[tuple[str, str], ...] = ()

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        return self.schema, self.name

    @property
    def quoted(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def says_state(self) -> bool:
        """Whether it tells of each business whether it is held and why."""
        return {STATE_COLUMN, REASON_COLUMN} <= {name for name, _ in self.columns}


def quote(identifier: str) -> str:
    """`identifier` for use in SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """`text` as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def published_tables(warehouse: duckdb.DuckDBPyConnection, promised: Mapping[str, Promised]) -> list[PublishedTable]:
    """Every relation of the published schemas with a business_id, by name. promised: by relation; a key it has not whole is none."""
    where = f"database_name = current_database() and schema_name in ({', '.join(map(quote_text, SCHEMAS))})"
    comments = dict(
        warehouse.execute(
            f"select schema_name || '.' || table_name, comment from duckdb_tables() where {where} and comment is not null"
        ).fetchall()
    )
    rows = warehouse.execute(
        f"select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where {where} order by 1, 2, column_index"
    ).fetchall()
    grouped: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
    for schema, table, column, kind, comment in rows:
        grouped.setdefault((schema, table), []).append((column, kind, comment))
    found = []
    for (schema, table), columns in sorted(grouped.items()):
        names = {column for column, _, _ in columns}
        known = promised.get(f"{schema}.{table}", Promised())
        if "business_id" in names:
            found.append(
                PublishedTable(
                    schema=schema,
                    name=table,
                    columns=tuple((column, kind) for column, kind, _ in columns),
                    comment=comments.get(f"{schema}.{table}"),
                    comments=tuple((column, comment) for column, _, comment in columns if comment),
                    row_key=known.key if set(known.key) <= names else (),
                    questions=known.questions,
                    filled=tuple((column, older) for column, older in known.filled if column in names),
                )
            )
    return found


def sign_businesses(warehouse: duckdb.DuckDBPyConnection, query: str) -> Signatures:
    """A signature per business of the rows of `query`: of every column and row, whatever their order.

    Count, xor and sum of 64-bit row hashes: two equal rows do not cancel out, as they would in the xor alone.
    """
    row = "publish_row"  # a whole row by its alias, which no column may shadow
    signed = f"select {row}.business_id, count(*), bit_xor(hash({row})), sum(hash({row})) from ({query}) {row} group by 1"
    return {business: f"{count}:{xor}:{total}" for business, count, xor, total in warehouse.execute(signed).fetchall()}


def sign_table(table: PublishedTable, signatures: Mapping[str, str], businesses: Iterable[str]) -> str:
    """The signature of a table for one advisor: what is said of it, its columns, and the rows of `businesses`."""
    digest = hashlib.sha256(repr((table.columns, table.comment, table.comments, table.row_key, table.questions)).encode())
    for business in sorted(businesses):
        digest.update(f"\n{business}\x1f{signatures.get(business, '')}".encode())
    return digest.hexdigest()


def select_live(table: PublishedTable, published_at: str) -> str:
    """The rows of the businesses in the temporary table `publish_live`; an empty published_at is filled in."""
    columns = [
        f"coalesce({quote(name)}, {quote_text(published_at)}::{kind}) as {quote(name)}"
        if table.key == PORTFOLIO and name == PUBLISHED_COLUMN
        else quote(name)
        for name, kind in table.columns
    ]
    return f"select {', '.join(columns)} from {table.quoted} where business_id in (select business_id from publish_live)"
