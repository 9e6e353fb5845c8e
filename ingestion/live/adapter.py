"""What a rail implements to be asked live, and how it is found: by its promise, imported when it is first needed."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.facts import Question, Row
from ingestion.promise import RailPromise


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """The newest known version of a record in the change log; of a deleted one the payload of its last version before.

    is_linked: to the ledger's record that is asked for (`ingestion.control.links`).
    """

    entity: str
    record_id: str
    payload: bytes
    is_deleted: bool
    source_updated_at: datetime | None
    observed_at: datetime
    is_linked: bool


class Read(Protocol):
    """Asks the vendor and spools what it serves, as a fetch does; no row means that it knows no such thing. RailError when it fails."""

    def __call__(self, session: FetchSession, connection: Connection, question: Question, traffic: Traffic) -> Awaitable[Sequence[Row]]: ...


class Recall(Protocol):
    """The same rows from what is known: the records of the entities promised for the subject, all of the connection."""

    def __call__(self, question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]: ...


class MovedMark(Protocol):
    """A watermark, given that live records of `entity` observed at `at` have landed, so that the next fetch takes them into account."""

    def __call__(self, entity: str, watermark: str | None, at: datetime) -> str | None: ...


@dataclass(frozen=True, slots=True)
class LiveRail:
    """A rail's answers. moved_mark: None where fetches need not know what was read live."""

    read: Read
    recall: Recall
    moved_mark: MovedMark | None = None


def live_rail(promise: RailPromise) -> LiveRail | None:
    """The code behind a rail's live promises; None for a rail that has none."""
    if promise.answers is None:
        return None
    module, _, name = promise.answers.partition(":")
    found: LiveRail = getattr(importlib.import_module(module), name)
    return found
