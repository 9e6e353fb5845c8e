"""Stripe's throttles with test keys, counted in real time: 25 requests a second per account and per endpoint, and how many at once."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

PER_SECOND = 25
ENDPOINT_PER_SECOND = 25
# Stripe publishes no number.
AT_ONCE = 25


class ThrottledError(Exception):
    """The request is one too many; the text is the reason as the vendor's header gives it."""


class Limits:
    """Sliding windows of a second per account, and per account and endpoint."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on
        self._windows: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)

    @contextmanager
    def admitted(self, account: str, endpoint: str) -> Iterator[None]:
        """Admits a request for as long as it runs; raises ThrottledError. A refused request counts towards no limit."""
        if not self.is_on:
            yield
            return
        now = time.monotonic()
        of_endpoint, of_account = self._windows[account, endpoint], self._windows[account, ""]
        for window in (of_endpoint, of_account):
            while window and now - window[0] >= 1:
                window.popleft()
        if len(of_endpoint) >= ENDPOINT_PER_SECOND:
            raise ThrottledError("endpoint-rate")
        if len(of_account) >= PER_SECOND:
            raise ThrottledError("global-rate")
        if self._running[account] >= AT_ONCE:
            raise ThrottledError("global-concurrency")
        of_endpoint.append(now)
        of_account.append(now)
        self._running[account] += 1
        try:
            yield
        finally:
            self._running[account] -= 1
