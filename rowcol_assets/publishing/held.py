"""Held businesses: each keeps its rows of the last good publish, in every table, and the tables that tell of it say why.

The rows come from the advisor's own former generation, else from another advisor's (after a new grant). A business that
was never published before it was held has only its names, so that the advisor sees it and why. Rows can be older than a column of
their table: where that is never NULL by contract it says what it was in such rows, or `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rowcol_assets.publishing.content import (
    DIMENSION,
    REASON_COLUMN,
    STATE_COLUMN,
    PublishedTable,
    quote,
    quote_text,
    sign_businesses,
)
from rowcol_assets.publishing.layout import DATABASE

HELD = "held"
# What a kept row says of itself besides, and one without a colour: its figures are not known to be true any more, but a
# client that was about to run out of money still is the first to look at.
SAID = {
    "colour": ("case when colour = 'red' then 'red' else 'grey' end", "'grey'"),
    "attention": ("case when colour = 'red' then attention else 'not known' end", "'not known'"),
}
NAMES = ("business_id", "business_name", "firm_id", "firm_name")
# What a text that is never NULL says in a row that is older than its column, where the model does not say what it was then.
UNKNOWN = "'unknown'"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an advisor's held businesses are read. sources: attached name of a former generation to businesses in it."""

    sources: tuple[tuple[str, tuple[str, ...]], ...]
    unknown: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]


def held_businesses(warehouse: duckdb.DuckDBPyConnection, tables: Sequence[PublishedTable]) -> dict[str, str]:
    """Held businesses and why, as the mart with `publish_state` and `held_reason` says; none when no mart has them."""
    states = next((table for table in tables if table.schema == DIMENSION[0] and table.says_state), None)
    if states is None:
        return {}
    query = f"select business_id, coalesce({REASON_COLUMN}, '') from {states.quoted} where {STATE_COLUMN} = '{HELD}' order by 1"
    return dict(warehouse.execute(query).fetchall())


class FormerGenerations:
    """Attaches former generations read-only as they are needed and lets go of them all at the end."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        self._warehouse = warehouse
        self._attached: dict[Path, str] = {}

    def find(self, reasons: dict[str, str], candidates: Iterable[Path]) -> Kept:
        """Looks for each held business in `candidates`, the first that has it wins."""
        missing = set(reasons)
        sources = []
        for generation in candidates:
            if not missing:
                break
            name = self._attach(generation)
            found = missing & self._businesses(name)
            if found:
                sources.append((name, tuple(sorted(found))))
                missing -= found
        return Kept(tuple(sources), tuple(sorted(missing)), tuple(sorted(reasons.items())))

    def columns(self, name: str, table: PublishedTable) -> set[str]:
        """The columns `table` had in the attached generation `name`; none if it was not there."""
        query = "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ?"
        return {row[0] for row in self._warehouse.execute(query, [name, table.schema, table.name]).fetchall()}

    def fill(self, name: str, table: PublishedTable, column: str, kind: str, older: str) -> str | None:
        """What `column` is in rows of the generation `name` that are older than it: `older` where they have what it is made of, else
        `unknown` for a text. A number or a day of which nothing is said stays NULL, since none is invented."""
        if older:
            try:
                self._warehouse.execute(f"select ({older})::{kind} from {name}.{table.quoted} limit 0")
            except (duckdb.BinderException, duckdb.CatalogException):
                pass
            else:
                return f"({older})"
        return UNKNOWN if kind == "VARCHAR" else None

    def sign(self, kept: Kept, table: PublishedTable) -> dict[str, str]:
        """Signatures per held business of what is kept in `table`."""
        query = select_kept(self, kept, table)
        return sign_businesses(self._warehouse, query) if query else {}

    def is_key(self, query: str, columns: Sequence[str]) -> bool:
        """Whether no two rows of `query` agree in `columns`, and none lacks one."""
        names = [quote(column) for column in columns]
        lacking = " or ".join(f"{name} is null" for name in names)
        broken = f"select 1 from ({query}) group by {', '.join(names)} having count(*) > 1 or {lacking} limit 1"
        return not self._warehouse.execute(broken).fetchall()

    def close(self) -> None:
        """Detaches everything."""
        for name in self._attached.values():
            self._warehouse.execute(f"detach {name}")
        self._attached.clear()

    def _attach(self, generation: Path) -> str:
        if generation not in self._attached:
            name = f"publish_former_{len(self._attached)}"
            self._warehouse.execute(f"attach {quote_text(str(generation / DATABASE))} as {name} (read_only)")
            self._attached[generation] = name
        return self._attached[generation]

    def _businesses(self, name: str) -> set[str]:
        schema, table = DIMENSION
        query = "select count(*) from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?"
        row = self._warehouse.execute(query, [name, schema, table]).fetchone()
        if not row or not row[0]:
            return set()
        return {found[0] for found in self._warehouse.execute(f"select business_id from {name}.{schema}.{table}").fetchall()}


def select_kept(former: FormerGenerations, kept: Kept, table: PublishedTable) -> str | None:
    """A query for the held businesses' rows of `table` in its present columns; None when there are none."""
    parts = []
    for name, businesses in kept.sources:
        columns = former.columns(name, table)
        if "business_id" in columns:
            fills = {column: former.fill(name, table, column, kind, older) for column, kind, older in _never_null(table)}
            chosen = [
                _filled(_value(kept, table, column, kind, known=column in columns), kind, fills.get(column), column)
                for column, kind in table.columns
            ]
            parts.append(f"select {', '.join(chosen)} from {name}.{table.quoted} where business_id in ({_list(businesses)})")
    if kept.unknown and (table.key == DIMENSION or table.says_state):
        chosen = [_filled(_value(kept, table, column, kind, known=column in NAMES), kind, None, column) for column, kind in table.columns]
        parts.append(f"select {', '.join(chosen)} from {table.quoted} where business_id in ({_list(kept.unknown)})")
    return " union all ".join(parts) if parts else None


def keeps_key(former: FormerGenerations, kept: Kept, table: PublishedTable) -> bool:
    """Whether the key of `table` tells the held businesses' rows apart: a column of it can be younger than they are."""
    query = select_kept(former, kept, table) if table.row_key else None
    return query is None or former.is_key(query, table.row_key)


def _value(kept: Kept, table: PublishedTable, column: str, kind: str, *, known: bool) -> str:
    name = quote(column)
    if table.says_state and column == STATE_COLUMN:
        return f"'{HELD}'"
    if table.says_state and column == REASON_COLUMN:
        cases = " ".join(f"when {quote_text(business)} then {quote_text(reason)}" for business, reason in kept.reasons)
        return f"(case business_id {cases} end)"
    if table.says_state and column in SAID and {"colour", "attention"} <= {each for each, _ in table.columns}:
        return f"({SAID[column][0 if known else 1]})"
    return f"try_cast({name} as {kind})" if known else "null"


def _never_null(table: PublishedTable) -> Iterator[tuple[str, str, str]]:
    """Columns that are never NULL by contract, with their type and what they are in older rows; a key's are left as they were."""
    kinds = dict(table.columns)
    return ((column, kinds[column], older) for column, older in table.filled if column not in table.row_key)


def _filled(value: str, kind: str, fill: str | None, column: str) -> str:
    return f"{value if fill is None else f'coalesce({value}, {fill})'}::{kind} as {quote(column)}"


def _list(businesses: Sequence[str]) -> str:
    return ", ".join(map(quote_text, businesses))
