"""Calls to a vendor against the month's cap: how many were made, how many it will be, what polls may still cost.

Counted from the sync outcomes in the control store, so that every process's calls are in. What a vendor allows and what a quiet
connection costs are in the registry (`RailPromise`); a cap that the operator sets counts instead. A rail without either has
nothing to run out of and is only counted. What is done about it: `polling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ingestion.control.schema import sync_outcomes
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.polling import Purse
from ingestion.promise import RailPromise
from ingestion.registry import RAILS
from ingestion.settings import Settings

# The forecast goes by the last week, which has the rhythm of workdays in it.
RATE_OVER = timedelta(days=7)
SHORTEST = timedelta(days=1)
# Said before it is too late to do something: at this share of the cap.
WARN_SHARE = 0.9
# How a schedule's calls are told from those for webhooks and people.
POLL = "schedule"


@dataclass(frozen=True, slots=True)
class Budget:
    """One rail's calls in the calendar month (UTC) of `at`.

    cap None: neither the vendor nor the operator sets one. forecast: what it comes to at the month's end at the last week's
    rate. for_hundred: what a hundred quiet connections cost in thirty days at the usual pace, by the rail's own promise.
    """

    rail: str
    at: datetime
    cap: int | None
    used: int
    forecast: int
    for_hundred: int

    @property
    def is_exceeded(self) -> bool:
        """Whether the forecast, or what is already used, comes too near to the cap."""
        return self.cap is not None and max(self.used, self.forecast) > WARN_SHARE * self.cap


def cap_of(settings: Settings, rail: RailPromise) -> int | None:
    """How many calls a month `rail` may cost: what the operator set, else what the vendor allows, None without either.

    UsageError where the setting names a rail that there is not, since what it was meant for would have no cap.
    """
    unknown = sorted(settings.monthly_calls.keys() - RAILS.keys())
    if unknown:
        raise UsageError(f"ROWCOL_MONTHLY_CALLS: there is no rail {', '.join(unknown)}; there are {', '.join(RAILS)}")
    return settings.monthly_calls.get(rail.name, rail.monthly_calls)


def budgets(store: ControlStore, at: datetime) -> list[Budget]:
    """The budget of every rail at `at`."""
    month, next_month = month_of(at)
    found = []
    with store.database.read() as transaction:
        for rail in RAILS.values():
            first = transaction.execute(sa.select(sa.func.min(sync_outcomes.c.finished_at)).filter_by(rail=rail.name)).scalar()
            used = _calls(transaction, rail.name, month, at)
            since = max(at - RATE_OVER, first) if first else at
            # The calls of a first day are those of first loads and say nothing about the days to come.
            rate = _calls(transaction, rail.name, since, at) / (at - since).total_seconds() if at - since >= SHORTEST else 0.0
            forecast = used + round(rate * (next_month - at).total_seconds())
            found.append(Budget(rail.name, at, cap_of(store.settings, rail), used, forecast, 100 * rail.quiet_calls.in_days(30)))
    return found


def purse_of(transaction: sa.Connection, rail: RailPromise, cap: int | None, at: datetime) -> Purse:
    """What polls of `rail` may cost from `at` to the month's end, if webhooks and people go on asking as in the last week."""
    month, next_month = month_of(at)
    left = next_month - at
    if cap is None:
        return Purse(None, left, rail.quiet_calls.per_cycle)
    used = _calls(transaction, rail.name, month, at)
    others = _calls(transaction, rail.name, at - RATE_OVER, at, sync_outcomes.c.delivery != POLL) * (left / RATE_OVER)
    return Purse(WARN_SHARE * cap - used - others, left, _per_poll(transaction, rail, at))


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """The first instants of the calendar month of `at` and of the next one, UTC."""
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return month, (month + timedelta(days=32)).replace(day=1)


def _per_poll(transaction: sa.Connection, rail: RailPromise, at: datetime) -> float:
    """Calls of one poll of one connection: the last week's mean, first loads aside, at least what a quiet one costs."""
    loads = rail.quiet_calls.in_days(1)
    polls = sa.and_(sync_outcomes.c.delivery == POLL, sync_outcomes.c.requests.between(1, loads))
    query = sa.select(sa.func.count(), sa.func.sum(sync_outcomes.c.requests)).where(_within(rail.name, at - RATE_OVER, at), polls)
    count, calls = transaction.execute(query).one()
    return max(rail.quiet_calls.per_cycle, int(calls) / count) if count else rail.quiet_calls.per_cycle


def _calls(transaction: sa.Connection, rail: str, after: datetime, until: datetime, which: sa.ColumnElement[bool] | None = None) -> int:
    wanted = _within(rail, after, until) if which is None else sa.and_(_within(rail, after, until), which)
    return int(transaction.execute(sa.select(sa.func.coalesce(sa.func.sum(sync_outcomes.c.requests), 0)).where(wanted)).scalar_one())


def _within(rail: str, after: datetime, until: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(sync_outcomes.c.rail == rail, sync_outcomes.c.finished_at > after, sync_outcomes.c.finished_at <= until)
