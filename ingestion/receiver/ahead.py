"""A value that is asked for elsewhere and held for a while; asked for again before it is too old, so that nobody waits.

Without that every request of the moment in which it grows too old would wait for the answer, once a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """What `ask` answered, at most `seconds` old; after half of that it is asked anew beside whoever uses it.

    Belongs to one event loop. What `ask` raises is raised by `get` once the held value is too old.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._held: tuple[float, T] | None = None
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The value."""
        age = time.monotonic() - self._held[0] if self._held else float("inf")
        if age > self._seconds / 2 and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._renew())
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        if self._held and age <= self._seconds:
            return self._held[1]
        assert self._asking is not None, "what is too old is being asked for"
        # Shielded: others wait for the same answer as a request that is given up.
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        # The time of asking: the answer may be as old as that.
        asked_at = time.monotonic()
        value = await self._ask()
        self._held = (asked_at, value)
        return value
