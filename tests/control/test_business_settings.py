"""What a business's figures are computed with: what may be set, what is refused, and that the past keeps what held then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.control import ControlStore
from ingestion.control.business_settings import Reserve, change_settings, read_settings
from ingestion.control.rows import current_rows
from ingestion.control.schema import reserves
from ingestion.errors import UsageError
from ingestion.settings import Settings
from tests.control.conftest import connect
from tests.control.test_store import NOON

TODAY = date(2026, 6, 30)
PAYROLL = {"payroll_amount": Decimal("18000.00"), "payroll_next_date": date(2026, 7, 3), "payroll_interval_days": 14}


def test_what_is_set_is_shown_mirrored_and_unset_again(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    given = {**PAYROLL, "timezone": "America/New_York", "home_currency": "USD", "warning_days": 45, "min_cash_amount": Decimal("2500.50")}
    change_settings(store.database, "acme", TODAY, given, at=NOON)
    shown = read_settings(store.database, "acme", TODAY)
    assert {name: shown[name] for name in given} == given
    assert (shown["critical_days"], shown["reserves"]) == (None, [])
    (mirrored,) = current_rows(store)["businesses"].to_pylist()
    assert {name: mirrored[name] for name in given} == given
    change_settings(store.database, "acme", TODAY, {}, cleared=["payroll_amount", "payroll_next_date", "warning_days"], at=NOON)
    shown = read_settings(store.database, "acme", TODAY)
    assert (shown["payroll_amount"], shown["payroll_next_date"], shown["warning_days"]) == (None, None, None)


def test_a_reserve_that_changes_leaves_what_held_before(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    days = [date(2026, 6, 1), date(2026, 6, 15), date(2026, 6, 15), date(2026, 6, 20)]
    for day, amount in zip(days[:3], ("100", "200", "250"), strict=True):
        change_settings(store.database, "acme", day, {}, [Reserve("tax", Decimal(amount))], at=NOON)
    change_settings(store.database, "acme", days[3], {}, cleared=["tax"], at=NOON)

    def held(day: date) -> list[Decimal]:
        return [each["amount"] for each in read_settings(store.database, "acme", day)["reserves"]]

    assert held(date(2026, 6, 14)) == [Decimal("100.00")]
    assert held(date(2026, 6, 19)) == [Decimal("250.00")]
    assert held(days[3]) == []
    with store.database.read() as transaction:
        assert len(transaction.execute(sa.select(reserves)).all()) == 2


@pytest.mark.parametrize(
    ("changes", "aside", "cleared", "message"),
    [
        ({"timezone": "Mars/Olympus"}, [], [], "is not a time zone"),
        ({"business_name": " "}, [], [], "name is not empty"),
        ({"payroll_amount": Decimal("1")}, [], [], "an amount and a next date"),
        ({"min_cash_amount": Decimal("-1")}, [], [], "not negative"),
        ({"min_cash_amount": Decimal("1.001")}, [], [], "at most two decimals"),
        ({"min_cash_amount": Decimal("NaN")}, [], [], "is an amount of money"),
        ({"critical_days": 40, "warning_days": 40}, [], [], "critical_days .40. has to be below warning_days .40."),
        ({"min_buffer_days": -1}, [], [], "from 0 to 3660"),
        ({}, [Reserve("holiday", Decimal(1))], [], "is not a kind of reserve"),
        ({}, [Reserve("tax", Decimal("1e20"))], [], "the reserve tax is an amount"),
        ({}, [], ["business_name"], "cannot be cleared"),
        ({"warning_days": 5}, [], ["warning_days"], "both set and cleared"),
    ],
)
def test_what_cannot_be_changes_nothing(
    settings: Settings, store: ControlStore, changes: dict[str, Any], aside: list[Reserve], cleared: list[str], message: str
) -> None:
    connect(settings, store)
    before = read_settings(store.database, "acme", TODAY)
    with pytest.raises(UsageError, match=message):
        change_settings(store.database, "acme", TODAY, {"healthy_days": 90, **changes}, aside, cleared, at=NOON)
    assert read_settings(store.database, "acme", TODAY) == before


def test_a_business_that_is_not_there_is_wrong_use(store: ControlStore) -> None:
    for call in (lambda: read_settings(store.database, "acme", TODAY), lambda: change_settings(store.database, "acme", TODAY, {}, at=NOON)):
        with pytest.raises(UsageError, match="there is no business 'acme'"):
            call()
