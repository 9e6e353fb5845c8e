"""How fast Plaid may be asked: per item and per client, counted over all connections and event loops of this process.

Limits per minute (Plaid, errors, rate limit exceeded; production): a client's are shared by all its items. Plaid sends
no Retry-After. Other processes are kept off an item by its lease; what they use up of the client's limit shows as 429,
which the client waits out.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from functools import lru_cache

# Two clocks never agree on when a minute is over.
WINDOW_SECONDS = 61.0

PER_ITEM = {"/item/get": 15, "/accounts/get": 15, "/accounts/balance/get": 5, "/transactions/sync": 50, "/transactions/get": 30}
PER_CLIENT = {
    "/item/get": 5_000,
    "/accounts/get": 15_000,
    "/accounts/balance/get": 1_200,
    "/transactions/sync": 2_500,
    "/transactions/get": 20_000,
    "/institutions/get_by_id": 400,
}


class Window:
    """At most `calls` in any minute, as many of them at once as are left; not bound to an event loop or thread."""

    def __init__(self, calls: int) -> None:
        self._turns: deque[float] = deque(maxlen=calls)
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Takes the next turn and returns the seconds until it comes. now: a monotonic time in seconds."""
        with self._lock:
            turn = now
            if len(self._turns) == self._turns.maxlen:
                turn = max(now, self._turns[0] + WINDOW_SECONDS)
            self._turns.append(turn)
        return turn - now


@lru_cache(maxsize=100_000)
def window(host: str, client_id: str, item_id: str | None, path: str) -> Window | None:
    """The window of one endpoint for one item, or for the whole client (item_id None); None where there is no limit."""
    calls = (PER_CLIENT if item_id is None else PER_ITEM).get(path)
    return Window(calls) if calls else None


async def turn(host: str, client_id: str, item_id: str, path: str) -> None:
    """Waits until `path` may be asked about the item."""
    for owner in (item_id, None):
        limit = window(host, client_id, owner, path)
        if limit and (wait := limit.reserve(time.monotonic())) > 0:
            await asyncio.sleep(wait)
