"""The circuit breaker of one vendor host during one sync: a vendor that is down is not asked again for every connection.

It opens when many connections in a row found the host down and none found it up. While it is open connections go one at
a time, as probes; the first that succeeds closes it, and after a few that fail the rest are told at once. What one
company's data does never opens it: only errors that speak of the host count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingestion.fetching import RailError

HOST_ERRORS = frozenset({"unreachable", "server_error"})
# Twice as many as are ever broken by themselves at once among a hundred connections, going by the sandbox's faults.
FAILURES_TO_OPEN = 20
PROBES = 3


class Breaker:
    """One host's circuit; `guard` is held around the fetch of one connection.

    cool_down_seconds: so long after the last failure one more probe is let through; None for a circuit that lives for one sync.
    """

    def __init__(
        self, host: str, failures_to_open: int = FAILURES_TO_OPEN, probes: int = PROBES, cool_down_seconds: float | None = None
    ) -> None:
        self.host = host
        self._cool_down = cool_down_seconds
        self._failed_at = 0.0
        self._failures_to_open = failures_to_open
        self._probes = probes
        self._failed_in_a_row = 0
        self._probes_failed = 0
        self._one_at_a_time = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the host is taken to be down."""
        return self._failed_in_a_row >= self._failures_to_open

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Lets a connection through, alone while the circuit is open; RailError when the probes have failed too."""
        if not self.is_open:
            async with self._counted():
                yield
            return
        async with self._one_at_a_time:
            if self.is_open and self._probes_failed >= self._probes and not self._has_cooled_down():
                raise RailError("unreachable", f"not asked: {self.host} failed for {self._failed_in_a_row} connections in a row")
            async with self._counted():
                yield

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        was_open = self.is_open
        try:
            yield
        except RailError as error:
            if error.kind in HOST_ERRORS:
                self._failed_in_a_row += 1
                self._failed_at = time.monotonic()
                self._probes_failed += was_open
            else:
                self._close()
            raise
        else:
            self._close()

    def _has_cooled_down(self) -> bool:
        return self._cool_down is not None and time.monotonic() - self._failed_at >= self._cool_down

    def _close(self) -> None:
        self._failed_in_a_row = self._probes_failed = 0
