"""Leases: one fetcher per connection, whichever process it runs in.

A lease ends when it is given back, when it expires, or when its holder's process on this host is dead. Lease time is
the machine's, not the product's: a sandbox's clock stands still while work is done.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control import processes
from ingestion.control.database import Database, insert
from ingestion.control.facts import Connection
from ingestion.control.schema import leases

POLL_SECONDS = 0.25

Key = tuple[str, str, str]


class LeaseSet:
    """What one holder was granted, and what was refused it and why. Gives everything back at the end of a `with`."""

    def __init__(self, database: Database, connections: Sequence[Connection], holder: str, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._lease_id = uuid4().hex
        self.granted: list[Connection] = []
        self.refused: list[tuple[Connection, str]] = []
        self._acquire(connections, holder)

    def _acquire(self, connections: Sequence[Connection], holder: str) -> None:
        now = wall_clock()
        mine = {
            "lease_id": self._lease_id,
            "holder": holder,
            "process": processes.own_mark(),
            "acquired_at": now,
            "expires_at": now + timedelta(seconds=self._seconds),
        }
        with self._database.exclusive("leases") as connection:
            in_force = connection.execute(sa.select(leases).where(leases.c.expires_at > now)).mappings()
            taken: dict[Key, Mapping[str, Any]] = {_key(row): dict(row) for row in in_force}
            for wanted in connections:
                other = taken.get(_key(wanted.key))
                if other is None or processes.is_dead(other["process"]):
                    self.granted.append(wanted)
                    taken[_key(wanted.key)] = mine
                else:
                    until = other["expires_at"].strftime("%H:%M:%S UTC")
                    self.refused.append((wanted, f"{other['holder']} ({processes.describe(other['process'])}) holds it until {until}"))
            if self.granted:
                statement = insert(connection, leases)
                changed = {name: statement.excluded[name] for name in mine}
                statement = statement.on_conflict_do_update(index_elements=list(leases.primary_key), set_=changed)
                connection.execute(statement, [{**each.key, **mine} for each in self.granted])

    def renew(self) -> list[Connection]:
        """Extends what is still held by the same span from now, and returns what was lost to another (no longer granted)."""
        now = wall_clock()
        with self._database.exclusive("leases") as connection:
            own = leases.c.lease_id == self._lease_id
            connection.execute(sa.update(leases).where(own).values(expires_at=now + timedelta(seconds=self._seconds)))
            held = {_key(row) for row in connection.execute(sa.select(leases).where(own)).mappings()}
        lost = [each for each in self.granted if _key(each.key) not in held]
        self.granted = [each for each in self.granted if _key(each.key) in held]
        return lost

    def release(self) -> None:
        """Gives everything back."""
        with self._database.write() as connection:
            connection.execute(sa.delete(leases).where(leases.c.lease_id == self._lease_id))

    def __enter__(self) -> LeaseSet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def lease_patiently(
    database: Database, connections: Sequence[Connection], holder: str, seconds: float, patience_seconds: float
) -> LeaseSet:
    """The leases, once all can be had at once or patience has ended."""
    deadline = time.monotonic() + patience_seconds
    while (leases := LeaseSet(database, connections, holder, seconds)).refused and time.monotonic() < deadline:
        # Given back meanwhile, so that two who want each other's do not wait for each other.
        leases.release()
        time.sleep(POLL_SECONDS)
    return leases


def held_leases(database: Database) -> list[dict[str, Any]]:
    """Every lease in force, for people: business_id, rail, connection_id, holder, process, expires_at."""
    with database.read() as connection:
        query = sa.select(leases).where(leases.c.expires_at > wall_clock()).order_by(*leases.primary_key)
        rows = connection.execute(query).mappings().all()
    shown = ("business_id", "rail", "connection_id", "holder", "expires_at")
    return [
        {**{name: row[name] for name in shown}, "process": processes.describe(row["process"])}
        for row in rows
        if not processes.is_dead(row["process"])
    ]


def _key(row: Any) -> Key:
    return row["business_id"], row["rail"], row["connection_id"]
