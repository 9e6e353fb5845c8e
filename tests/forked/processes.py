"""Processes for tests in which several do the same at once, forked from one that has imported what they need.

Importing it costs 2 s of CPU each. The `rowcol` command is forked elsewhere (`tests.forked.server`), since it has an environment.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

T = TypeVar("T")

# Python has one such process at most, and only the first list counts.
IMPORTED = [
    "pandas", "sqlalchemy", "psycopg", "dlt.destinations", "dlt.destinations.impl.duckdb.duck", "ingestion.control.store",
    "tests.changelog.served",
]  # fmt: skip


def forking() -> ForkServerContext:
    """A process factory whose children cost milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def at_once(count: int, function: Callable[..., T], *arguments: Any) -> list[T]:
    """What `count` processes return of `function(*arguments, barrier)`, where they meet at the barrier; they have 120 s."""
    context = forking()
    with context.Manager() as manager, ProcessPoolExecutor(count, mp_context=context) as pool:
        barrier = manager.Barrier(count)
        return [one.result(timeout=120) for one in [pool.submit(function, *arguments, barrier) for _ in range(count)]]
