"""Takes a connection away: revokes the consent at the vendor, forgets secret, tokens and live answers, keeps all that was read.

What still waits for it, webhooks and sync requests, is given up with that reason. The connection itself stays, marked as
removed, so that its history goes on where it ended when it is connected again (`ingestion.connecting`,
`ingestion.control.onboarding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import httpx
import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.connecting import called
from ingestion.consent import Ending, Place, place_of, steps_of
from ingestion.control import subscriptions, tokens
from ingestion.control.acts import changed
from ingestion.control.claims import end_waiting
from ingestion.control.facts import Connection, TokenState
from ingestion.control.live_cache import forget_answers
from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.schema import connections, secrets
from ingestion.control.schema import tokens as token_table
from ingestion.control.store import ControlStore, any_connections
from ingestion.errors import RowcolError, UsageError
from ingestion.identifiers import check_business_id
from ingestion.promise import RailPromise
from ingestion.registry import rail_promise
from ingestion.subscribing import unsubscribe

LEASE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed and what the vendor made of it; `left_alone`: it was not asked."""

    business_id: str
    rail: str
    connection_id: str
    ending: Ending | Literal["left_alone"]


def disconnect(store: ControlStore, business_id: str, rail: str, connection_id: str | None = None, *, at_vendor: bool = True) -> Removed:
    """Revokes and removes one connection; nothing is changed when the vendor cannot be asked (RowcolError).

    connection_id: which one, where the business has several on the rail. at_vendor False leaves the consent itself alone.
    """
    check_business_id(business_id)
    promise = rail_promise(rail)
    connection = _chosen(store, business_id, promise, connection_id)
    # No sync may be reading, or refreshing a token, while both end.
    with store.lease([connection], "disconnect", LEASE_SECONDS) as leases:
        if leases.refused:
            raise RowcolError(f"{rail} of {business_id} is being read by {leases.refused[0][1]}: try again when it has ended")
        secret = tokens.secret_of(store.database, store.vault, connection.key)
        ending: Ending | Literal["left_alone"] = "left_alone"
        if at_vendor and secret is not None:
            if promise.subscription:
                # Before the token ends that could still do it; a vendor that refuses has nothing to send once the consent is over.
                with suppress(RowcolError):
                    unsubscribe(store.settings, store, promise, connection)
            ending = _ended(store, promise, connection, secret)
        _forget(store, connection)
    return Removed(business_id, rail, connection.connection_id, ending)


def _chosen(store: ControlStore, business_id: str, promise: RailPromise, connection_id: str | None) -> Connection:
    there = any_connections(store.database, promise.name, business_id)
    if not there:
        raise UsageError(f"{business_id} is not connected to {promise.name}")
    named = [one for one in there if connection_id in (None, one.connection_id)]
    if not named:
        raise UsageError(f"{business_id} has no {promise.name} connection {connection_id} to remove")
    if len(named) > 1:
        ids = ", ".join(one.connection_id for one in named)
        raise UsageError(f"{business_id} has several connections on {promise.name}: say which with --connection ({ids})")
    return named[0]


def _ended(store: ControlStore, promise: RailPromise, connection: Connection, secret: Mapping[str, Any]) -> Ending:
    if promise.consent is None:
        return "not_offered"
    token = store.token(connection) if promise.credentials.refresh_field else None
    place = place_of(promise, connection.base_url, connection.auth_url)
    try:
        return called(promise, partial(_end, promise, place, secret, token))
    except RowcolError as error:
        raise RowcolError(f"{error}: nothing was removed; --keep-consent removes it here alone") from None


async def _end(promise: RailPromise, place: Place, secret: Mapping[str, Any], token: TokenState | None, http: httpx.AsyncClient) -> Ending:
    return await steps_of(promise).end(http, place, secret, token)


def _forget(store: ControlStore, connection: Connection) -> None:
    now = wall_clock()
    why = "the connection was removed"
    gone = {"state": DISCONNECTED, "last_error_kind": "removed", "last_error": why, "removed_at": now}
    with store.database.write() as transaction:
        for table in (secrets, token_table):
            transaction.execute(sa.delete(table).filter_by(**connection.key))
        forget_answers(transaction, connection.key)
        subscriptions.forget(transaction, connection.key)
        end_waiting(transaction, **connection.key, why=why)
        transaction.execute(sa.update(connections).filter_by(**connection.key).values({**gone, "updated_at": now, **changed(now)}))
