"""Lands what live readings brought since the last sync of their connections, first thing in the next one.

Not right after the answer: a landing needs the warehouse and a package of its own, which takes a second or more and can
have to wait for a cycle, while the records are safe in the control store from before the answer was given. First thing,
because they were observed before whatever this sync fetches. The caller holds the leases of the connections.

Of several states of a record each becomes a version: a landing takes the last state of a record for the one that counts,
so states are landed one after the other. A round is dropped from the store right after it landed; one that a crash lets
land twice finds its versions there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from ingestion.changelog.landing import land
from ingestion.changelog.pipeline import Watermarks
from ingestion.changelog.spool import Arrivals, Spool
from ingestion.control.facts import Connection
from ingestion.control.live_arrivals import WaitingRecord, drop_arrivals, waiting_arrivals
from ingestion.control.store import ControlStore
from ingestion.fetching import watermark_key
from ingestion.live.adapter import live_rail
from ingestion.live.reading import DELIVERY
from ingestion.promise import RailPromise
from ingestion.settings import Settings


def land_live_arrivals(
    settings: Settings, store: ControlStore, rail: RailPromise, connections: Sequence[Connection], sync_id: str, watermarks: Watermarks
) -> int:
    """Lands what waits for `connections`, moves `watermarks` where fetches have to know of it, and returns the number of records."""
    waiting = waiting_arrivals(store.database, rail.name, [(one.business_id, one.connection_id) for one in connections])
    if not waiting:
        return 0
    by_key = {(one.business_id, one.connection_id): one for one in connections}
    kept = {promise.name for promise in rail.entities}
    for number, round_of in enumerate(_rounds(waiting), start=1):
        records = [record for record in round_of if record.entity in kept]
        marks = _moved_marks(rail, records, by_key, watermarks)
        _land(settings, rail, records, f"{sync_id}-live{number}", marks)
        for entity, moved in marks.items():
            watermarks.setdefault(entity, {}).update(moved)
        drop_arrivals(store.database, [record.arrival_no for record in round_of])
    return len(waiting)


def _rounds(waiting: Sequence[WaitingRecord]) -> list[list[WaitingRecord]]:
    """The first state of each record, then the second of those that have one, and so on."""
    rounds: list[list[WaitingRecord]] = []
    met: Counter[tuple[str, str, str, str]] = Counter()
    for record in waiting:
        turn = met[record.record_key]
        met[record.record_key] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(record)
    return rounds


def _land(settings: Settings, rail: RailPromise, records: Sequence[WaitingRecord], sync_id: str, marks: Watermarks) -> None:
    spool = Spool(settings, sync_id)
    try:
        for (entity, business_id, connection_id, observed_at), group in groupby(
            records, key=lambda one: (one.entity, one.business_id, one.connection_id, one.observed_at)
        ):
            arrived = list(group)
            spool.add(
                entity,
                Arrivals(
                    business_id=business_id,
                    connection_id=connection_id,
                    record_ids=[one.record_id for one in arrived],
                    source_updated_at=[one.source_updated_at for one in arrived],
                    is_deleted=[one.is_deleted for one in arrived],
                    payloads=[bytes(one.payload) for one in arrived],
                    content_hashes=[one.content_hash for one in arrived],
                    observed_at=observed_at,
                    delivery=DELIVERY,
                ),
            )
        land(settings, rail, spool, sync_id, marks)
    finally:
        spool.remove()


def _moved_marks(
    rail: RailPromise, records: Sequence[WaitingRecord], connections: Mapping[tuple[str, str], Connection], watermarks: Watermarks
) -> Watermarks:
    adapter = live_rail(rail)
    if adapter is None or adapter.moved_mark is None:
        return {}
    moved: Watermarks = {}
    for record in records:
        key = watermark_key(connections[record.business_id, record.connection_id])
        before = moved.get(record.entity, {}).get(key) or watermarks.get(record.entity, {}).get(key)
        after = adapter.moved_mark(record.entity, before, record.observed_at)
        if after is not None and after != before:
            moved.setdefault(record.entity, {})[key] = after
    return moved
