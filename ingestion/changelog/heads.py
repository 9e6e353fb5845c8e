"""The newest known version of each record of a connection: its hash and when it was observed, without payloads.

For a fetch that has to tell what changed before it lands. How arrivals are compared when they land: `delta`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingestion.changelog.delta import version_order
from ingestion.control.facts import Connection
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of one record."""

    content_hash: str
    observed_at: datetime
    is_deleted: bool


def known_heads(settings: Settings, connection: Connection, entity: str) -> dict[str, Head]:
    """The heads of an entity by record id, for a rail whose versions are ordered by arrival; the raw table exists."""
    order = version_order(versioned=False)
    with open_warehouse(settings, f"heads {connection.rail}") as warehouse:
        rows = warehouse.execute(
            f"""select record_id, max_by(content_hash, {order}), epoch_us(max(observed_at)), max_by(is_deleted, {order})
            from raw_{connection.rail}.{entity} where business_id = ? and connection_id = ?
            group by record_id""",
            [connection.business_id, connection.connection_id],
        ).fetchall()
    # DuckDB hands out instants with a zone only where pytz is installed.
    return {record_id: Head(digest, EPOCH + timedelta(microseconds=micros), is_deleted) for record_id, digest, micros, is_deleted in rows}


def known_states(settings: Settings, connection: Connection, entity: str) -> set[tuple[str, str]]:
    """Every state ever known of an entity's records: record id and content hash; none where the table is still to be made."""
    with open_warehouse(settings, f"states {connection.rail}") as warehouse:
        table = f"raw_{connection.rail}.{entity}"
        named = "select 1 from information_schema.tables where table_schema || '.' || table_name = ?"
        if not warehouse.execute(named, [table]).fetchone():
            return set()
        rows = warehouse.execute(
            f"select record_id, content_hash from {table} where business_id = ? and connection_id = ?",
            [connection.business_id, connection.connection_id],
        ).fetchall()
    return set(rows)
