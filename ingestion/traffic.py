"""What one connection's calls in one sync were like: per endpoint how many, how they ended and how long they took.

Durations are counted in buckets, each a tenth wider than the one before, so that a sync leaves a few numbers instead of
a row per call, buckets of many syncs add up, and a percentile read from them is at most 5 % off. Who judges how a call
ended is `ingestion.answers`; what becomes of the numbers is `ingestion.control.outcomes` and `marts.fct_api_health`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

# Bucket n holds what took up to GROWTH ** n milliseconds and longer than bucket n - 1; bucket 0 what took less than one.
GROWTH = 1.1


@dataclass
class Calls:
    """The calls of one endpoint. errors: answers of no use, or none, throttled ones not counted; latency: calls by bucket."""

    calls: int = 0
    errors: int = 0
    throttled: int = 0
    latency: dict[int, int] = field(default_factory=dict)

    def add(self, other: Calls) -> None:
        """Takes the numbers of `other` along."""
        self.calls += other.calls
        self.errors += other.errors
        self.throttled += other.throttled
        for bucket, count in other.latency.items():
            self.latency[bucket] = self.latency.get(bucket, 0) + count

    def percentile_ms(self, share: float) -> float:
        """The duration in milliseconds that `share` of the calls did not exceed, at most 5 % off; 0 without any."""
        wanted, so_far = math.ceil(share * sum(self.latency.values())), 0
        for bucket in sorted(self.latency):
            so_far += self.latency[bucket]
            if so_far >= wanted:
                return milliseconds(bucket)
        return 0.0


@dataclass
class Traffic:
    """One connection's calls in one sync. retries: attempts beyond the first; calls: by endpoint, a path without ids."""

    retries: int = 0
    calls: dict[str, Calls] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many calls were made."""
        return sum(one.calls for one in self.calls.values())

    @property
    def throttled(self) -> int:
        """How many of them were turned away because of a limit."""
        return sum(one.throttled for one in self.calls.values())

    def of(self, endpoint: str) -> Calls:
        """The calls of `endpoint` so far, to be added to."""
        return self.calls.setdefault(endpoint, Calls())

    @contextmanager
    def timed(self, endpoint: str) -> Iterator[None]:
        """Counts and times one call: from sending to the last byte of the answer, without what it waited for before."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.of(endpoint).add(Calls(1, latency={bucket_of(time.monotonic() - began): 1}))


def bucket_of(seconds: float) -> int:
    """The bucket of a duration."""
    thousandths = seconds * 1000
    return math.ceil(math.log(thousandths, GROWTH)) if thousandths > 1 else 0


def milliseconds(bucket: int) -> float:
    """The duration a bucket stands for: as far from its upper bound as from its lower, in parts of it."""
    return GROWTH**bucket * 2 / (1 + GROWTH)


def text_of(calls: dict[str, Calls]) -> str | None:
    """The calls as they are kept, JSON by endpoint; None for none."""
    return msgspec.json.encode(calls).decode() if calls else None


def sum_of(texts: Iterable[str | None]) -> dict[str, Calls]:
    """The calls of several syncs, by endpoint, from the texts they were kept as."""
    total: dict[str, Calls] = {}
    for text in texts:
        for endpoint, calls in (msgspec.json.decode(text, type=dict[str, Calls]) if text else {}).items():
            total.setdefault(endpoint, Calls()).add(calls)
    return total
