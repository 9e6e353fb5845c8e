"""The three ways of syncing, exactly as specified, and what each means for retries and priority.

Who chooses: schedules fetch data, people act, backfills run in bulk. Limits per vendor live with the rail.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from math import floor
from pathlib import Path

from ingestion.errors import UsageError

AUTOGROUP = Path("/proc/self/autogroup")
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """run_priority: Dagster's, higher first. max_attempts: in all. The n-th wait is
    first_wait_seconds * factor^(n-1) and up to first_wait_seconds of jitter, or what the vendor asks for; none is over a minute.

    limit_share: how much of a vendor's limits it may fill, so that what is more urgent always finds a place.
    niceness: of the process that works for it (nice(2)); nobody waits at a screen for what runs by itself, and it shares
    the processors with servers that people do wait for.
    """

    name: str
    priority: str
    run_priority: int
    use_cache: bool
    max_attempts: int
    backoff_factor: float
    limit_share: float = 1.0
    niceness: int = 0
    first_wait_seconds: float = FIRST_WAIT_SECONDS

    def give_way(self) -> None:
        """Has this thread, and those it starts, work behind what is more urgent on this machine; never before what it was behind."""
        os.setpriority(os.PRIO_PROCESS, 0, max(self.niceness, os.getpriority(os.PRIO_PROCESS, 0)))
        _give_way_with_session(self.niceness)

    def share_of(self, calls: int) -> int:
        """How many of a limit's `calls` it may fill, at least one."""
        return max(1, floor(calls * self.limit_share))


def _give_way_with_session(niceness: int) -> None:
    """Has a session that was begun for this process, as a timer's or a service's is, give way to others as a whole.

    Where Linux shares the processors out by sessions, each gets the same, whatever the niceness of its processes (sched(7)): of two
    processors, two commands with sessions of their own and niceness 10 took 67 % from two processes of another session, and take 18 %.
    """
    given = session_niceness()
    if given is not None and os.getsid(0) == os.getpid():
        with suppress(OSError):  # somebody has just set it
            AUTOGROUP.write_text(str(max(niceness, given)))


def session_niceness() -> int | None:
    """The niceness of this process's session as a whole; None where processors are not shared by sessions, or not for this one.

    The file is missing from a kernel that does not share by sessions, and empty for what still runs in the group the machine began with.
    """
    with suppress(OSError):
        if said := AUTOGROUP.read_text():
            return int(said.rpartition(" ")[2])
    return None


DATA_FETCH = Strategy("data_fetch", "medium", 0, use_cache=True, max_attempts=3, backoff_factor=1.5, limit_share=0.9, niceness=10)
USER_ACTION = Strategy("user_action", "high", 10, use_cache=False, max_attempts=3, backoff_factor=2.0, limit_share=1.0)
BULK_OPERATION = Strategy("bulk_operation", "low", -10, use_cache=True, max_attempts=2, backoff_factor=3.0, limit_share=0.7, niceness=15)

STRATEGIES = {strategy.name: strategy for strategy in (DATA_FETCH, USER_ACTION, BULK_OPERATION)}


def strategy_named(name: str) -> Strategy:
    """The strategy `name`; UsageError names the known ones."""
    if name not in STRATEGIES:
        raise UsageError(f"there is no strategy {name!r}; known: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
