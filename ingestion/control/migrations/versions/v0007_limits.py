"""Version 7: the places under the vendors' limits that calls fill, and what the pace of polling rests on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Creates the table of permits, notes changes with the connections, and lets calls be counted by time."""
    op.create_table(
        "permits",
        sa.Column("holder", sa.String, primary_key=True),
        sa.Column("call_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.String, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("span_us", "taken_at_us", "frees_at_us")),
        sa.Column("is_under_way", sa.Boolean, nullable=False),
    )
    op.create_index("permits_by_bucket", "permits", ["bucket", "frees_at_us"])
    op.create_index("permits_by_end", "permits", ["frees_at_us"])
    for name in ("last_change_at", "last_unannounced_at"):
        op.add_column("connections", sa.Column(name, Instant, nullable=True))
    op.create_index("outcomes_by_time", "sync_outcomes", ["rail", "finished_at", "delivery", "requests"])
