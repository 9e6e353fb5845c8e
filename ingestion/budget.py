"""Calls to a vendor against the month's cap: how many were made, how many it will be, and whether that fits.

Counted from the sync outcomes in the control store, so that every process's calls are in. Caps are in the registry
(`RailPromise.monthly_calls`); a rail without one has nothing to run out of and is only counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ingestion.control.schema import sync_outcomes
from ingestion.control.store import ControlStore
from ingestion.registry import RAILS

# The forecast goes by the last week, which has the rhythm of workdays in it.
RATE_OVER = timedelta(days=7)
SHORTEST = timedelta(days=1)
# Said before it is too late to do something: at this share of the cap.
WARN_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Budget:
    """One rail's calls in the calendar month (UTC) of `at`.

    cap None: the vendor sets none. forecast: what it comes to at the month's end at the last week's rate.
    """

    rail: str
    at: datetime
    cap: int | None
    used: int
    forecast: int

    @property
    def is_exceeded(self) -> bool:
        """Whether the forecast, or what is already used, comes too near to the cap."""
        return self.cap is not None and max(self.used, self.forecast) > WARN_SHARE * self.cap


def budgets(store: ControlStore, at: datetime) -> list[Budget]:
    """The budget of every rail at `at`."""
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = (month + timedelta(days=32)).replace(day=1)
    found = []
    with store.database.read() as transaction:
        for rail in RAILS.values():
            first = transaction.execute(sa.select(sa.func.min(sync_outcomes.c.finished_at)).filter_by(rail=rail.name)).scalar()
            used = _calls(transaction, rail.name, month, at)
            since = max(at - RATE_OVER, first) if first else at
            # The calls of a first day are those of first loads and say nothing about the days to come.
            rate = _calls(transaction, rail.name, since, at) / (at - since).total_seconds() if at - since >= SHORTEST else 0.0
            forecast = used + round(rate * (next_month - at).total_seconds())
            found.append(Budget(rail.name, at, rail.monthly_calls, used, forecast))
    return found


def _calls(transaction: sa.Connection, rail: str, after: datetime, until: datetime) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(sync_outcomes.c.requests), 0)).where(
        sync_outcomes.c.rail == rail, sync_outcomes.c.finished_at > after, sync_outcomes.c.finished_at <= until
    )
    return int(transaction.execute(query).scalar_one())
