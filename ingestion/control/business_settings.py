"""What a business says of itself and its advisor of it: name, time zone, currency, payroll, reserves, thresholds, guardrail.

Where nothing is set the seeds' policies hold. A reserve that is changed ends and another begins, so that a day in the past is
still valued with what held then. What the figures make of it: `dbt_project/models/intermediate/int_runway_inputs.sql`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.acts import changed
from ingestion.control.database import Database
from ingestion.control.intake import check_timezone
from ingestion.control.schema import businesses, reserves
from ingestion.errors import UsageError
from ingestion.identifiers import check_business_id

RESERVE_KINDS = ("payroll", "tax", "earmark")
# In the order in which days must grow.
THRESHOLDS = ("critical_days", "warning_days", "healthy_days")
FIELDS = (
    "business_name",
    "timezone",
    "home_currency",
    "payroll_amount",
    "payroll_next_date",
    "payroll_interval_days",
    *THRESHOLDS,
    "min_buffer_days",
    "min_cash_amount",
)
# A business always has a name.
CLEARABLE = FIELDS[1:]
LARGEST_AMOUNT = Decimal("9999999999999.99")


@dataclass(frozen=True, slots=True)
class Reserve:
    """Money set aside, in the home currency; kind: one of RESERVE_KINDS. A business has one of a kind at a time."""

    kind: str
    amount: Decimal


def read_settings(database: Database, business_id: str, today: date) -> dict[str, Any]:
    """The settings of a business, None where the seeds hold, with the reserves active on `today`; UsageError if there is none."""
    check_business_id(business_id)
    with database.read() as transaction:
        row = _row(transaction, business_id)
        active = [
            {"kind": each.kind, "amount": each.amount, "active_from": each.active_from, "active_until": each.active_until}
            for each in transaction.execute(sa.select(reserves).where(_active(business_id, today)).order_by(reserves.c.kind))
        ]
    return {"business_id": business_id, **{name: row[name] for name in FIELDS}, "reserves": active}


def change_settings(
    database: Database,
    business_id: str,
    today: date,
    changes: Mapping[str, Any],
    kept_aside: Sequence[Reserve] = (),
    cleared: Collection[str] = (),
    *,
    at: datetime,
) -> None:
    """Sets at `at` `changes` (names of FIELDS) and reserves from `today` on, and unsets `cleared`: fields, or kinds of reserves.

    All of it or nothing: UsageError names what cannot be.
    """
    check_business_id(business_id)
    unset = {name for name in cleared if name in CLEARABLE}
    ended = {kind for kind in cleared if kind in RESERVE_KINDS}
    if unknown := sorted(set(cleared) - unset - ended):
        raise UsageError(f"{unknown[0]!r} cannot be cleared; can be: {', '.join((*CLEARABLE, *RESERVE_KINDS))}")
    if twice := sorted((unset & set(changes)) | (ended & {reserve.kind for reserve in kept_aside})):
        raise UsageError(f"{twice[0]} is both set and cleared")
    with database.exclusive("settings") as transaction:
        row = _row(transaction, business_id)
        values = {**changes, **dict.fromkeys(unset)}
        _check({**{name: row[name] for name in FIELDS}, **values}, values)
        if values:
            transaction.execute(sa.update(businesses).filter_by(business_id=business_id).values(values | changed(at)))
        for kind in ended:
            _end(transaction, business_id, kind, at, today)
        for reserve in kept_aside:
            _begin(transaction, business_id, reserve, at, today)


def check_amount(what: str, amount: Decimal) -> Decimal:
    """`amount` if it can be money: not negative, at most two decimals; UsageError otherwise."""
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT or (isinstance(exponent, int) and exponent < -2):
        raise UsageError(f"{what} is an amount of money, not negative and with at most two decimals")
    return amount


def _check(after: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    if changed.get("timezone") is not None:
        check_timezone(changed["timezone"])
    if "business_name" in changed and not str(changed["business_name"]).strip():
        raise UsageError("a business's name is not empty")
    for name in ("payroll_amount", "min_cash_amount"):
        if changed.get(name) is not None:
            check_amount(name, changed[name])
    for name in ("payroll_interval_days", "min_buffer_days", *THRESHOLDS):
        if changed.get(name) is not None and not 0 <= changed[name] <= 3660:
            raise UsageError(f"{name} is a number of days from 0 to 3660")
    if (after["payroll_amount"] is None) != (after["payroll_next_date"] is None):
        raise UsageError("a payroll has an amount and a next date: set or clear both")
    limits = [(name, after[name]) for name in THRESHOLDS if after[name] is not None]
    for (lower, low), (upper, high) in pairwise(limits):
        if low >= high:
            raise UsageError(f"{lower} ({low}) has to be below {upper} ({high})")


def _row(transaction: Transaction, business_id: str) -> sa.RowMapping:
    row = transaction.execute(sa.select(businesses).filter_by(business_id=business_id)).mappings().one_or_none()
    if row is None:
        raise UsageError(f"there is no business {business_id!r}: onboard it first")
    return row


def _active(business_id: str, today: date) -> sa.ColumnElement[bool]:
    ends = reserves.c.active_until
    return sa.and_(reserves.c.business_id == business_id, reserves.c.active_from <= today, sa.or_(ends.is_(None), ends >= today))


def _end(transaction: Transaction, business_id: str, kind: str, at: datetime, today: date) -> None:
    """Lets what is set aside end with yesterday; what only began today never was."""
    mine = sa.and_(_active(business_id, today), reserves.c.kind == kind)
    transaction.execute(sa.delete(reserves).where(mine, reserves.c.active_from == today))
    transaction.execute(sa.update(reserves).where(mine).values(active_until=today - timedelta(days=1), **changed(at)))


def _begin(transaction: Transaction, business_id: str, reserve: Reserve, at: datetime, today: date) -> None:
    if reserve.kind not in RESERVE_KINDS:
        raise UsageError(f"{reserve.kind!r} is not a kind of reserve; known: {', '.join(RESERVE_KINDS)}")
    check_amount(f"the reserve {reserve.kind}", reserve.amount)
    _end(transaction, business_id, reserve.kind, at, today)
    row = {"business_id": business_id, "reserve_id": f"{reserve.kind}-{today.isoformat()}", "kind": reserve.kind}
    transaction.execute(sa.insert(reserves).values(**row, amount=reserve.amount, active_from=today, **changed(at)))
