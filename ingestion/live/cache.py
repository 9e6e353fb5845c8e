"""What was answered before: in this process's memory, over the control store, which all processes share.

Memory spares finding out who is connected and taking rows apart; that nothing changed since is asked of the store each time,
by the numbers of `ingestion.control.live_cache`, so that no process answers with what another one knows to be over.
Strictness and degrading are the desk's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from cachetools import LRUCache

from ingestion.control.live_cache import CONNECTIONS, Cached, Numbers, change_numbers, seen_no
from ingestion.control.store import ControlStore
from ingestion.live.facts import ROW_OF, Question, Row
from ingestion.live.reading import Part, Reading

# A portfolio of a hundred clients asked for everything, and ten bills each; about 20 MB with a month of transactions.
MOST_REMEMBERED = 1500


@dataclass(frozen=True)
class Remembered:
    """A whole answer: its parts with what each said, and the number of who-is-connected it rests on."""

    readings: Sequence[tuple[Part, Reading]]
    connections_no: int


class LiveCache:
    """The two caches of one process. What asks the store may run in a thread; the memory is the event loop's alone."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        self._memory: LRUCache[Question, Remembered] = LRUCache(MOST_REMEMBERED)

    def remembered(self, question: Question) -> Remembered | None:
        """The whole answer from memory, whether it still holds or not."""
        return self._memory.get(question)

    def still_holds(self, question: Question, found: Remembered, at: datetime) -> bool:
        """Whether nothing that a remembered answer rests on changed and none of it is too old; asks the store."""
        with self._store.database.read() as transaction:
            numbers = change_numbers(transaction, question.business_id)
        return numbers.get(CONNECTIONS, 0) == found.connections_no and all(
            holds(part, reading.as_of, reading.seen_no, numbers, at) for part, reading in found.readings
        )

    def remember(self, question: Question, readings: Sequence[tuple[Part, Reading]], connections_no: int) -> None:
        """Keeps a whole answer in memory."""
        self._memory[question] = Remembered(readings, connections_no)

    def forget(self) -> None:
        """Empties the memory."""
        self._memory.clear()


def holds(part: Part, as_of: datetime, seen: int, numbers: Numbers, at: datetime) -> bool:
    """Whether an answer may still be given at `at`: young enough, and none of its tables changed."""
    is_young = at - as_of <= timedelta(seconds=part.rail.ttl_seconds(part.promise))
    return is_young and seen_no(numbers, part.rail.name, part.promise.entities) == seen


def decoded(question: Question, cached: Cached) -> Reading | None:
    """The rows of a stored answer; None when a former release stored it in another form."""
    row: type[Row] = ROW_OF[question.subject]
    try:
        rows = msgspec.json.decode(cached.answer, type=list[row])  # type: ignore[valid-type]
    except msgspec.DecodeError:
        return None
    return Reading(rows, cached.as_of, cached.seen_no)
