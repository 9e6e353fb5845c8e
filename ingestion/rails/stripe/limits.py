"""How fast one account may be asked: limiters shared by everything in this process that reads it.

Stripe (docs, rate limits): 100 requests a second per account, 25 with test keys, and 25 per endpoint; how many may be
under way at once is not published, so few are. Other processes are kept off a connection by its lease.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

LIVE_PER_SECOND = 100
TEST_PER_SECOND = 25
ENDPOINT_PER_SECOND = 25
CALLS_AT_ONCE = 16


def _spaced(per_second: int) -> AsyncLimiter:
    # Spaced, not in bursts: a bucket that refills while it empties lets twice as many through in its first second.
    return AsyncLimiter(1, 1 / per_second)


@dataclass
class AccountLimits:
    """The limiters of one account."""

    is_live: bool
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))
    _endpoints: dict[str, AsyncLimiter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._all = _spaced(LIVE_PER_SECOND if self.is_live else TEST_PER_SECOND)

    @asynccontextmanager
    async def turn(self, endpoint: str) -> AsyncIterator[None]:
        """Waits until `endpoint` may be asked, and counts the call as under way meanwhile."""
        if endpoint not in self._endpoints:
            self._endpoints[endpoint] = _spaced(ENDPOINT_PER_SECOND)
        async with self._at_once, self._endpoints[endpoint], self._all:
            yield


# Limiters belong to the event loop they were made in; each sync has its own.
_of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str, bool], AccountLimits]] = weakref.WeakKeyDictionary()


def limits_of(base_url: str, account_id: str, is_live: bool) -> AccountLimits:
    """The limiters of an account, the same for all connections and callers of this event loop."""
    accounts = _of_loop.setdefault(asyncio.get_running_loop(), {})
    key = (base_url, account_id, is_live)
    if key not in accounts:
        accounts[key] = AccountLimits(is_live)
    return accounts[key]
