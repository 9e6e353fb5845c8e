"""What can come of asking a vendor: a body that parses, an answer worth another attempt, or an error for good.

The one retry loop of all rails. Which status or body means what is each rail's own (`ingestion/rails/<rail>/client.py`),
how often and how long to wait is the strategy's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import stamina

from ingestion.fetching import RailError
from ingestion.strategies import LONGEST_WAIT_SECONDS, Strategy
from ingestion.traffic import Calls, Traffic

Parsed = TypeVar("Parsed")
# Retries are counted per connection. The library's own line per retry goes to standard output, among the JSON that a command prints.
stamina.instrumentation.set_on_retry_hooks([])


class MalformedPage(Exception):
    """A body that cannot be taken apart; the message says why, without content."""


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes | msgspec.Raw) -> Any:
    """What `decoder` makes of `body`; MalformedPage says why not, without content.

    A body is looked through for text that is no UTF-8 first, which the decoder does not see in what it leaves as it is.
    """
    try:
        if isinstance(body, bytes) and not body.isascii():
            _check_utf8(body)
        return decoder.decode(body)
    except UnicodeDecodeError as error:
        raise MalformedPage(f"not UTF-8 at byte {error.start}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedPage(str(error).splitlines()[0][:200]) from None


def _check_utf8(body: bytes) -> None:
    """Raises UnicodeDecodeError where `body` is not UTF-8. By Arrow where it lies: to make text of it takes twenty times as long."""
    whole = pa.py_buffer(np.array([0, len(body)], np.int64).tobytes())
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, whole, pa.py_buffer(body)]).validate(full=True)
    except pa.ArrowInvalid:
        body.decode("utf-8")  # says where
        raise


class UnreadablePage(RailError):
    """An answer that stayed unreadable over all attempts; its bytes are kept for quarantine."""

    def __init__(self, reason: str, body: bytes) -> None:
        super().__init__("malformed_page", f"a page could not be read: {reason}")
        self.reason = reason
        self.body = body


class Transient(Exception):
    """Worth another attempt. error: what it comes to if that fails too; wait: what the vendor asked for, in seconds."""

    def __init__(self, error: RailError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


async def ask(
    strategy: Strategy, traffic: Traffic, endpoint: str, send: Callable[[], Awaitable[bytes]], parse: Callable[[bytes], Parsed]
) -> Parsed:
    """Sends, and again as the strategy allows while the answer is Transient or malformed; returns what `parse` makes of it.

    endpoint: what is asked for, without ids, under which `send` counts its calls. RailError says what went wrong for good.
    """
    return await repeat(strategy, traffic, lambda: ask_once(traffic, endpoint, send, parse))


async def ask_once(traffic: Traffic, endpoint: str, send: Callable[[], Awaitable[bytes]], parse: Callable[[bytes], Parsed]) -> Parsed:
    """Sends once, returns what `parse` makes of the body and notes how that ended; Transient also when it is malformed."""
    try:
        body = await send()
        try:
            return parse(body)
        except MalformedPage as error:
            raise Transient(UnreadablePage(str(error), body)) from None
    except (Transient, RailError) as failure:
        _note(traffic.of(endpoint), failure.error if isinstance(failure, Transient) else failure)
        raise


def _note(calls: Calls, error: RailError) -> None:
    """Counts what a call came to; that a record is not there is an answer like any other.

    A token that could not be renewed is no fault of the endpoint it was wanted for: then no call was made that could fail.
    """
    if calls.errors + calls.throttled >= calls.calls:
        return
    if error.kind == "throttled":
        calls.throttled += 1
    elif error.kind != "not_found":
        calls.errors += 1


async def repeat(strategy: Strategy, traffic: Traffic, attempt: Callable[[], Awaitable[Parsed]]) -> Parsed:
    """Makes `attempt`, of one call or of several that only count together, again as the strategy allows while it is Transient.

    RailError says what went wrong for good.
    """
    try:
        async for retry in stamina.retry_context(
            on=_wait_before_retry,
            attempts=strategy.max_attempts,
            timeout=None,
            wait_initial=strategy.first_wait_seconds,
            wait_max=LONGEST_WAIT_SECONDS,
            wait_jitter=strategy.first_wait_seconds,
            wait_exp_base=strategy.backoff_factor,
        ):
            with retry:
                traffic.retries += retry.num > 1
                return await attempt()
    except Transient as last:
        raise last.error from None
    raise AssertionError("a retry context ends by returning or raising")


def retry_after(headers: httpx.Headers) -> float | None:
    """The seconds a Retry-After header asks for, or None: it holds seconds, or a moment by the clock of the answer's own Date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and value.isascii():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _wait_before_retry(error: Exception) -> bool | float:
    if not isinstance(error, Transient):
        return False
    return True if error.wait is None else min(error.wait, LONGEST_WAIT_SECONDS)
