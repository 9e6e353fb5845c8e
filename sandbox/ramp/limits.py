"""The vendor's throttle, counted in real time: 200 requests in any ten seconds per address, whatever the business.

A refused request counts too: who keeps calling keeps the window full.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque

REQUESTS = 200
SECONDS = 10.0


class Limits:
    """One sliding window per source address."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on
        self._windows: dict[str, deque[float]] = defaultdict(deque)

    def admits(self, address: str) -> bool:
        """Whether a request from `address` is within the limit now."""
        if not self.is_on:
            return True
        now, window = time.monotonic(), self._windows[address]
        while window and now - window[0] >= SECONDS:
            window.popleft()
        window.append(now)
        if len(window) > REQUESTS + 1:
            window.popleft()
        return len(window) <= REQUESTS
