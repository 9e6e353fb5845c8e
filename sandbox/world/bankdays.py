"""On which days banks move money: weekdays that are no holiday of the Federal Reserve. Nothing about any rail's delays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> frozenset[date]:
    """The Federal Reserve's holidays of a year as banks keep them: one on a Sunday is kept on Monday, one on a Saturday not at all."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    kept = [day + timedelta(days=1) if day.weekday() == 6 else day for day in fixed if day.weekday() != 5]
    moving = [
        _nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _nth(year, 9, 0, 1), _nth(year, 10, 0, 2), _nth(year, 11, 3, 4),
        _nth(year, 6, 0, 1) - timedelta(days=7),
    ]  # fmt: skip
    return frozenset([*kept, *moving])


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@lru_cache(maxsize=16384)
def is_bank_day(day: date) -> bool:
    """Whether banks post on that day."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


@lru_cache(maxsize=16384)
def bank_day(day: date, later: int = 0) -> date:
    """The `later`-th bank day after `day`; with 0 the day itself, or the next bank day if it is none."""
    while later > 0:
        day += timedelta(days=1)
        later -= is_bank_day(day)
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=256)
def last_bank_day(year: int, month: int) -> date:
    """The last bank day of a month."""
    day = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    while not is_bank_day(day):
        day -= timedelta(days=1)
    return day
