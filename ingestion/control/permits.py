"""Permits: places under the vendors' limits, leased by every process that uses this control store.

A limit of N calls in W seconds has N places. A call fills one from the moment it is permitted until W seconds after it has
ended, so whenever between the two the vendor counts it, any W seconds hold at most N calls, however slow the way is. With
W = 0 the limit is on calls under way. What a killed process held is free when its lease and the span have passed. Who
waits for how long in one process is `ingestion.limiter`'s; which limits there are is the registry's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.database import Database
from ingestion.control.limits_schema import permits

# Calls under way renew theirs at a quarter of it, so a busy event loop does not lose it.
LEASE_SECONDS = 20.0
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """What a call needs of one limit. bucket: whose limit it is, as text; calls: how many places the caller may see filled; span_us: W."""

    bucket: str
    calls: int
    span_us: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that waits. number: its own within its holder."""

    number: int
    places: Sequence[Place]


def take(database: Database, holder: str, wanted: Sequence[Wanted], ended: Sequence[int], *, renews: bool = False) -> dict[int, float]:
    """Ends the calls `ended` of `holder`, then permits those of `wanted` that find all their places, in order, all in one transaction.

    Returns for each wanted call the seconds until it is worth asking again, 0.0 for a permitted one. renews: the leases
    of the holder's calls under way begin anew.
    """
    with database.unsynced("permits") as transaction:
        now = _now(transaction, database)
        until = now + round(LEASE_SECONDS * SECOND)
        if ended:
            transaction.execute(_END, [{"holder": holder, "call_no": number, "now": now} for number in ended])
        if renews:
            transaction.execute(_RENEW, {"holder": holder, "until": until})
        if not wanted:
            return {}
        transaction.execute(_FORGET, {"now": now})
        buckets = sorted({place.bucket for call in wanted for place in call.places})
        filled = {row.bucket: (row.calls, row.next_at_us) for row in transaction.execute(_FILLED, {"buckets": buckets, "now": now})}
        waits = _decide(wanted, filled, now)
        rows = [
            {"holder": holder, "call_no": call.number, "bucket": place.bucket, "span": place.span_us, "now": now, "until": until}
            for call in wanted
            if not waits[call.number]
            for place in call.places
        ]
        if rows:
            transaction.execute(_TAKE, rows)
    return waits


def _decide(wanted: Sequence[Wanted], filled: Mapping[str, tuple[int, int]], now: int) -> dict[int, float]:
    """Seconds each call has to wait. filled: by bucket, how many places are filled and when the next one is free, in microseconds."""
    left = dict(filled)
    waits = {}
    for call in wanted:
        full = [place for place in call.places if left.get(place.bucket, (0, now))[0] >= place.calls]
        if full:
            waits[call.number] = max(1, *(left[place.bucket][1] - now for place in full)) / SECOND
            continue
        waits[call.number] = 0.0
        for place in call.places:
            count, next_at = left.get(place.bucket, (0, now))
            left[place.bucket] = (count + 1, next_at)
    return waits


def _now(transaction: Transaction, database: Database) -> int:
    """One clock for all who share the store: this machine's for a file, the server's where several hosts may."""
    if database.is_sqlite:
        return round(wall_clock().timestamp() * SECOND)
    return int(transaction.execute(sa.text("select extract(epoch from clock_timestamp()) * 1000000")).scalar_one())


# As text, because SQLAlchemy's constructs take longer to put together than SQLite takes to run them.
_END = sa.text("update permits set is_under_way = false, frees_at_us = :now + span_us where holder = :holder and call_no = :call_no")
_RENEW = sa.text("update permits set frees_at_us = :until + span_us where holder = :holder and is_under_way")
# Taken in the future: by a clock that has been set back since, and nobody knows for how long it would stay.
_FORGET = sa.text("delete from permits where frees_at_us <= :now or taken_at_us > :now")
_FILLED = sa.text(
    "select bucket, count(*) as calls, min(frees_at_us) as next_at_us from permits"
    " where bucket in :buckets and frees_at_us > :now group by bucket"
).bindparams(sa.bindparam("buckets", expanding=True))
_TAKE = sa.text(
    "insert into permits (holder, call_no, bucket, span_us, taken_at_us, frees_at_us, is_under_way)"
    " values (:holder, :call_no, :bucket, :span, :now, :until + :span, true)"
)
# The statements name what the table has; a rename would otherwise show only when they run.
assert {"holder", "call_no", "bucket", "span_us", "taken_at_us", "frees_at_us", "is_under_way"} == set(permits.c.keys())
