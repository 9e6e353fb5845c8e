"""The warm process: Python's own fork server (`multiprocessing.forkserver`) with the libraries imported.

It belongs to the process that uses it and ends with it. It is begun when a first run wants it, and forked from only once it has
answered and only while it has a single thread: a fork copies the locks of the others without the threads that would
release them. What a forked process does is in `worker`, when one is wanted in `launcher`.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ingestion.control.processes import is_dead, mark_of, pid_here

# Imports take 11 seconds of CPU; a run counts as lost when it has not started after 180 s (`dagster.yaml`).
PATIENCE_SECONDS = 60.0
PRELOADED = "rowcol_assets.launching.preloaded"
Work = Callable[..., None]
logger = logging.getLogger("dagster.rowcol.launching")


@dataclass(frozen=True)
class Forked:
    """A process that was forked. handle: kept for as long as it lives, since the process takes its end for the launcher's.

    Whether it lives is asked of the kernel: the handle takes it for dead when the warm process is.
    """

    handle: BaseProcess
    mark: str

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not is_dead(self.mark)

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal if it is there to get one."""
        pid = pid_here(self.mark)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class WarmProcess:
    """What runs are forked from; not there at first, and again not there after it died, until it has been started anew."""

    def __init__(self, preloaded: str = PRELOADED) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._preloaded = preloaded
        self._mark: str | None = None
        self._warming: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def mark(self) -> str | None:
        """Which process it is (`ingestion.control.processes`), or None while there is none to fork from."""
        return None if self._mark is None or is_dead(self._mark) else self._mark

    def fork(self, work: Work, *arguments: str) -> Forked | None:
        """A process that does `work`, or None when nothing to fork from came to be in time.

        The first waits while the libraries are imported: to import them a second time beside that would take longer.

        `work` gets a connection first and waits for a word from it. The word is only given once the process is known here:
        of a fork that fails half way nothing is done, so what could not be forked can safely be done otherwise.
        """
        if self.mark is None:
            self.warm_up().join(PATIENCE_SECONDS)
        if self.mark is None:
            return None
        waiting, go = self._context.Pipe(duplex=False)
        with waiting, go:
            process = self._context.Process(target=work, args=(waiting, *arguments))
            try:
                process.start()
                go.send(True)
            except (OSError, EOFError):
                logger.warning("the process that runs are forked from is gone")
                return None
        return Forked(process, mark_of(process.pid or 0))

    def warm_up(self) -> threading.Thread:
        """Begins it in the background; the thread ends when it can be forked from, or has said why not."""
        with self._lock:
            if self._warming is None or not self._warming.is_alive():
                self._warming = threading.Thread(target=self._begin, name="warming", daemon=True)
                self._warming.start()
            return self._warming

    def _begin(self) -> None:
        self._context.set_forkserver_preload([self._preloaded])
        answer, asked = self._context.Pipe(duplex=False)
        try:
            with answer:
                with asked:
                    first = self._context.Process(target=describe_parent, args=(asked,))
                    first.start()
                mark, threads = answer.recv()
                first.join()
        except (OSError, EOFError) as error:
            logger.warning("the process that runs are forked from did not start (%s)", type(error).__name__)
            return
        if threads != 1:
            logger.warning("the process that runs are forked from has %s threads, so none is forked", threads)
            return
        self._mark = mark


def describe_parent(asked: Connection) -> None:
    """Says which process this one was forked from, and how many threads that has; a process that was never warm has an odd parent."""
    parent = os.getppid()
    asked.send((mark_of(parent), len(list(Path(f"/proc/{parent}/task").iterdir()))))


def watch_launcher() -> None:
    """Has a forked process interrupted when the one that wanted it is gone: nobody would be left to end it."""
    threading.Thread(target=_interrupt_at_its_end, name="launcher-watch", daemon=True).start()


def _interrupt_at_its_end() -> None:
    launcher = multiprocessing.parent_process()
    if launcher:
        wait([launcher.sentinel])
        os.kill(os.getpid(), signal.SIGINT)
