"""Keeps what the running dashboards know of grants and logins up to date, and outlives what cannot be done at the moment.

The published files need nobody: while the control store is away the dashboards go on with the grants read last, until these hold
no longer. How grants are told is `access`, how a login is made `server`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ingestion.errors import RowcolError
from rowcol_assets.bi.access import HOLDS_SECONDS, write_access
from rowcol_assets.bi.server import prepare

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

# A preparation that failed costs 12 s of CPU each time: the looks left out before the next double up to this many.
MOST_LEFT_OUT = 60


class Follower:
    """Looks at the grants again and again; `say` is given a sentence when something begins to fail and when it works again.

    Logins are made on a thread, since Superset takes a minute or more to begin and a grant that ended must not wait for it. threads:
    another place to make them.
    """

    def __init__(self, settings: Settings, store: ControlStore, say: Callable[[str], None], threads: Executor | None = None) -> None:
        self._settings, self._store, self._say = settings, store, say
        self._threads = threads or ThreadPoolExecutor(1)
        self._making: Future[list[str]] | None = None
        self._trouble: str | None = None
        self._is_due = False
        self._left_out = self._to_leave_out = 0

    def follow(self) -> None:
        """One look: tells changed grants, and has a login made for who is new. Raises nothing that may pass by itself."""
        try:
            has_new = bool(write_access(self._settings, self._store))
        except (RowcolError, OSError) as error:
            self._tell(
                f"who may see what cannot be told at the moment: {error}. The dashboards go on with what was told last; after "
                f"{HOLDS_SECONDS // 60} minutes they show nothing until it can"
            )
            return
        if has_new:
            self._is_due, self._left_out, self._to_leave_out = True, 0, 0
        if not self._has_logins():
            return
        if self._trouble:
            self._trouble = None
            self._say("that works again: the dashboards know the present grants and logins")

    def _has_logins(self) -> bool:
        """Has the logins made that lack, unless that failed too lately; whether none is left to be made."""
        if self._making and self._making.done():
            self._end(self._making)
            self._making = None
        if self._making or not self._is_due:
            return self._making is None
        if self._left_out < self._to_leave_out:
            self._left_out += 1
            return False
        self._is_due = False
        self._making = self._threads.submit(prepare, self._settings)
        return False

    def _end(self, made: Future[list[str]]) -> None:
        try:
            skipped = made.result()
        except (RowcolError, OSError) as error:
            self._is_due, self._left_out, self._to_leave_out = True, 0, min(2 * self._to_leave_out + 1, MOST_LEFT_OUT)
            self._tell(f"logins of new advisors wait: {error}. It is tried again; who has a login is not concerned")
            return
        for line in without_login(skipped):
            self._say(line)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._say(trouble)
        self._trouble = trouble


def without_login(skipped: list[str]) -> list[str]:
    """A sentence on each advisor of whom `prepare` could make no login."""
    return [f"{advisor} has no login: Superset refuses that name, or its address, beside those that are there" for advisor in skipped]
