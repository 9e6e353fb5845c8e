"""Whose key it is: the account and the balance, read first in every fetch and compared with the connection.

Test and real money are served by one host, told apart by the key alone; a key exchanged for another account's would
otherwise mix two companies' money. Nothing is spooled before this has passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.answers import MalformedPage
from ingestion.control.facts import Connection, Credentials
from ingestion.fetching import FetchSession, RailError, Traffic
from ingestion.rails.stripe.client import FATAL, StripeClient, is_live_key
from ingestion.rails.stripe.promise import STRIPE
from ingestion.rails.stripe.wire import Record, read_balance, read_object


async def open_client(session: FetchSession, connection: Connection, traffic: Traffic) -> tuple[StripeClient, Credentials]:
    """The client of a connection, and the stored credentials it uses."""
    secret = await asyncio.to_thread(session.store.secret, connection)
    owner = "live account" if is_live_key(secret["api_key"]) else "test account"
    client = StripeClient(
        session.http,
        connection.base_url,
        secret["api_key"],
        session.strategy,
        traffic,
        account_id=connection.connection_id,
        is_connected_account=acts_on_connected(secret),
        gate=session.limiter.gate(STRIPE.limits, connection.base_url, **{owner: connection.connection_id}),
    )
    return client, secret


@dataclass
class Verified:
    """The account's single objects, or why one could not be read."""

    records: dict[str, Record] = field(default_factory=dict)
    errors: dict[str, RailError] = field(default_factory=dict)


async def verify(client: StripeClient, account_id: str, is_live: bool) -> Verified:
    """Reads account and balance; RailError `wrong_account` when they are not the connection's, or why nothing can be read."""
    account, balance = await asyncio.gather(
        client.get("/account", {}, _account), client.get("/balance", {}, read_balance), return_exceptions=True
    )
    found = Verified()
    if isinstance(account, Record):
        if account.record_id != account_id:
            raise RailError("wrong_account", f"the key belongs to account {account.record_id}, the connection to {account_id}")
        found.records["accounts"] = account
    elif isinstance(account, RailError) and account.kind == "scope_missing":
        # Whose key it is stays open, and the outcome says so; anything else said here would be said of everything.
        found.errors["accounts"] = account
    else:
        raise account
    if isinstance(balance, tuple):
        check_mode(balance[1], is_live)
        found.records["balances"] = balance[0]
    elif isinstance(balance, RailError) and balance.kind not in FATAL:
        found.errors["balances"] = balance
    else:
        raise balance
    return found


def check_mode(served: bool | None, is_live: bool) -> None:
    """RailError `wrong_account` when test data is served for real money or the other way round."""
    if served is not None and served != is_live:
        kinds = ("test data", "real money")
        raise RailError("wrong_account", f"the key reads {kinds[served]}, the connection is to {kinds[is_live]}")


def expects_live(secret: Credentials) -> bool:
    """Whether a connection is to real money: as found when it was connected, else by its key's text."""
    return secret["livemode"] == "true" if "livemode" in secret else is_live_key(secret["api_key"])


def acts_on_connected(secret: Mapping[str, Any]) -> bool:
    """Whether the account is named with each call: a platform's key acting on an account connected to it.

    Credentials that do not say so, as files given by hand, name an account only in that case.
    """
    told = secret.get("is_connected_account")
    return told == "true" if told is not None else bool(secret.get("account_id"))


def _account(body: bytes) -> Record:
    account = read_object(body)
    if not account.record_id.startswith("acct_"):
        raise MalformedPage("the answer is no account")
    return account
