"""A vendor that is down is found out once, one that is up is never shut out, and one company's trouble is its own."""

from __future__ import annotations

import asyncio

import pytest

from ingestion.breaker import Breaker
from ingestion.fetching import RailError


async def fetch(breaker: Breaker, error: RailError | None, log: list[str]) -> None:
    try:
        async with breaker.guard():
            log.append("asked")
            await asyncio.sleep(0)
            if error:
                raise error
        log.append("read")
    except RailError as failure:
        log.append("told" if str(failure).startswith("not asked") else "failed")


def run(errors: list[RailError | None], at_once: int = 1) -> tuple[Breaker, list[str]]:
    async def all_of_them() -> tuple[Breaker, list[str]]:
        log: list[str] = []
        breaker, gate = Breaker("https://rail.example", failures_to_open=4, probes=2), asyncio.Semaphore(at_once)

        async def one(error: RailError | None) -> None:
            async with gate:
                await fetch(breaker, error, log)

        await asyncio.gather(*(one(error) for error in errors))
        return breaker, log

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("kind", ["unreachable", "server_error"])
@pytest.mark.parametrize("at_once", [1, 3])
def test_a_host_that_is_down_is_asked_a_few_times_and_no_more(kind: str, at_once: int) -> None:
    breaker, log = run([RailError(kind, "down")] * 30, at_once)
    assert breaker.is_open
    assert log.count("asked") <= 4 + 2 + at_once
    assert log.count("told") + log.count("failed") == 30


def test_a_probe_that_succeeds_opens_the_way_for_all() -> None:
    breaker, log = run([RailError("unreachable", "down")] * 5 + [None] * 10)
    assert not breaker.is_open
    assert log.count("read") == 10
    assert "told" not in log


@pytest.mark.parametrize("kind", ["disconnected", "forbidden", "throttled", "malformed_page"])
def test_what_concerns_one_company_never_opens_it(kind: str) -> None:
    breaker, log = run([RailError(kind, "its own")] * 30)
    assert not breaker.is_open
    assert log.count("asked") == 30


def test_one_that_outlives_a_sync_lets_a_probe_through_once_the_host_had_time_to_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("ingestion.breaker.time.monotonic", lambda: clock[0])
    breaker = Breaker("https://rail.example", failures_to_open=2, probes=1, cool_down_seconds=30.0)
    down = RailError("unreachable", "down")

    async def ask(error: RailError | None, log: list[str]) -> None:
        await fetch(breaker, error, log)

    log: list[str] = []
    for _ in range(4):
        asyncio.run(ask(down, log))
    assert log == ["asked", "failed"] * 3 + ["told"]
    clock[0] += 30
    for error in (down, None):
        asyncio.run(ask(error, log))
    assert log[7:] == ["asked", "failed", "told"], "a probe that fails shuts it again"
    clock[0] += 30
    asyncio.run(ask(None, log))
    assert log[10:] == ["asked", "read"] and not breaker.is_open
