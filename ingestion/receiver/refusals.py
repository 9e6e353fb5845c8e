"""Counts the webhooks that an inlet refuses, in memory, and adds them to the control store once a minute at most.

Anybody can send what is refused, so a refusal must cost neither a write nor a row. The first is written at once, those of the
next minute with the first after it or when the receiver ends; what a killed one had counted since is lost.
"""

from __future__ import annotations

import time
from collections import Counter

from ingestion.control.refusals import put_refusals
from ingestion.receiver.writer import BatchWriter
from ingestion.webhooks import RefusalKind

SECONDS_BETWEEN_WRITES = 60.0


class Refusals:
    """The count of one rail's inlet."""

    def __init__(self, rail: str, writer: BatchWriter) -> None:
        self._rail = rail
        self._writer = writer
        self._counts: Counter[RefusalKind] = Counter()
        self._written_at: float | None = None

    async def note(self, kind: RefusalKind) -> None:
        """Counts one."""
        self._counts[kind] += 1
        if self._written_at is None or time.monotonic() - self._written_at >= SECONDS_BETWEEN_WRITES:
            await self.write()

    async def write(self) -> None:
        """Adds what was counted since the last time to the control store."""
        counts, self._counts = self._counts, Counter()
        if counts:
            self._written_at = time.monotonic()
            await self._writer.write(lambda transaction: put_refusals(transaction, self._rail, counts))
