"""The vendor's throttles, counted in real time: 500 requests a minute and 10 a second per company, 10 at once, 40 batches a minute."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

PER_MINUTE = 500
PER_SECOND = 10
AT_ONCE = 10
BATCHES_PER_MINUTE = 40


class ThrottledError(Exception):
    """The request is one too many."""


class Limits:
    """Sliding windows per company. One app is connected, so per company and per company-and-app are the same count."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on
        self._requests: dict[str, deque[float]] = defaultdict(deque)
        self._batches: dict[str, deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)

    @contextmanager
    def admitted(self, realm: str, is_batch: bool = False) -> Iterator[None]:
        """Admits a request for as long as it runs; raises ThrottledError. A refused request counts towards no limit."""
        if not self.is_on:
            yield
            return
        now = time.monotonic()
        requests, batches = self._requests[realm], self._batches[realm]
        for window in (requests, batches):
            while window and now - window[0] >= 60:
                window.popleft()
        last_second = sum(1 for _ in _younger(requests, now - 1))
        if len(requests) >= PER_MINUTE or last_second >= PER_SECOND or self._running[realm] >= AT_ONCE:
            raise ThrottledError
        if is_batch and len(batches) >= BATCHES_PER_MINUTE:
            raise ThrottledError
        requests.append(now)
        if is_batch:
            batches.append(now)
        self._running[realm] += 1
        try:
            yield
        finally:
            self._running[realm] -= 1


def _younger(window: deque[float], edge: float) -> Iterator[float]:
    for instant in reversed(window):
        if instant <= edge:
            return
        yield instant
