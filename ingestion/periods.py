"""Hours and days as cycles count them: what is read once in each needs no other state than when it was read last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_ZERO = datetime.fromtimestamp(0, tz=UTC)


def in_another(period: timedelta, earlier: datetime, now: datetime) -> bool:
    """Whether `now` lies in another hour (or day: `period`) than `earlier`, counted in UTC."""
    return (now - _ZERO) // period != (earlier - _ZERO) // period
