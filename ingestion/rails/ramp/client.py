"""One business's calls to Ramp: token, scopes, limits, retries, refusals. What is asked for is in `lists`, `walk`, `subscription`.

Ramp's refusals (spec and third-party captures): 404 with code DEVELOPER_7002 for a token it does not know as well as for
a record it does not have, 403 with 7100 where a scope is missing and 7999 where a plan lacks a feature, 504 for a page
that takes longer than 60 seconds. It sends no Retry-After.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx

from ingestion.answers import MalformedPage, Transient, ask, retry_after
from ingestion.control.facts import Connection, TokenState
from ingestion.exchange import Answer, TooLate, exchange
from ingestion.fetching import Caller, RailError, Traffic
from ingestion.rails.ramp.oauth import refresher
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.wire import error_code

ROOT = "/developer/v1"
NOT_FOUND_CODE = "DEVELOPER_7002"
SCOPE_CODE = "DEVELOPER_7100"
GOOD = (httpx.codes.OK, httpx.codes.CREATED, httpx.codes.NO_CONTENT)

Parsed = TypeVar("Parsed")


class RecordNotFound(RailError):
    """The record asked for, or the one a page was to start behind, does not exist; or the token does not."""

    def __init__(self, body: bytes) -> None:
        super().__init__("not_found", "the record does not exist")
        self.body = body


class SlowPage(RailError):
    """A page that was not made in time; a smaller one may be."""

    def __init__(self) -> None:
        super().__init__("server_error", "the vendor did not make a page in time")


class RampClient:
    """Calls of one business during one sync."""

    def __init__(self, session: Caller, connection: Connection, traffic: Traffic) -> None:
        self._session = session
        self._connection = connection
        self._traffic = traffic
        self._gate = session.limiter.gate(RAMP.limits, connection.base_url, address=socket.gethostname())
        self._token: TokenState | None = None
        self._token_lock = asyncio.Lock()

    @property
    def token_version(self) -> int:
        """Changes when the tokens were renewed."""
        return self._token.version if self._token else 0

    def address(self, path: str, parameters: Mapping[str, str]) -> httpx.URL:
        """The address of `path` below the API's root."""
        return httpx.URL(self._connection.base_url.rstrip("/") + ROOT + path, params=dict(parameters))

    def checked(self, address: str) -> httpx.URL:
        """An address the vendor served, to be followed as it is; MalformedPage unless it leads to where the token may be sent."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            raise MalformedPage("the address of the next page is none") from None
        own = httpx.URL(self._connection.base_url)
        if (url.scheme, url.host, url.port) != (own.scheme, own.host, own.port) or url.userinfo:
            raise MalformedPage("the address of the next page leads to another host")
        return url

    async def missing_scopes(self, needed: Iterable[str]) -> set[str]:
        """Which of `needed` the token lacks, as far as the vendor told; a token that lacks some is renewed once first."""
        wanted = set(needed)
        token = await self._access_token()
        if _lacking(token, wanted):
            token = await self._access_token(rejected=token)
        return _lacking(token, wanted)

    async def get(
        self, url: httpx.URL, parse: Callable[[bytes], Parsed], *, may_be_missing: bool = False, may_shrink: bool = False
    ) -> Parsed:
        """Asks `url` and returns what `parse` makes of the body.

        may_be_missing: 404 means that a record is not there (RecordNotFound), not that the token is unknown. may_shrink: a
        page too slow is raised as SlowPage at once. RailError says what went wrong for good: disconnected, scope_missing,
        forbidden, throttled, server_error, unreachable, refused, not_found, malformed_page.
        """
        return await self.send("GET", url, parse, may_be_missing=may_be_missing, may_shrink=may_shrink)

    async def send(
        self,
        method: str,
        url: httpx.URL,
        parse: Callable[[bytes], Parsed],
        content: Mapping[str, Any] | None = None,
        *,
        may_be_missing: bool = False,
        may_shrink: bool = False,
    ) -> Parsed:
        """Like `get`, by any method and with `content` as JSON."""

        async def send() -> bytes:
            token = await self._access_token()
            answer = await self._exchange(method, url, token, content, may_shrink)
            if _is_token_refused(answer.status, answer.body, may_be_missing):
                token = await self._access_token(rejected=token)
                answer = await self._exchange(method, url, token, content, may_shrink)
            return judged(answer, may_be_missing=may_be_missing, may_shrink=may_shrink)

        return await ask(self._session.strategy, self._traffic, endpoint_of(url), send, parse)

    async def _exchange(
        self, method: str, url: httpx.URL, token: TokenState, content: Mapping[str, Any] | None, may_shrink: bool
    ) -> Answer:
        body = {} if content is None else {"json": content}
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
        async with self._gate.turn():
            try:
                with self._traffic.timed(endpoint_of(url)):
                    return await exchange(self._session.http, method, url, headers=headers, **body)
            except TooLate:
                if may_shrink:
                    raise SlowPage from None
                raise

    async def _access_token(self, rejected: TokenState | None = None) -> TokenState:
        """A token that is not `rejected` and not about to expire; renewed once for all calls of this business."""
        async with self._token_lock:
            if self._token is None:
                self._token = await asyncio.to_thread(self._session.store.token, self._connection)
            if self._token is rejected or self._token.access_token is None or self._expires_soon(self._token):
                renew = refresher(self._connection, self._session.clock)
                async with self._gate.turn():
                    self._token = await asyncio.to_thread(self._session.store.rotate, self._connection, renew, seen=self._token)
            return self._token

    def _expires_soon(self, token: TokenState) -> bool:
        return token.access_expires_at is not None and (token.access_expires_at - self._session.clock()).total_seconds() < 120


def judged(answer: Answer, *, may_be_missing: bool = False, may_shrink: bool = False) -> bytes:
    """The body of a good answer; raises what a bad one means. The two options are `RampClient.get`'s."""
    status, headers, body = answer.status, answer.headers, answer.body
    code = error_code(body)
    if status in GOOD and code is None:
        return body
    told = f"status {status}, code {code or 'none'}"
    if status == httpx.codes.OK:
        raise Transient(RailError("fault", f"the vendor answered with an error ({told})"))
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Transient(RailError("throttled", "the vendor's request limit was reached"), retry_after(headers))
    if status == httpx.codes.GATEWAY_TIMEOUT and may_shrink:
        raise SlowPage
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Transient(RailError("server_error", f"the vendor answered {status}"), retry_after(headers))
    if _is_token_refused(status, body, may_be_missing):
        raise RailError("disconnected", "the vendor rejects a fresh access token: connect the business again")
    if status == httpx.codes.FORBIDDEN and code == SCOPE_CODE:
        raise RailError("scope_missing", "the token may not read this: grant the app the scope in Ramp")
    if status == httpx.codes.FORBIDDEN:
        raise RailError("forbidden", f"the app may not read this ({told})")
    if status == httpx.codes.NOT_FOUND and code == NOT_FOUND_CODE:
        raise RecordNotFound(body)
    raise RailError("refused", f"the vendor refused the request ({told})")


def endpoint_of(url: httpx.URL) -> str:
    """A path below the API's root without ids; they are UUIDs, and no word of a path has a digit in it."""
    parts = url.path.partition(ROOT)[2].strip("/").split("/")
    return "/" + "/".join("{id}" if any(map(str.isdigit, part)) else part for part in parts)


def _is_token_refused(status: int, body: bytes, may_be_missing: bool) -> bool:
    if status == httpx.codes.NOT_FOUND and not may_be_missing:
        return error_code(body) == NOT_FOUND_CODE
    return status == httpx.codes.UNAUTHORIZED


def _lacking(token: TokenState, wanted: set[str]) -> set[str]:
    return set() if token.scope is None else wanted - set(token.scope.split())
