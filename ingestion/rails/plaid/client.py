"""One item's calls to Plaid: credentials, limits, errors, retries. What is asked for is in `items`, `accounts`, `transactions`.

Every call is a POST of JSON that carries client_id, secret and, for what concerns the item, its access token, which does
not expire. What an error means is in `complaints`, how fast one may ask in `promise`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec

from ingestion.answers import ask, ask_once, repeat
from ingestion.control.facts import Connection
from ingestion.exchange import exchange
from ingestion.fetching import FetchSession, Traffic
from ingestion.rails.plaid.complaints import THROTTLE_WAIT, judge
from ingestion.rails.plaid.promise import PLAID

API_VERSION = "2020-09-14"
OF_NO_ITEM = {"/institutions/get_by_id"}

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Access:
    """Where and as whom an item is asked; without an access token it is about no item yet."""

    base_url: str
    client_id: str
    secret: str = field(repr=False)
    item_id: str
    access_token: str = field(repr=False)


async def post(
    http: httpx.AsyncClient, access: Access, path: str, fields: Mapping[str, Any], throttle_wait: float = THROTTLE_WAIT
) -> bytes:
    """Asks once and returns the body of a good answer; what another one means is raised, see `complaints.judge`."""
    body = {"client_id": access.client_id, "secret": access.secret, **fields}
    if path not in OF_NO_ITEM and access.access_token:
        body["access_token"] = access.access_token
    headers = {"Content-Type": "application/json", "Plaid-Version": API_VERSION}
    answer = await exchange(http, "POST", access.base_url.rstrip("/") + path, content=msgspec.json.encode(body), headers=headers)
    return judge(answer.status, answer.body, throttle_wait)


class PlaidClient:
    """Calls about one item during one sync.

    bank_read_at: when Plaid last read the bank itself; the time of our asking where it does not say, None before it was asked.
    """

    def __init__(self, session: FetchSession, connection: Connection, traffic: Traffic, access: Access) -> None:
        self.session = session
        self.connection = connection
        self.access = access
        self.bank_read_at: datetime | None = None
        self._traffic = traffic
        self._gate = session.limiter.gate(PLAID.limits, access.base_url, item=access.item_id, client=access.client_id)

    async def ask(self, path: str, fields: Mapping[str, Any], parse: Callable[[bytes], Parsed], *, retried: bool = True) -> Parsed:
        """Asks and returns what `parse` makes of the body, again as the strategy allows; RailError says what went wrong for good."""
        strategy = self.session.strategy if retried else replace(self.session.strategy, max_attempts=1)
        return await ask(strategy, self._traffic, path, lambda: self._send(path, fields), parse)

    async def ask_once(self, path: str, fields: Mapping[str, Any], parse: Callable[[bytes], Parsed]) -> Parsed:
        """Like `ask`, but a failure that may pass is raised as Transient: for a call that is repeated with others or not at all."""
        return await ask_once(self._traffic, path, lambda: self._send(path, fields), parse)

    async def repeat(self, attempt: Callable[[], Awaitable[Parsed]]) -> Parsed:
        """Makes `attempt`, several calls that only count together, again as the strategy allows while it ends as Transient."""
        return await repeat(self.session.strategy, self._traffic, attempt)

    def count_restart(self) -> None:
        """Counts a reading that had to begin again without having failed."""
        self._traffic.retries += 1

    async def _send(self, path: str, fields: Mapping[str, Any]) -> bytes:
        async with self._gate.turn(path):
            with self._traffic.timed(path):
                return await post(self.session.http, self.access, path, fields, THROTTLE_WAIT * self.session.strategy.first_wait_seconds)


async def open_client(session: FetchSession, connection: Connection, traffic: Traffic) -> PlaidClient:
    """The client of a connection, with its stored credentials."""
    secret = await asyncio.to_thread(session.store.secret, connection)
    access = Access(connection.base_url, secret["client_id"], secret["secret"], connection.connection_id, secret["access_token"])
    return PlaidClient(session, connection, traffic, access)
