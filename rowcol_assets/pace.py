"""The pace at which schedules ask all connections: `ingestion.pacing` with what is published of the businesses.

Who is above the guardrail comes from published files, because schedules never wait for the warehouse.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control.schema import connections
from ingestion.control.store import ControlStore
from ingestion.pacing import Paced, paced
from ingestion.polling import Pace
from ingestion.registry import RAILS
from ingestion.settings import Settings
from rowcol_assets.floors import above_guardrail

Key = tuple[str, str, str]


def paced_connections(settings: Settings, store: ControlStore, at: datetime) -> list[Paced]:
    """Every connection that is not paused, with its pace at `at`."""
    safe = partial(above_guardrail, settings, store)
    return [one for rail in RAILS.values() for one in paced(store, rail, at, safe)]


def paces_at_last_sync(settings: Settings, store: ControlStore) -> dict[Key, Pace]:
    """By business, rail and connection, the paces at the time of the newest sync: for people, without asking any clock for it."""
    newest = sa.func.max(connections.c.last_attempt_at, type_=connections.c.last_attempt_at.type)
    with store.database.read() as transaction:
        at: datetime = transaction.execute(sa.select(newest)).scalar_one() or wall_clock()
    found = paced_connections(settings, store, at)
    return {(one.connection.business_id, one.connection.rail, one.connection.connection_id): one.pace for one in found}
