"""Pausing and resuming: a business as a whole, one of its rails, or a rail for everybody. What is paused is not asked; what it has
stays readable.

These are three switches, none of which moves another: a connection is asked while all three of its own are off. So a rail
paused for everybody holds for connections made meanwhile too, and when it is resumed, what was paused by itself stays so.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.acts import Act, changed, note
from ingestion.control.database import Database, insert
from ingestion.control.live_cache import CONNECTIONS, note_changes
from ingestion.control.schema import businesses, connections, rail_pauses
from ingestion.errors import UsageError

# Acts on a rail as a whole.
RAILS = "rails"
_PAUSED_RAILS = sa.select(rail_pauses.c.rail).where(rail_pauses.c.is_paused)
# Of a connection joined with its business: whether one of its three switches is on.
IS_PAUSED = sa.or_(businesses.c.is_paused, connections.c.is_paused, connections.c.rail.in_(_PAUSED_RAILS))


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


def set_rail_pause(database: Database, rail: str, *, is_paused: bool) -> bool:
    """Pauses or resumes `rail` for everybody, which the log tells of; returns whether that changed anything."""
    at = wall_clock()
    with database.write() as transaction:
        if (rail in paused_rails(transaction)) == is_paused:
            return False
        row = {"is_paused": is_paused, **changed(at)}
        statement = insert(transaction, rail_pauses).values(rail=rail, **row)
        transaction.execute(statement.on_conflict_do_update(index_elements=["rail"], set_=row))
        reason = "the rail was paused for all businesses" if is_paused else "the rail is asked again"
        note(transaction, Act(RAILS, rail, "updated", {"is_paused": is_paused}, reason, at))
        concerned = transaction.execute(sa.select(connections.c.business_id).filter_by(rail=rail).distinct()).scalars()
        note_changes(transaction, [(business_id, *CONNECTIONS) for business_id in concerned])
    return True


def paused_rails(transaction: Transaction) -> frozenset[str]:
    """The rails that are paused for everybody."""
    return frozenset(transaction.execute(_PAUSED_RAILS).scalars())


def _changed(transaction: Transaction, business_id: str, statement: sa.Update) -> bool:
    """Whether `statement` changed anything; if so, cached live answers of the business end, since they rest on who may be asked."""
    if transaction.execute(statement).rowcount == 0:
        return False
    note_changes(transaction, [(business_id, *CONNECTIONS)])
    return True
