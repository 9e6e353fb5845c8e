"""The tables of live answers: the cache, what ends a cached answer, what was read and is not in the change log yet, and links.

Part of the control store's schema (`ingestion.control.schema`), whose metadata they join. `live_cache` and
`live_arrivals` hold clients' data as the vendors served it; none of the four is copied into the warehouse. How they are
used: `live_cache`, `live_arrivals` and `links` beside this module, and `ingestion.live`.
"""

from __future__ import annotations

import sqlalchemy as sa

from ingestion.control.columns import Instant, growing_key
from ingestion.control.schema import metadata

_KEY = ("business_id", "rail", "connection_id")


def _of_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(_KEY, [f"connections.{name}" for name in _KEY])


live_cache = sa.Table(
    "live_cache",
    metadata,
    *(sa.Column(name, sa.String, primary_key=True) for name in (*_KEY, "subject", "record_id")),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("seen_no", sa.BigInteger, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    _of_connection(),
)

live_changes = sa.Table(
    "live_changes",
    metadata,
    *(sa.Column(name, sa.String, primary_key=True) for name in ("business_id", "rail", "entity")),
    sa.Column("change_no", sa.BigInteger, nullable=False),
)

live_arrivals = sa.Table(
    "live_arrivals",
    metadata,
    sa.Column("arrival_no", growing_key(), primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.String, nullable=False) for name in (*_KEY, "entity", "record_id")),
    sa.Column("source_updated_at", Instant, nullable=True),
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("content_hash", sa.String, nullable=False),
    sa.Column("observed_at", Instant, nullable=False),
    sa.Index("arrivals_by_record", "rail", "business_id", "connection_id", "entity", "record_id"),
    _of_connection(),
)

record_links = sa.Table(
    "record_links",
    metadata,
    *(sa.Column(name, sa.String, primary_key=True) for name in (*_KEY, "entity", "record_id")),
    sa.Column("ledger_id", sa.String, nullable=False),
    sa.Index("links_by_ledger", "business_id", "rail", "entity", "ledger_id"),
    _of_connection(),
)
