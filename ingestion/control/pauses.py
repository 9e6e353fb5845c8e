"""Pausing and resuming: a business as a whole, or one of its rails. A paused one is not synced; what it has stays readable."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.acts import changed
from ingestion.control.database import Database
from ingestion.control.live_cache import CONNECTIONS, note_changes
from ingestion.control.schema import businesses, connections
from ingestion.errors import UsageError


def set_pause(database: Database, business_id: str, rail: str | None, *, is_paused: bool) -> bool:
    """Pauses or resumes a business, or its connections on one rail; returns whether that changed anything.

    UsageError for a business that does not exist or is not connected to the rail.
    """
    with database.write() as transaction:
        if not transaction.execute(sa.select(businesses.c.business_id).filter_by(business_id=business_id)).first():
            raise UsageError(f"there is no business {business_id!r}: onboard it first")
        if rail is None:
            statement = sa.update(businesses).where(businesses.c.business_id == business_id, businesses.c.is_paused != is_paused)
            return _changed(transaction, business_id, statement.values(is_paused=is_paused, **changed(wall_clock())))
        of_rail = sa.and_(connections.c.business_id == business_id, connections.c.rail == rail)
        if not transaction.execute(sa.select(connections.c.connection_id).where(of_rail)).first():
            raise UsageError(f"{business_id} is not connected to {rail}")
        statement = sa.update(connections).where(of_rail, connections.c.is_paused != is_paused)
        return _changed(transaction, business_id, statement.values(is_paused=is_paused, **changed(wall_clock())))


def _changed(transaction: Transaction, business_id: str, statement: sa.Update) -> bool:
    """Whether `statement` changed anything; if so, cached live answers of the business end, since they rest on who may be asked."""
    if transaction.execute(statement).rowcount == 0:
        return False
    note_changes(transaction, [(business_id, *CONNECTIONS)])
    return True
