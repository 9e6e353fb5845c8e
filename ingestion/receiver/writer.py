"""Writes to the control store for many requests at once: what waits together is committed together.

SQLite has one writer and syncs the disk at each commit, so fifty requests that commit one by one wait for each other
fifty times. A request is answered only after its own work is committed.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database

T = TypeVar("T")
Work = Callable[[Transaction], Any]
Result = tuple[Future[Any], Any, BaseException | None]

MOST_AT_ONCE = 200


class BatchWriter:
    """One thread that commits the work of all requests; started and stopped by the app's lifespan."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="receiver-writer", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Commits what still waits and ends the thread."""
        self._waiting.put(None)
        self._thread.join()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a transaction shared with others and returns its result once that is committed.

        What `work` raises undoes this work alone; when the commit fails, everybody in it is told.
        """
        done: Future[T] = Future()
        self._waiting.put((work, done))
        return await asyncio.wrap_future(done)

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            batch = [first]
            while first is not None and len(batch) < MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get())
            self._commit([entry for entry in batch if entry is not None])
            if None in batch:
                return

    def _commit(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        results: list[Result] = []
        try:
            if batch:
                results = self._together(batch) or self._one_by_one(batch)
        except Exception as error:  # noqa: BLE001 - told to every request that waits for this commit
            results = [(done, None, error) for _, done in batch]
        for done, value, failure in results:
            # A request that was given up meanwhile has cancelled its future; the work is committed all the same.
            if done.set_running_or_notify_cancel():
                done.set_exception(failure) if failure else done.set_result(value)

    def _together(self, batch: list[tuple[Work, Future[Any]]]) -> list[Result]:
        """All of it without a savepoint each, which takes as long as the work; nothing when one of them fails, which is rare."""
        with self._database.write() as transaction:
            try:
                return [(done, work(transaction), None) for work, done in batch]
            except Exception:  # noqa: BLE001 - found again, and told to its own request, by `_one_by_one`
                transaction.rollback()
                return []

    def _one_by_one(self, batch: list[tuple[Work, Future[Any]]]) -> list[Result]:
        with self._database.write() as transaction:
            return [self._run_one(transaction, work, done) for work, done in batch]

    def _run_one(self, transaction: Transaction, work: Work, done: Future[Any]) -> Result:
        try:
            with transaction.begin_nested():
                return done, work(transaction), None
        except Exception as error:  # noqa: BLE001 - told to the one request whose work it is
            return done, None, error
