"""What is behind a figure of a business: its value on a recorded day, the figures it is made of, and every record they add up.

Why a figure moved between two days is in `moved`; the raw versions of a record in `rowcol_assets.lineage`; what happened to
it in the log's story.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.explaining.figures import FIGURES, NOT_SUMS, behind
from rowcol_assets.explaining.records import records_of

DAILY = "marts.fct_runway_daily"


@dataclass(frozen=True)
class Explanation:
    """A figure on a day. terms: name, value, and of sums how much their records come to. records: each with the term it belongs to."""

    business_id: str
    metric: str
    as_of_date: date
    value: Decimal | int | date | None
    currency: str | None
    formula: str
    null_reason: str | None
    terms: list[dict[str, Any]]
    records: list[dict[str, Any]]


def explain(settings: Settings, business_id: str, metric: str, as_of: date | None = None) -> Explanation:
    """Explains `metric` on the newest recorded day, or the newest up to `as_of`.

    UsageError names what is wrong with the question, RowcolError says that there is nothing to explain yet.
    """
    check_metric(metric)
    with open_warehouse(settings, "explain") as warehouse:
        day = recorded_day(warehouse, business_id, as_of)
        names = behind(metric, day["runway_basis"])
        queries = {name: query for name in names if (query := FIGURES[name].records)}
        found = {name: records_of(warehouse, query, business_id, day["as_of_date"]) for name, query in queries.items()}
    return Explanation(
        business_id=business_id,
        metric=metric,
        as_of_date=day["as_of_date"],
        value=day[metric],
        currency=day["currency"],
        formula=FIGURES[metric].formula,
        null_reason=_null_reason(metric, day),
        terms=[
            {"term": name, "value": day[name], "from_records": _total(name, found.get(name)), "formula": FIGURES[name].formula}
            for name in names
        ],
        records=[{"term": name, **record} for name, records in found.items() for record in records],
    )


def check_metric(metric: str) -> None:
    """UsageError that lists the known figures unless `metric` is one."""
    if metric not in FIGURES:
        raise UsageError(f"there is no figure {metric!r} to explain; there are {', '.join(sorted(FIGURES))}")


def recorded_day(warehouse: duckdb.DuckDBPyConnection, business_id: str, as_of: date | None) -> dict[str, Any]:
    """The row of the runway on the newest recorded day, up to `as_of` if given."""
    if not has_relation(warehouse, DAILY):
        raise RowcolError(f"{DAILY} is not built yet: rowcol run")
    cursor = warehouse.execute(
        f"select * from {DAILY} where business_id = $business and coalesce(as_of_date <= $as_of, true) order by as_of_date desc limit 1",
        {"business": business_id, "as_of": as_of},
    )
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise _nothing_recorded(warehouse, business_id, as_of)
    return dict(zip(names, row, strict=True))


def _null_reason(metric: str, day: dict[str, Any]) -> str | None:
    if day[metric] is not None:
        return None
    without_end = FIGURES[metric].without_end
    return without_end if without_end and day["cash"] is not None else day["null_reason"]


def _nothing_recorded(warehouse: duckdb.DuckDBPyConnection, business_id: str, as_of: date | None) -> RowcolError:
    known = [name for (name,) in warehouse.execute(f"select distinct business_id from {DAILY} order by 1").fetchall()]
    if business_id not in known:
        listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        return UsageError(f"there is no business {business_id!r} with a runway; there are {listed or 'none'}")
    return RowcolError(f"no day of {business_id} is recorded up to {as_of}")


def _total(name: str, records: list[dict[str, Any]] | None) -> Decimal | None:
    if records is None or name in NOT_SUMS:
        return None
    return sum((record["amount"] for record in records if record["amount"] is not None), Decimal(0))
