"""Reads the toy vendor's one list."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ingestion.changelog.schema import content_hash
from ingestion.changelog.spool import Arrivals
from ingestion.control.facts import Connection
from ingestion.fetching import EntityReport, FetchSession, RailError, Traffic
from ingestion.promise import EntityPromise


class _Thing(msgspec.Struct):
    id: str


async def fetch(session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic) -> list[EntityReport]:
    """Spools every thing as served."""
    key = session.store.secret(connection)["api_key"]
    with traffic.timed("/things"):
        answer = await session.http.get(f"{connection.base_url}/things", headers={"Authorization": f"Bearer {key}"})
    if answer.status_code != 200:
        raise RailError("refused", f"the vendor answered {answer.status_code}")
    bodies = [bytes(raw) for raw in msgspec.json.decode(answer.content, type=list[msgspec.Raw])]
    session.spool.add(
        "things",
        Arrivals(
            business_id=connection.business_id,
            connection_id=connection.connection_id,
            record_ids=[msgspec.json.decode(body, type=_Thing).id for body in bodies],
            source_updated_at=[None] * len(bodies),
            is_deleted=[False] * len(bodies),
            payloads=bodies,
            content_hashes=[content_hash(body) for body in bodies],
            observed_at=session.clock(),
            delivery=session.delivery,
        ),
    )
    return [EntityReport("things", "succeeded", len(bodies), was_full_walk=True)]
