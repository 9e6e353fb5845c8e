"""What every HTTP client of this process shares: one TLS context, and how many requests at once are made. Calls, retries and
limits are their callers'.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

READ_SECONDS, CONNECT_SECONDS = 120, 15


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The TLS context for `verify=`; reading the certificate store takes 50 ms, too long for once per call."""
    return httpx.create_ssl_context(trust_env=False)


class _Transport(AiohttpTransport):
    """aiohttp under httpx, with the one kind of error that its adapter leaves as it is: an answer that is no HTTP."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except aiohttp.ClientError as error:
            raise httpx.RemoteProtocolError(type(error).__name__, request=request) from error


def many_calls_client(at_once: int) -> httpx.AsyncClient:
    """A client for many calls, `at_once` of them on the wire.

    Over aiohttp, because httpx's own transport costs as much as everything else of a fetch: with 24 calls at once 5 ms of
    CPU each where this takes 0.9 (its pool goes through all its connections for each of them, several times).
    """

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=at_once, ssl=tls_context())
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return httpx.AsyncClient(
        # What a vendor sets for one business must not be sent along for the next: neither library's jar takes anything.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        transport=_Transport(verify=tls_context(), client=session),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
        trust_env=False,
    )
