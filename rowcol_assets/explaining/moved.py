"""Why the runway moved between two recorded days: the bridge's parts (`intermediate.int_runway_bridge`) with all their records.

The arithmetic is the model's own: two variables of the session name the days it compares, instead of the standing spans
of `marts.fct_runway_bridge`.
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
from rowcol_assets.audit.tables import LOG
from rowcol_assets.explaining.explain import recorded_day

METRIC = "runway_days"
BRIDGE = "intermediate.int_runway_bridge"
EVENTS_PER_RECORD = 5


@dataclass(frozen=True)
class Movement:
    """The change of the runway between two days. causes: in the bridge's order, each with its part in days and money and its records."""

    business_id: str
    metric: str
    from_date: date
    to_date: date
    value_from: Decimal | None
    value_to: Decimal | None
    change_days: Decimal | None
    change_amount: Decimal | None
    currency: str | None
    null_reason: str | None
    causes: list[dict[str, Any]]


def movement(settings: Settings, business_id: str, metric: str, from_date: date, to_date: date | None = None) -> Movement:
    """Splits the change of the runway from a recorded day to a later one, the newest unless told.

    UsageError names what is wrong with the question, RowcolError the day that was not recorded.
    """
    if metric != METRIC:
        raise UsageError(f"only {METRIC} is split into causes; without --from, {metric} is explained on one day")
    with open_warehouse(settings, "explain") as warehouse:
        if not has_relation(warehouse, BRIDGE):
            raise RowcolError(f"{BRIDGE} is not built yet: rowcol run")
        later = recorded_day(warehouse, business_id, to_date)["as_of_date"]
        earlier = recorded_day(warehouse, business_id, from_date)["as_of_date"]
        for day, wanted in ((earlier, from_date), (later, to_date or later)):
            if day != wanted:
                raise RowcolError(f"{wanted} was not recorded of {business_id}; the last recorded day before it is {day}")
        if earlier >= later:
            raise UsageError(f"--from {earlier} is not before {later}")
        warehouse.execute("set variable bridge_business = $1", [business_id])
        warehouse.execute("set variable bridge_from = $1", [earlier])
        warehouse.execute("set variable bridge_to = $1", [later])
        parts = _rows(warehouse, f"select * exclude (largest_records) from {BRIDGE} order by cause_rank")
        records = _rows(warehouse, _WITH_EVENTS)
    first = parts[0]
    return Movement(
        business_id=business_id,
        metric=metric,
        from_date=earlier,
        to_date=later,
        value_from=first["runway_days_from"],
        value_to=first["runway_days_to"],
        change_days=first["change_days"],
        change_amount=first["change_amount"],
        currency=first["currency"],
        null_reason=first["null_reason"],
        causes=[_told(part, records) for part in parts if part["amount"] or part["days"] or part["record_count"]],
    )


# What the log heard of a record between the two days, the first few events.
_WITH_EVENTS = f"""
    select moves.cause, moves.size_amount, moves.rail, moves.entity, moves.record_id, moves.document_number, moves.party_name, moves.amount,
        moves.cash_amount, moves.outflow_amount,
        coalesce((list(log.event_id order by log.seq) filter (log.event_id is not null))[:{EVENTS_PER_RECORD}], []) as event_ids
    from intermediate.int_runway_moves as moves
    inner join intermediate.int_runway_windows as windows on moves.business_id = windows.business_id and moves.period = windows.period
    left join {LOG} as log
        on moves.business_id = log.business_id and moves.rail = coalesce(log.rail, 'control') and moves.entity = log.entity
        and moves.record_id = log.record_id and log.observed_at > windows.from_at and log.observed_at <= windows.to_at
    group by all
    order by size_amount desc, rail, entity, record_id
"""


def _rows(warehouse: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = warehouse.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _told(part: dict[str, Any], records: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cause": part["cause"],
        "change_days": part["days"],
        "change_amount": part["amount"],
        "outflow_amount": part["outflow_amount"],
        "record_count": part["record_count"],
        "records": [_without(record, "cause", "size_amount") for record in records if record["cause"] == part["cause"]],
    }


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}
