"""Version 6: live answers: their cache, what ends a cached answer, what was read and waits for a landing, links to the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant, growing_key

revision = "0006"
down_revision = "0005"

_KEY = ("business_id", "rail", "connection_id")


def _of_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(_KEY, [f"connections.{name}" for name in _KEY])


def upgrade() -> None:
    """Creates the tables of live answers."""
    op.create_table(
        "live_cache",
        *(sa.Column(name, sa.String, primary_key=True) for name in (*_KEY, "subject", "record_id")),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("as_of", Instant, nullable=False),
        sa.Column("seen_no", sa.BigInteger, nullable=False),
        sa.Column("stored_at", Instant, nullable=False),
        _of_connection(),
    )
    op.create_table(
        "live_changes",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("business_id", "rail", "entity")),
        sa.Column("change_no", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "live_arrivals",
        sa.Column("arrival_no", growing_key(), primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.String, nullable=False) for name in (*_KEY, "entity", "record_id")),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("content_hash", sa.String, nullable=False),
        sa.Column("observed_at", Instant, nullable=False),
        _of_connection(),
    )
    op.create_index("arrivals_by_record", "live_arrivals", ["rail", "business_id", "connection_id", "entity", "record_id"])
    op.create_table(
        "record_links",
        *(sa.Column(name, sa.String, primary_key=True) for name in (*_KEY, "entity", "record_id")),
        sa.Column("ledger_id", sa.String, nullable=False),
        _of_connection(),
    )
    op.create_index("links_by_ledger", "record_links", ["business_id", "rail", "entity", "ledger_id"])
