"""Calls are counted over the month, forecast by the last week, and told before the cap is reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.budget import Budget, budgets, cap_of, purse_of
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.registry import RAILS

MONTH = datetime(2026, 9, 1, tzinfo=UTC)


def spend(store: ControlStore, at: datetime, calls: int) -> None:
    outcome = SyncOutcome("acme", "1001", "qbo", f"sync {at.isoformat()}", "data_fetch", "schedule", "succeeded", at, at, requests=calls)
    store.record_sync([outcome])


def qbo(store: ControlStore, at: datetime) -> Budget:
    return next(one for one in budgets(store, at) if one.rail == "qbo")


@pytest.fixture
def cap(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(RAILS, "qbo", replace(RAILS["qbo"], monthly_calls=1000))
    return 1000


def test_nothing_synced_is_nothing_spent(store: ControlStore, cap: int) -> None:
    budget = qbo(store, MONTH + timedelta(days=3))
    assert (budget.used, budget.forecast, budget.cap, budget.is_exceeded) == (0, 0, cap, False)


def test_the_month_counts_and_the_last_week_is_carried_on(store: ControlStore, cap: int) -> None:
    spend(store, MONTH - timedelta(days=1), 700)  # last month's, a first load
    for day in range(1, 11):
        spend(store, MONTH + timedelta(days=day), 20)
    budget = qbo(store, MONTH + timedelta(days=10, hours=1))
    assert budget.used == 200
    # 7 x 20 calls in 7 days, over the 19 days and 23 hours left of September.
    assert budget.forecast == 200 + round(20 * (20 - 1 / 24))
    assert not budget.is_exceeded


def test_a_cap_of_the_operators_counts_in_place_of_the_vendors_for_what_is_told_and_for_the_pace(store: ControlStore, cap: int) -> None:
    spend(store, MONTH + timedelta(days=5), 1100)
    at = MONTH + timedelta(days=5, hours=6)
    assert qbo(store, at).is_exceeded
    own = ControlStore(store.settings.model_copy(update={"monthly_calls": {"qbo": 10_000, "plaid": 500}}), store.database)
    told = {one.rail: (one.cap, one.is_exceeded) for one in budgets(own, at)}
    assert told == {"qbo": (10_000, False), "ramp": (None, False), "plaid": (500, False), "stripe": (None, False)}
    with own.database.read() as transaction:
        purses = {name: purse_of(transaction, rail, cap_of(own.settings, rail), at).calls for name, rail in RAILS.items()}
    assert purses == {"qbo": 9_000 - 1100, "ramp": None, "plaid": 450, "stripe": None}


def test_a_cap_for_a_rail_that_there_is_not_is_wrong_use(store: ControlStore) -> None:
    misspelt = store.settings.model_copy(update={"monthly_calls": {"plaits": 500}})
    with pytest.raises(UsageError, match="ROWCOL_MONTHLY_CALLS: there is no rail plaits"):
        budgets(ControlStore(misspelt, store.database), MONTH)


def test_a_first_days_calls_are_no_forecast(store: ControlStore, cap: int) -> None:
    spend(store, MONTH + timedelta(days=5), 400)
    assert qbo(store, MONTH + timedelta(days=5, hours=6)).forecast == 400


@pytest.mark.parametrize(("daily", "is_exceeded"), [(29, False), (31, True)])
def test_it_is_told_before_the_cap_is_reached(store: ControlStore, cap: int, daily: int, is_exceeded: bool) -> None:
    for day in range(15):
        spend(store, MONTH + timedelta(days=day, hours=12), daily)
    budget = qbo(store, MONTH + timedelta(days=15))
    assert budget.used < cap / 2
    assert budget.is_exceeded is is_exceeded
