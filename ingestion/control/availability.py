"""In how many minutes an advisor's published file could be read: what tries to read it came to, summed up per day.

Two tries in a row tell of the time between them: read at both ends it counts as readable, else as not, all of it. Tries that
lie further apart tell nothing of what was between. What a try is: `rowcol_assets.publishing.probing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database, insert
from ingestion.control.schema import published_days

# A cycle every quarter of an hour, and some for how long it takes: a gap longer than this was not watched.
WATCHED_GAP = timedelta(minutes=20)
KEPT_DAYS = 100


def record_probes(database: Database, at: datetime, failures: Mapping[str, str | None]) -> None:
    """Adds one try per advisor at `at`; failures: why the file could not be read, None where it could."""
    with database.exclusive("published_days") as transaction:
        for advisor, failure in failures.items():
            _record(transaction, advisor, at.astimezone(UTC), failure)
        transaction.execute(sa.delete(published_days).where(published_days.c.day < at.astimezone(UTC).date() - timedelta(days=KEPT_DAYS)))


def last_probes(database: Database) -> dict[str, datetime]:
    """When each advisor's file was last tried."""
    newest = sa.func.max(published_days.c.last_probe_at).label("at")
    query = sa.select(published_days.c.advisor_id, newest).group_by(published_days.c.advisor_id)
    with database.read() as transaction:
        return {row.advisor_id: row.at for row in transaction.execute(query)}


def _record(transaction: Transaction, advisor: str, at: datetime, failure: str | None) -> None:
    newest = sa.select(published_days).filter_by(advisor_id=advisor).order_by(published_days.c.day.desc()).limit(1)
    before = transaction.execute(newest).mappings().first()
    for day, seconds in _watched(before["last_probe_at"] if before else None, at):
        failed = seconds if failure or (before and not before["is_readable"]) else 0
        _add(transaction, advisor, day, at, failure, observed_seconds=seconds, failed_seconds=failed)
    _add(transaction, advisor, at.date(), at, failure, probes=1, failed_probes=1 if failure else 0)


def _watched(before: datetime | None, at: datetime) -> Iterator[tuple[date, int]]:
    """The seconds from `before` to `at` by UTC day; none where nobody watched, or where a clock went back."""
    if before is None or not timedelta(0) < at - before <= WATCHED_GAP:
        return
    midnight = datetime.combine(at.date(), time(), UTC)
    if before < midnight:
        yield before.date(), round((midnight - before).total_seconds())
    yield at.date(), round((at - max(before, midnight)).total_seconds())


def _add(transaction: Transaction, advisor: str, day: date, at: datetime, failure: str | None, **more: int) -> None:
    said: dict[str, Any] = {"last_probe_at": at, "is_readable": failure is None}
    added = {name: published_days.c[name] + number for name, number in more.items()}
    kept = {"last_failure": failure} if failure else {}
    statement = insert(transaction, published_days).values(advisor_id=advisor, day=day, **said, **kept, **more)
    transaction.execute(statement.on_conflict_do_update(index_elements=["advisor_id", "day"], set_={**said, **kept, **added}))
