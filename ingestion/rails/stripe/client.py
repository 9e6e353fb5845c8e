"""One account's calls to Stripe: key, pinned version, limits, retries, refusals. What is asked for is in `listings` and `feed`.

Errors (Stripe's reference): 401 the key, 403 a restricted key without the permission or an account out of reach, 404
and 400 `resource_missing`, 429 limits and locks. `Stripe-Should-Retry` says of any answer whether another attempt is
worth it, and is believed over the status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx

from ingestion.answers import Transient, ask, retry_after
from ingestion.exchange import Answer, exchange
from ingestion.fetching import RailError, Traffic
from ingestion.limiter import Gate, open_gate
from ingestion.rails.stripe.wire import refusal_of
from ingestion.strategies import Strategy

# Without it each account answers in the shapes of the version it once began with. The newest release whose shapes the
# models were written against; since 2025-03-31 payments are linked to invoices by invoice_payments alone. Releases of
# one name only add.
API_VERSION = "2026-03-25.dahlia"
# What is true of the connection and not of one list.
FATAL = frozenset({"disconnected", "forbidden", "wrong_account"})
TRIED_AGAIN = {httpx.codes.CONFLICT, httpx.codes.FAILED_DEPENDENCY}

Parsed = TypeVar("Parsed")


class ObjectMissing(RailError):
    """Stripe knows no object of that id (any more). param: which parameter named it, empty for the path."""

    def __init__(self, param: str, body: bytes) -> None:
        super().__init__("not_found", "the object does not exist")
        self.param = param
        self.body = body


class StripeClient:
    """Calls for one account. account_id: sent along where the key is a platform's and the account connected to it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        api_key: str,
        strategy: Strategy,
        traffic: Traffic,
        *,
        account_id: str = "",
        is_connected_account: bool = False,
        gate: Gate | None = None,
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._strategy = strategy
        self._traffic = traffic
        self._headers = {"Authorization": f"Bearer {api_key}", "Stripe-Version": API_VERSION}
        if is_connected_account:
            self._headers["Stripe-Account"] = account_id
        self._gate = gate or open_gate()

    async def get(self, path: str, parameters: Mapping[str, str], parse: Callable[[bytes], Parsed]) -> Parsed:
        """Asks `path` below /v1 and returns what `parse` makes of the body.

        RailError says what went wrong for good: disconnected, forbidden, scope_missing, throttled, server_error,
        unreachable, refused, not_found, malformed_page.
        """
        return await ask(self._strategy, self._traffic, f"/{endpoint_of(path)}", lambda: self._send(path, parameters), parse)

    async def _send(self, path: str, parameters: Mapping[str, str]) -> bytes:
        async with self._gate.turn(endpoint_of(path)):
            with self._traffic.timed(f"/{endpoint_of(path)}"):
                answer = await exchange(self._http, "GET", f"{self._base_url}/v1{path}", params=parameters, headers=self._headers)
        if answer.status == httpx.codes.OK:
            return answer.body
        raise self._judged(answer)

    def _judged(self, answer: Answer) -> Exception:
        """What an answer that is not good comes to: an error for good, or Transient around it."""
        error = _refused(answer)
        status, told = answer.status, answer.headers.get("Stripe-Should-Retry", "")
        worth_it = error.kind in ("throttled", "server_error") or status in TRIED_AGAIN
        if told == "true" or (worth_it and told != "false"):
            return Transient(error, retry_after(answer.headers))
        return error


def is_live_key(api_key: str) -> bool:
    """Whether a key moves real money: its text says so."""
    return "_live_" in api_key


def endpoint_of(path: str) -> str:
    """The endpoint that a limit counts: the path without ids."""
    parts = path.strip("/").split("/")
    return "/".join(part if index % 2 == 0 else "{id}" for index, part in enumerate(parts))


def _refused(answer: Answer) -> RailError:
    status, refusal = answer.status, refusal_of(answer.body)
    detail = f"status {status}" + (f", {refusal.code or refusal.kind}" if refusal.code or refusal.kind else "")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        reason = answer.headers.get("Stripe-Rate-Limited-Reason") or refusal.code or "no reason given"
        return RailError("throttled", f"the vendor's request limit was reached ({reason[:60]})")
    if status == httpx.codes.UNAUTHORIZED:
        return RailError("disconnected", "the vendor rejects the key: connect the business again")
    if status == httpx.codes.FORBIDDEN:
        if refusal.code == "account_invalid":
            return RailError("forbidden", f"the key may not act on this account, or no longer ({detail})")
        return RailError("scope_missing", f"the key lacks the permission to read this ({detail})")
    if refusal.code == "resource_missing":
        return ObjectMissing(refusal.param, answer.body)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return RailError("server_error", f"the vendor answered {status}")
    return RailError("refused", f"the vendor answered {detail}")
