"""How fast Ramp may be asked: per host, shared by all businesses, threads and event loops of this process.

Ramp counts 200 requests in any 10 seconds per source address, whoever's tokens they carry, and goes on counting those
it refuses. Some are left for whatever else asks from here.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from functools import lru_cache

REQUESTS = 180
# Two clocks never agree on when ten seconds are over.
WINDOW_SECONDS = 10.2


class HostLimit:
    """At most REQUESTS in any window. Not enforced: only counts, until the host says that it has a limit."""

    def __init__(self, is_enforced: bool) -> None:
        self.is_enforced = is_enforced
        self._turns: deque[float] = deque(maxlen=REQUESTS)
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Takes the next turn and returns the seconds until it comes. now: a monotonic time in seconds."""
        with self._lock:
            turn = now
            if self.is_enforced and len(self._turns) == REQUESTS:
                turn = max(now, self._turns[0] + WINDOW_SECONDS)
            self._turns.append(turn)
            return turn - now

    async def turn(self) -> None:
        """Waits until the host may be asked."""
        if (wait := self.reserve(time.monotonic())) > 0:
            await asyncio.sleep(wait)


@lru_cache(maxsize=100)
def limit_of(host: str, is_sandbox: bool) -> HostLimit:
    """The limit of `host`. A sandbox may be served without limits, so its own is kept only once it has refused a request."""
    return HostLimit(is_enforced=not is_sandbox)
