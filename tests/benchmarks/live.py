"""A cached live answer: from a process's memory, and from the store that all processes share. The vendor is not asked.

The clock is the sandbox's, which is asked over HTTP once a second: that is part of what is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.live.desk import open_desk
from ingestion.live.facts import Answer, question_of
from ingestion.settings import Settings
from sandbox.server import start
from tests.benchmarks.homes import connected_home
from tests.benchmarks.results import Result, percentile

BUSINESSES = 20
READS = 2000
TARGET_MS = 10.0


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Asks for balances and a bill of each business once, then again and again."""
    with start(folder / "live-world", seed=7, businesses=BUSINESSES) as running:
        settings = connected_home(folder / "live-home", running)
        businesses = [entry["business_id"] for entry in running.credentials]
        with open_store(settings) as store:
            memory, database = asyncio.run(_ask_all(settings, store, businesses))
            say(f"{len(memory) + len(database):,} cached answers about {len(businesses)} businesses")
    return [_result("memory", memory), _result("database", database)]


async def _ask_all(settings: Settings, store: ControlStore, businesses: list[str]) -> tuple[list[float], list[float]]:
    questions = [question_of("balances", one) for one in businesses] + [question_of("bill", one, "1") for one in businesses]
    clock = product_clock_of(settings, store)
    async with open_desk(settings, store, clock) as desk:
        for question in questions:
            await desk.ask(question)
        memory = [await _milliseconds(desk.ask(questions[number % len(questions)])) for number in range(READS)]
    database = []
    async with open_desk(settings, store, clock) as desk:
        for number in range(READS):
            desk.forget()
            database.append(await _milliseconds(desk.ask(questions[number % len(questions)])))
    return memory, database


async def _milliseconds(asked: Awaitable[Answer]) -> float:
    begun = time.perf_counter()
    answer = await asked
    taken = (time.perf_counter() - begun) * 1000
    assert answer.served_from == "cache"
    return taken


def _result(where: str, taken: list[float]) -> Result:
    p99 = percentile(taken, 0.99)
    return Result(f"cached live answer from {where}, p99", p99, "ms", f"< {TARGET_MS:g}", p99 < TARGET_MS)
