"""Version 3: what each sync came to, per entity and as a history, and the pages that could not be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant, growing_key

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the tables of sync results."""
    op.create_table(
        "sync_states",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("business_id", "rail", "connection_id", "entity")),
        sa.Column("last_attempt_at", Instant, nullable=True),
        sa.Column("last_success_at", Instant, nullable=True),
        sa.Column("last_full_walk_at", Instant, nullable=True),
        sa.Column("source_count", sa.BigInteger, nullable=True),
        sa.Column("last_outcome", sa.String, nullable=False),
        sa.Column("consecutive_failures", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error_kind", sa.String, nullable=True),
        sa.Column("last_error", sa.String, nullable=True),
    )
    op.create_table(
        "sync_outcomes",
        sa.Column("outcome_no", growing_key(), primary_key=True, autoincrement=True),
        sa.Column("outcome_id", sa.String, nullable=False, unique=True),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("business_id", "connection_id", "rail", "sync_id", "strategy", "delivery", "status")
        ),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
            for name in ("rows_new", "rows_seen", "requests", "retries", "throttled")
        ),
        sa.Column("error_kind", sa.String, nullable=True),
        sa.Column("error", sa.String, nullable=True),
    )
    op.create_index("outcomes_by_connection", "sync_outcomes", ["business_id", "rail", "connection_id", "outcome_no"])
    op.create_table(
        "quarantined_pages",
        sa.Column("quarantine_id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("business_id", "connection_id", "rail", "entity", "sync_id", "reason")),
        sa.Column("byte_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("quarantined_at", Instant, nullable=False),
        sa.Column("resolved_at", Instant, nullable=True),
    )
