"""Version 4: what comes in from outside between two syncs: webhooks, sync requests, decisions, and advisors' tokens."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant, growing_key

revision = "0004"
down_revision = "0003"


def _claim() -> list[sa.Column[Any]]:
    return [
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("claim_id", sa.String, nullable=True),
        sa.Column("claimed_at", Instant, nullable=True),
        sa.Column("fetched_at", Instant, nullable=True),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("reason", sa.String, nullable=True),
    ]


def upgrade() -> None:
    """Creates the tables of arrivals."""
    op.create_table(
        "webhook_inbox",
        sa.Column("inbox_no", growing_key(), primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("rail", "connection_id", "event_id")),
        sa.Column("business_id", sa.String, nullable=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "entities", "state")),
        sa.Column("body", sa.LargeBinary, nullable=True),
        sa.Column("received_at", Instant, nullable=False),
        *_claim(),
        sa.UniqueConstraint("rail", "connection_id", "event_id", name="one_row_per_event"),
    )
    op.create_index("inbox_by_state", "webhook_inbox", ["state", "inbox_no"])
    op.create_table(
        "sync_requests",
        sa.Column("request_id", sa.String, primary_key=True),
        sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("rail", "entity", "requested_by", "state")),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("asked_count", sa.BigInteger, nullable=False, server_default="1"),
        *_claim(),
    )
    in_flight = sa.text("state = 'pending'")
    op.create_index(
        "one_request_in_flight",
        "sync_requests",
        ["business_id", "rail", "entity"],
        unique=True,
        sqlite_where=in_flight,
        postgresql_where=in_flight,
    )
    op.create_table(
        "decisions",
        sa.Column("decision_no", growing_key(), primary_key=True, autoincrement=True),
        sa.Column("decision_id", sa.String, nullable=False, unique=True),
        sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
        sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("idempotency_key", "kind", "subject")),
        sa.Column("reason", sa.String, nullable=True),
        sa.Column("content_hash", sa.String, nullable=False),
        sa.Column("decided_at", Instant, nullable=False),
        sa.UniqueConstraint("business_id", "advisor_id", "idempotency_key", name="one_decision_per_key"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("token_id", sa.String, primary_key=True),
        sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
        sa.Column("token_hash", sa.String, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
    )
