"""The three ways of syncing, exactly as specified, and what each means for retries and priority.

Who chooses: schedules fetch data, people act, backfills run in bulk. Limits per vendor live with the rail.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from ingestion.errors import UsageError

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """run_priority: Dagster's, higher first. max_attempts: in all. The n-th wait is
    first_wait_seconds * factor^(n-1) and up to first_wait_seconds of jitter, or what the vendor asks for; none is over a minute.

    limit_share: how much of a vendor's limits it may fill, so that what is more urgent always finds a place.
    """

    name: str
    priority: str
    run_priority: int
    use_cache: bool
    max_attempts: int
    backoff_factor: float
    limit_share: float = 1.0
    first_wait_seconds: float = FIRST_WAIT_SECONDS

    def share_of(self, calls: int) -> int:
        """How many of a limit's `calls` it may fill, at least one."""
        return max(1, floor(calls * self.limit_share))


DATA_FETCH = Strategy("data_fetch", "medium", 0, use_cache=True, max_attempts=3, backoff_factor=1.5, limit_share=0.9)
USER_ACTION = Strategy("user_action", "high", 10, use_cache=False, max_attempts=3, backoff_factor=2.0, limit_share=1.0)
BULK_OPERATION = Strategy("bulk_operation", "low", -10, use_cache=True, max_attempts=2, backoff_factor=3.0, limit_share=0.7)

STRATEGIES = {strategy.name: strategy for strategy in (DATA_FETCH, USER_ACTION, BULK_OPERATION)}


def strategy_named(name: str) -> Strategy:
    """The strategy `name`; UsageError names the known ones."""
    if name not in STRATEGIES:
        raise UsageError(f"there is no strategy {name!r}; known: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
