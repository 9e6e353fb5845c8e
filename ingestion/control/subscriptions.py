"""Subscriptions of webhooks at vendors that take them by API and prove the address by a challenge (Ramp).

One row per connection: while its subscription is being made it waits for the challenge, which the receiver leaves here for
the process that makes it; afterwards it names the subscription. How it is made is in `ingestion.subscribing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import webhook_subscriptions as table
from ingestion.control.database import Database

# Whoever waits for a challenge gives up long before; what died waiting does not leave the door open.
AWAITED_FOR = timedelta(minutes=10)


def await_challenge(database: Database, key: Mapping[str, str], address: str) -> None:
    """Notes that a subscription for `address` is being made, so that its challenge is let in."""
    row = {"address": address, "subscription_id": None, "challenge": None, "asked_at": wall_clock()}
    with database.write() as transaction:
        if not transaction.execute(sa.update(table).filter_by(**key).values(row)).rowcount:
            transaction.execute(sa.insert(table).values({**key, **row}))


def is_awaited(database: Database, rail: str) -> bool:
    """Whether anybody waits for a challenge of `rail`: asked first, since anybody can send one and a look locks nothing."""
    with database.read() as transaction:
        return transaction.execute(sa.select(sa.exists().where(_awaited(rail)))).scalar_one()


def keep_challenge(transaction: Transaction, rail: str, connection_id: str, challenge: str) -> bool:
    """Keeps a challenge in place of an earlier one, if one is awaited; returns whether it was.

    connection_id: whom it is for, '' where it does not say: then for all that wait, since only the vendor knows which is right.
    """
    whose = sa.and_(_awaited(rail), table.c.connection_id == connection_id) if connection_id else _awaited(rail)
    return bool(transaction.execute(sa.update(table).where(whose).values(challenge=challenge)).rowcount)


def _awaited(rail: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.rail == rail, table.c.subscription_id.is_(None), table.c.asked_at > wall_clock() - AWAITED_FOR)


def challenge_of(database: Database, key: Mapping[str, str]) -> str | None:
    """The challenge that came last for a connection."""
    with database.read() as transaction:
        return transaction.execute(sa.select(table.c.challenge).filter_by(**key)).scalar_one_or_none()


def subscription_of(database: Database, key: Mapping[str, str]) -> str | None:
    """The vendor's id of the connection's subscription; None when it has none."""
    with database.read() as transaction:
        return transaction.execute(sa.select(table.c.subscription_id).filter_by(**key)).scalar_one_or_none()


def settle(database: Database, key: Mapping[str, str], subscription_id: str) -> None:
    """Notes that the vendor has accepted the subscription; no further challenge is let in."""
    with database.write() as transaction:
        transaction.execute(sa.update(table).filter_by(**key).values(subscription_id=subscription_id, challenge=None))


def forget(transaction: Transaction, key: Mapping[str, str]) -> None:
    """Forgets the connection's subscription, made or being made."""
    transaction.execute(sa.delete(table).filter_by(**key))
