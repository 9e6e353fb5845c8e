"""The three strategies as specified, down to the wire: attempts, growing waits with jitter, what the vendor asks for, at most a minute."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import stamina
from stamina.instrumentation import RetryDetails

from ingestion.answers import Transient, ask, retry_after
from ingestion.fetching import RailError, Traffic
from ingestion.strategies import (
    AUTOGROUP,
    BULK_OPERATION,
    DATA_FETCH,
    LONGEST_WAIT_SECONDS,
    STRATEGIES,
    USER_ACTION,
    Strategy,
    session_niceness,
)
from tests.ingestion.conftest import OpenHome, outcome_of

# Seconds are shortened to milliseconds; what the waits are multiples of is what is told here.
UNIT = 0.001


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """The waits between attempts, as they are made."""
    noted: list[float] = []

    def note(details: RetryDetails) -> None:
        noted.append(details.wait_for)

    stamina.instrumentation.set_on_retry_hooks([note])
    yield noted
    stamina.instrumentation.set_on_retry_hooks(None)


def attempts_of(strategy: Strategy, asked_for: float | None = None) -> int:
    """How often a vendor that always fails is asked."""
    traffic = Traffic()

    async def send() -> bytes:
        traffic.of("/endpoint").calls += 1
        raise Transient(RailError("server_error", "500"), asked_for)

    with pytest.raises(RailError):
        asyncio.run(ask(strategy, traffic, "/endpoint", send, len))
    return traffic.requests


def test_they_are_the_specified_ones() -> None:
    told = {one.name: (one.priority, one.use_cache, one.max_attempts, one.backoff_factor) for one in STRATEGIES.values()}
    assert told == {
        "data_fetch": ("medium", True, 3, 1.5),
        "user_action": ("high", False, 3, 2.0),
        "bulk_operation": ("low", True, 2, 3.0),
    }
    assert BULK_OPERATION.run_priority < DATA_FETCH.run_priority < USER_ACTION.run_priority
    assert BULK_OPERATION.limit_share < DATA_FETCH.limit_share < USER_ACTION.limit_share == 1
    assert BULK_OPERATION.niceness > DATA_FETCH.niceness > USER_ACTION.niceness == 0


def test_a_thread_gives_way_as_told_and_never_takes_back_what_it_gave() -> None:
    def niceness_after(*strategies: Strategy) -> list[int]:
        told = []
        for strategy in strategies:
            strategy.give_way()
            told.append(os.getpriority(os.PRIO_PROCESS, 0))
        return told

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(niceness_after, DATA_FETCH, BULK_OPERATION, DATA_FETCH, USER_ACTION).result() == [10, 15, 15, 15]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not share processors out by sessions")
@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_session_of_ones_own_gives_way_as_a_whole_and_one_shared_with_others_does_not(is_its_own: bool) -> None:
    program = """if True:
        from ingestion.strategies import BULK_OPERATION, DATA_FETCH, session_niceness
        said = [session_niceness()]
        for strategy in (BULK_OPERATION, DATA_FETCH):
            strategy.give_way()
            said.append(session_niceness())
        print(*said)"""
    done = subprocess.run([sys.executable, "-c", program], start_new_session=is_its_own, capture_output=True, text=True, check=True)
    before, *after = done.stdout.split()
    assert after == (["15", "15"] if is_its_own and before != "None" else [before, before])


@pytest.mark.parametrize("said", ["", None], ids=["the group the machine began with", "a kernel that does not share by sessions"])
def test_what_shares_no_processors_by_sessions_gives_way_without_its_session(
    said: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "autogroup"
    if said is not None:
        file.write_text(said)
    monkeypatch.setattr("ingestion.strategies.AUTOGROUP", file)
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid())
    with ThreadPoolExecutor(1) as thread:
        thread.submit(DATA_FETCH.give_way).result()
    assert session_niceness() is None
    assert (file.read_text() if file.exists() else None) == said


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=lambda one: one.name)
def test_waits_grow_by_the_factor_and_are_spread_by_jitter(strategy: Strategy, waits: list[float]) -> None:
    assert attempts_of(replace(strategy, first_wait_seconds=UNIT)) == strategy.max_attempts
    least = [UNIT * strategy.backoff_factor**number for number in range(strategy.max_attempts - 1)]
    assert all(low <= wait <= low + UNIT for low, wait in zip(least, waits, strict=True))
    attempts_of(replace(strategy, first_wait_seconds=UNIT))
    assert len(set(waits)) == len(waits), "no two connections come back together"


def test_what_the_vendor_asks_for_is_kept(waits: list[float]) -> None:
    attempts_of(replace(BULK_OPERATION, first_wait_seconds=UNIT), asked_for=0.004)
    assert waits == [0.004]


@pytest.mark.parametrize("asked_for", [None, 3600.0])
def test_no_wait_is_longer_than_a_minute(asked_for: float | None, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_time_passes(seconds: float) -> None: ...

    monkeypatch.setattr("stamina._core._smart_sleep", no_time_passes)
    attempts_of(replace(USER_ACTION, max_attempts=9), asked_for)
    assert max(waits) == pytest.approx(LONGEST_WAIT_SECONDS)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 22 Sep 2026 07:00:30 GMT", 30.0),
        ("Tue, 22 Sep 2026 06:59:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_moment(header: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": header, "Date": "Tue, 22 Sep 2026 07:00:00 GMT"})) == seconds


def test_a_moment_without_the_answers_own_clock_tells_nothing() -> None:
    assert retry_after(httpx.Headers({"Retry-After": "Tue, 22 Sep 2026 07:00:30 GMT"})) is None


def test_they_reach_the_vendor(open_home: OpenHome) -> None:
    home = open_home(businesses=1, scale=0.1)
    home.fault("all", "server_error")
    asked = {}
    for strategy in STRATEGIES.values():
        home.strategy = replace(strategy, first_wait_seconds=UNIT)
        asked[strategy.name] = outcome_of(home.sync(entities=["bills"]), home.businesses[0]).requests
    assert asked == {strategy.name: strategy.max_attempts for strategy in STRATEGIES.values()}
