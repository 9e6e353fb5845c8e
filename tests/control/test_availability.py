"""Tries to read a published file become minutes of a day: watched between near tries, unreadable from either side, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from ingestion.control import ControlStore
from ingestion.control.availability import KEPT_DAYS, last_probes, record_probes
from ingestion.control.schema import published_days

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def days(store: ControlStore) -> list[tuple[date, int, int, int, int]]:
    columns = [published_days.c[name] for name in ("day", "probes", "failed_probes", "observed_seconds", "failed_seconds")]
    with store.database.read() as transaction:
        return [tuple(row) for row in transaction.execute(sa.select(*columns).order_by("day"))]


def probe(store: ControlStore, *minutes: float, fails: bool = False, since: datetime = NOON) -> None:
    for minute in minutes:
        record_probes(store.database, since + timedelta(minutes=minute), {"ann": "the link leads nowhere" if fails else None})


def test_near_tries_tell_of_the_time_between_them_and_far_ones_of_none(store: ControlStore) -> None:
    probe(store, 0, 15, 15, 35, 56)
    assert days(store) == [(NOON.date(), 5, 0, 35 * 60, 0)]
    assert last_probes(store.database) == {"ann": NOON + timedelta(minutes=56)}


def test_a_failed_try_counts_against_the_time_before_it_and_after_it(store: ControlStore) -> None:
    probe(store, 0, 10)
    probe(store, 15, fails=True)
    probe(store, 30, 40)
    assert days(store) == [(NOON.date(), 5, 1, 40 * 60, 20 * 60)]


def test_time_over_midnight_belongs_to_both_days_and_a_clock_that_went_back_to_none(store: ControlStore) -> None:
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    probe(store, -4, 6, since=midnight)
    assert days(store) == [(NOON.date(), 1, 0, 240, 0), (midnight.date(), 1, 0, 360, 0)]
    probe(store, 1, 8, since=midnight)
    assert days(store)[1] == (midnight.date(), 3, 0, 360 + 7 * 60, 0)


def test_days_are_kept_for_a_while(store: ControlStore) -> None:
    probe(store, 0)
    probe(store, 0, since=NOON + timedelta(days=KEPT_DAYS + 1))
    assert [day for day, *_ in days(store)] == [NOON.date() + timedelta(days=KEPT_DAYS + 1)]
