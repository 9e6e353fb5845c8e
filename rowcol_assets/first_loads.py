"""First loads under way, and which businesses cycles leave to them.

New clients that a cycle models beside the load that brings them hold up whoever waits for the warehouse: with eighty of them, wishes
came to raw within 170 s (95 in 100), and without a cycle within 47. One that begins meanwhile is for the other clients, so that it
leaves the large loads of these too (`deferral`). The next cycle brings what landed a quarter of an hour ago, however long the whole
takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ingestion.control.leases import held_leases
from ingestion.control.outcomes import synced_since
from ingestion.control.store import ControlStore
from ingestion.freshness import ConnectionFreshness
from ingestion.strategies import BULK_OPERATION

# As long as from one cycle to the next.
LEFT_FOR = timedelta(minutes=15)


def is_under_way(store: ControlStore, found: Sequence[ConnectionFreshness]) -> bool:
    """Whether new connections among `found` are being read, by a run or by a command, which Dagster knows nothing of."""
    new = {one.name for one in found if one.is_new}
    return bool(new) and any(
        "/".join((row["business_id"], row["rail"], row["connection_id"])) in new for row in held_leases(store.database)
    )


def left_by_cycles(store: ControlStore, found: Sequence[ConnectionFreshness], at: datetime) -> set[str]:
    """The businesses that a cycle beginning at `at` leaves: while first loads are under way, those without anything or that just came.

    Not every business with a new connection, which can be one that was never allowed to be read.
    """
    if not is_under_way(store, found):
        return set()
    new = {one.business_id for one in found} - {one.business_id for one in found if not one.is_new}
    return new | synced_since(store.database, at - LEFT_FOR, BULK_OPERATION.name)
