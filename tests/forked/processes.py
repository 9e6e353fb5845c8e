"""Processes for tests in which several do the same at once, forked from one that has imported what they need.

Importing it costs 2 s of CPU each. The `rowcol` command is forked elsewhere (`tests.forked.server`), since it has an environment.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

T = TypeVar("T")

IMPORTED = [
    "pandas", "pytest", "sqlalchemy", "alembic.autogenerate", "psycopg", "dlt.destinations", "dlt.destinations.impl.duckdb.duck",
    "ingestion.control.onboarding", "tests.changelog.served", "tests.publishing.world",
]  # fmt: skip
_own: list[int] = []


def forking() -> ForkServerContext:
    """A process factory whose children cost milliseconds."""
    context = multiprocessing.get_context("forkserver")
    if server_pid() not in _own:
        end_fork_server()
        context.set_forkserver_preload(IMPORTED)
        forkserver.ensure_running()
        _own.append(server_pid() or 0)
    return context


def server_pid() -> int | None:
    """The process that this one's children are forked from; Python has one at most, and only the list it began with counts."""
    pid: int | None = vars(forkserver)["_forkserver"]._forkserver_pid
    return pid


def end_fork_server() -> None:
    """Ends what another test has started with libraries of its own, if there is one."""
    pid = server_pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        # Left to be waited for by the standard library, which then starts another.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def at_once(count: int, function: Callable[..., T], *arguments: Any) -> list[T]:
    """What `count` processes return of `function(*arguments, barrier)`, where they meet at the barrier; they have 120 s."""
    context = forking()
    with context.Manager() as manager, ProcessPoolExecutor(count, mp_context=context) as pool:
        barrier = manager.Barrier(count)
        return [one.result(timeout=120) for one in [pool.submit(function, *arguments, barrier) for _ in range(count)]]
