"""What is behind a figure of a business: its value, the figures it is made of, and every record they add up.

The runway's figures are explained on a recorded day, those of other relations in their newest row. Which there are is in `relations`;
why the runway moved between two days, in `moved`; the raw versions of a record in `rowcol_assets.lineage`; what happened to it in the
log's story.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.explaining.figures import Figure, behind
from rowcol_assets.explaining.records import records_of
from rowcol_assets.explaining.relations import RELATIONS, RUNWAY, find

LISTED_KEYS = 20


@dataclass(frozen=True)
class Explanation:
    """A figure of a row. terms: name, value, and of sums how much their records come to. records: each with the term it belongs to."""

    business_id: str
    metric: str
    relation: str
    key: dict[str, str]
    as_of_date: date | None
    value: Decimal | int | float | date | None
    currency: str | None
    formula: str
    null_reason: str | None
    terms: list[dict[str, Any]]
    records: list[dict[str, Any]]


def explain(settings: Settings, business_id: str, metric: str, keys: Sequence[str] = (), as_of: date | None = None) -> Explanation:
    """Explains `metric` in the row that `keys` name; the runway's on the newest recorded day, or the newest up to `as_of`.

    UsageError names what is wrong with the question, RowcolError says that there is nothing to explain yet.
    """
    relation, column = find(metric)
    explained = RELATIONS[relation]
    if as_of and relation != RUNWAY:
        raise UsageError(f"{column} is known of today alone; --as-of is for the runway's figures")
    with open_warehouse(settings, "explain") as warehouse:
        if not has_relation(warehouse, relation):
            raise RowcolError(f"{relation} is not built yet: rowcol run")
        key = dict(zip(explained.keys, keys, strict=False))
        if len(keys) != len(explained.keys):
            raise _key_wanted(warehouse, relation, business_id, column)
        if relation == RUNWAY:
            row = recorded_day(warehouse, business_id, as_of)
            asked, told = {"business": business_id, "day": row["as_of_date"]}, ""
        else:
            asked, told = {"business": business_id, **key}, _row_of(relation, explained.keys)
            row = _keyed_row(warehouse, relation, column, asked)
        names = behind(explained.figures, column, row.get("runway_basis"))
        found = {
            name: records_of(warehouse, explained.queries[query], asked, row=told)
            for name in names
            if (query := explained.figures[name].records)
        }
    return Explanation(
        business_id=business_id,
        metric=column,
        relation=relation,
        key=key,
        as_of_date=row.get("as_of_date"),
        value=row[column],
        currency=row.get("currency"),
        formula=explained.figures[column].formula,
        null_reason=_null_reason(explained.figures[column], row[column], row),
        terms=[
            {
                "term": name,
                "value": row[name],
                "from_records": _total(explained.figures[name], found.get(name)),
                "formula": explained.figures[name].formula,
            }
            for name in names
        ],
        records=[{"term": name, **record} for name, records in found.items() for record in records],
    )


def recorded_day(warehouse: duckdb.DuckDBPyConnection, business_id: str, as_of: date | None) -> dict[str, Any]:
    """The row of the runway on the newest recorded day, up to `as_of` if given."""
    cursor = warehouse.execute(
        f"select * from {RUNWAY} where business_id = $business and coalesce(as_of_date <= $as_of, true) order by as_of_date desc limit 1",
        {"business": business_id, "as_of": as_of},
    )
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise _nothing_recorded(warehouse, business_id, as_of)
    return dict(zip(names, row, strict=True))


def _row_of(relation: str, keys: Sequence[str]) -> str:
    named = "".join(f" and cast({key} as varchar) = ${key}" for key in keys)
    return f"select * from {relation} where business_id = $business{named}"


def _keyed_row(warehouse: duckdb.DuckDBPyConnection, relation: str, column: str, asked: dict[str, str]) -> dict[str, Any]:
    keys = [name for name in asked if name != "business"]
    cursor = warehouse.execute(_row_of(relation, keys), asked)
    names = [told[0] for told in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise _key_wanted(warehouse, relation, asked["business"], column)
    return dict(zip(names, row, strict=True))


def _key_wanted(warehouse: duckdb.DuckDBPyConnection, relation: str, business_id: str, column: str) -> UsageError:
    """What names a row of the relation, and which rows there are."""
    keys = RELATIONS[relation].keys
    if not keys:
        is_there = warehouse.execute(f"select 1 from {relation} where business_id = $1 limit 1", [business_id]).fetchone()
        return UsageError(
            f"{column} is one of the business: it takes no key" if is_there else f"there is no business {business_id!r} in {relation}"
        )
    listed = ", ".join(f"cast({key} as varchar)" for key in keys)
    query = f"select {listed} from {relation} where business_id = $1 order by {', '.join(keys)} limit {LISTED_KEYS + 1}"
    known = [" ".join(row) for row in warehouse.execute(query, [business_id]).fetchall()]
    shown = ", ".join(known[:LISTED_KEYS]) + (" and more" if len(known) > LISTED_KEYS else "")
    return UsageError(f"{column} is one of each {' and '.join(keys)}: of {business_id} there are {shown or 'none'}")


def _null_reason(figure: Figure, value: Any, row: dict[str, Any]) -> str | None:
    if value is not None:
        return None
    return figure.without_end if figure.without_end and row["cash"] is not None else row.get("null_reason")


def _nothing_recorded(warehouse: duckdb.DuckDBPyConnection, business_id: str, as_of: date | None) -> RowcolError:
    known = [name for (name,) in warehouse.execute(f"select distinct business_id from {RUNWAY} order by 1").fetchall()]
    if business_id not in known:
        listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        return UsageError(f"there is no business {business_id!r} with a runway; there are {listed or 'none'}")
    return RowcolError(f"no day of {business_id} is recorded up to {as_of}")


def _total(figure: Figure, records: list[dict[str, Any]] | None) -> Decimal | int | None:
    if records is None or figure.come_to == "none":
        return None
    if figure.come_to == "count":
        return len(records)
    return sum((record["amount"] for record in records if record["amount"] is not None), Decimal(0))
