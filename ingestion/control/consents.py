"""Until when a connection's consent is good, where no token dates it: as its record says, and as the vendor announces.

A person has to renew such a consent (Plaid's bank logins); when a refresh token ends is kept with the token.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database
from ingestion.control.facts import Connection
from ingestion.control.schema import connections, tokens
from ingestion.webhooks import Notice


def note_reading(database: Database, connection: Connection, expires_at: datetime | None, at: datetime) -> None:
    """Keeps the end of a consent as its record said at `at`; an announced end that has passed by then did not happen.

    Writes only what changed since `connection` was loaded, so that what was announced meanwhile stays.
    """
    values: dict[str, datetime | None] = {}
    if expires_at != connection.consent_expires_at:
        values["consent_expires_at"] = expires_at
    if connection.disconnects_at is not None and connection.disconnects_at <= at:
        values["disconnects_at"] = None
    if values:
        with database.write() as transaction:
            transaction.execute(sa.update(connections).filter_by(**connection.key).values(values))


def note_announcement(transaction: Transaction, rail: str, notice: Notice) -> None:
    """Keeps when a vendor says it will disconnect, and forgets it when it says that the login was repaired."""
    if notice.ends_at is not None or notice.is_repaired:
        whose = {"rail": rail, "connection_id": notice.connection_id}
        transaction.execute(sa.update(connections).filter_by(**whose).values(disconnects_at=notice.ends_at))


def consent_end() -> sa.ColumnElement[datetime | None]:
    """When a person has to have renewed the consent at the latest."""
    return _earlier(connections.c.consent_expires_at, connections.c.disconnects_at)


def token_end() -> sa.ColumnElement[datetime | None]:
    """When what opens the connection ends: its consent or its refresh token, whichever is first."""
    return _earlier(consent_end(), tokens.c.refresh_expires_at)


def _earlier(one: sa.ColumnElement[datetime | None], other: sa.ColumnElement[datetime | None]) -> sa.ColumnElement[datetime | None]:
    """Of two instants the earlier one, of which either may be missing; no two databases share a function for it."""
    return sa.case((sa.or_(other.is_(None), one <= other), one), else_=other)
