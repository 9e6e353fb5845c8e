"""Version 14: whole rails can be paused, refused webhooks are counted, and it is known when a vendor read its own source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Makes the tables and adds the column; of what was read before that is not known."""
    op.create_table(
        "rail_pauses",
        sa.Column("rail", sa.String, primary_key=True),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.String, nullable=True),
        sa.Column("changed_from", sa.String, nullable=True),
        sa.Column("changed_at", Instant, nullable=True),
    )
    op.create_table(
        "refused_webhooks",
        sa.Column("rail", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("refused", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_at", Instant, nullable=False),
    )
    op.add_column("sync_states", sa.Column("source_read_at", Instant, nullable=True))
