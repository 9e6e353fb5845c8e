"""One company's calls to QuickBooks Online: token, limits, retries, faults. What is asked for is in `walk` and `changes`.

The limits are in `promise`. Throttling is 429, and 403 with code 3001 in older captures; a fault can come with status 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import httpx

from ingestion.answers import Transient, ask, retry_after
from ingestion.control.facts import Connection, TokenState
from ingestion.exchange import Answer, exchange
from ingestion.fetching import FetchSession, RailError, Traffic
from ingestion.rails.qbo.oauth import refresher
from ingestion.rails.qbo.promise import QBO
from ingestion.rails.qbo.wire import fault_of

MINOR_VERSION = "75"
THROTTLED_CODES = {"3001"}
FORBIDDEN_CODES = {"3100", "3201"}
# Of a report that the company's subscription, or the user who consented, does not have (oauth-jsclient issue 89).
NOT_OFFERED_CODES = {"5020"}

Parsed = TypeVar("Parsed")


class ObjectNotFound(RailError):
    """The object asked for does not exist (fault 610)."""

    def __init__(self, body: bytes) -> None:
        super().__init__("not_found", "the object does not exist")
        self.body = body


class QboClient:
    """Calls of one company during one sync."""

    def __init__(self, session: FetchSession, connection: Connection, traffic: Traffic) -> None:
        self._session = session
        self._connection = connection
        self._traffic = traffic
        self._gate = session.limiter.gate(QBO.limits, connection.base_url, realm=connection.connection_id)
        self.large_answers = session.large_answers
        self._token: TokenState | None = None
        self._token_lock = asyncio.Lock()

    async def get(self, path: str, parameters: Mapping[str, str], parse: Callable[[bytes], Parsed]) -> Parsed:
        """Asks `path` below the company and returns what `parse` makes of the body.

        RailError says what went wrong for good: disconnected, forbidden, throttled, server_error, unreachable, refused,
        not_found, not_offered, malformed_page.
        """
        return await self._call("GET", path, parameters, None, parse)

    async def post(self, path: str, content: bytes, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Like `get`, with a JSON body."""
        return await self._call("POST", path, {}, content, parse)

    async def query(self, statement: str, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Runs a statement of the query language."""
        return await self.get("/query", {"query": statement}, parse)

    async def _call(
        self, method: str, path: str, parameters: Mapping[str, str], content: bytes | None, parse: Callable[[bytes], Parsed]
    ) -> Parsed:
        send = partial(self._send, method, path, parameters, content)
        return await ask(self._session.strategy, self._traffic, endpoint_of(path), send, parse)

    async def _send(self, method: str, path: str, parameters: Mapping[str, str], content: bytes | None) -> bytes:
        token = await self._access_token()
        answer = await self._exchange(method, path, parameters, content, token)
        if answer.status == httpx.codes.UNAUTHORIZED:
            token = await self._access_token(rejected=token)
            answer = await self._exchange(method, path, parameters, content, token)
        return judged(answer)

    async def _exchange(self, method: str, path: str, parameters: Mapping[str, str], content: bytes | None, token: TokenState) -> Answer:
        url = f"{self._connection.base_url.rstrip('/')}/v3/company/{self._connection.connection_id}{path}"
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with self._gate.turn(path):
            with self._traffic.timed(endpoint_of(path)):
                return await exchange(
                    self._session.http, method, url, params={**parameters, "minorversion": MINOR_VERSION}, content=content, headers=headers
                )

    async def _access_token(self, rejected: TokenState | None = None) -> TokenState:
        """A token that is not `rejected` and not about to expire; refreshed once for all calls of this company."""
        async with self._token_lock:
            if self._token is None:
                self._token = await asyncio.to_thread(self._session.store.token, self._connection)
            wanting = self._token is rejected or self._token.access_token is None or self._expires_soon(self._token)
            if wanting:
                refresh = refresher(self._connection, self._session.clock)
                self._token = await asyncio.to_thread(self._session.store.rotate, self._connection, refresh, seen=self._token)
            return self._token

    def _expires_soon(self, token: TokenState) -> bool:
        return token.access_expires_at is not None and (token.access_expires_at - self._session.clock()).total_seconds() < 120


def judged(answer: Answer) -> bytes:
    """The body of a good answer; raises what a bad one means, following the table of the vendor's errors."""
    status, headers, body = answer.status, answer.headers, answer.body
    fault = fault_of(body)
    code = fault.code if fault else ""
    if status == httpx.codes.TOO_MANY_REQUESTS or code in THROTTLED_CODES:
        raise Transient(RailError("throttled", "the vendor's request limit was reached"), retry_after(headers))
    if status == httpx.codes.UNAUTHORIZED:
        raise RailError("disconnected", "the vendor rejects a fresh access token: connect the business again")
    if status == httpx.codes.FORBIDDEN or code in FORBIDDEN_CODES:
        raise RailError("forbidden", f"the app may not read this company (status {status}, code {code or 'none'})")
    if (status >= httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.NOT_IMPLEMENTED) or code == "10000":
        raise Transient(RailError("server_error", f"the vendor answered {status}"), retry_after(headers))
    if code == "610":
        raise ObjectNotFound(body)
    if code in NOT_OFFERED_CODES:
        raise RailError("not_offered", "the company has no such report, or its user may not run it")
    if fault and status == httpx.codes.OK:
        raise Transient(RailError("fault", f"the vendor answered 200 with fault {code or fault.kind}"))
    if status != httpx.codes.OK:
        raise RailError("refused", f"the vendor answered {status}" + (f", fault {code}" if code else ""))
    return body


def endpoint_of(path: str) -> str:
    """A path without the id of what is read alone: `/bill/12` is `/bill/{id}`; a report has a name, and no id."""
    name, _, record_id = path.strip("/").partition("/")
    return f"/{name}/{{id}}" if record_id and name != "reports" else path
