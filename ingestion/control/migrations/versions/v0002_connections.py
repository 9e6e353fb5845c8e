"""Version 2: connections, their encrypted credentials and tokens, and the leases that keep two fetchers apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0002"
down_revision = "0001"


def _key() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String, primary_key=True) for name in ("business_id", "rail", "connection_id")]


def _of_connection() -> sa.ForeignKeyConstraint:
    key = ["business_id", "rail", "connection_id"]
    return sa.ForeignKeyConstraint(key, [f"connections.{name}" for name in key])


def upgrade() -> None:
    """Creates the tables of connections."""
    op.create_table(
        "connections",
        sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), primary_key=True),
        sa.Column("rail", sa.String, primary_key=True),
        sa.Column("connection_id", sa.String, primary_key=True),
        sa.Column("base_url", sa.String, nullable=False),
        sa.Column("auth_url", sa.String, nullable=False),
        sa.Column("sandbox_clock_url", sa.String, nullable=True),
        sa.Column("state", sa.String, nullable=False, server_default="healthy"),
        sa.Column("consecutive_failures", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error_kind", sa.String, nullable=True),
        sa.Column("last_error", sa.String, nullable=True),
        sa.Column("last_attempt_at", Instant, nullable=True),
        sa.Column("last_success_at", Instant, nullable=True),
        sa.Column("updated_at", Instant, nullable=False),
        sa.UniqueConstraint("rail", "connection_id", name="one_business_per_connection"),
    )
    op.create_table(
        "secrets",
        *_key(),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        _of_connection(),
    )
    op.create_table(
        "tokens",
        *_key(),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("refresh_expires_at", Instant, nullable=True),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("refresher", sa.String, nullable=True),
        sa.Column("refresher_until", Instant, nullable=True),
        _of_connection(),
    )
    op.create_table(
        "leases",
        *_key(),
        sa.Column("lease_id", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("acquired_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
    )
