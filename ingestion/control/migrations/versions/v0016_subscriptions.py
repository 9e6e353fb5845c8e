"""Version 16: subscriptions of webhooks that a vendor takes by API, and until when a consent is good that no token dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds table and columns; nothing was subscribed before, and when consents end is told by the next reading."""
    key = ("business_id", "rail", "connection_id")
    op.create_table(
        "webhook_subscriptions",
        *(sa.Column(name, sa.String, primary_key=True) for name in key),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("subscription_id", sa.String, nullable=True),
        sa.Column("challenge", sa.String, nullable=True),
        sa.Column("asked_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(key, [f"connections.{name}" for name in key]),
    )
    op.add_column("connections", sa.Column("consent_expires_at", Instant, nullable=True))
    op.add_column("connections", sa.Column("disconnects_at", Instant, nullable=True))
