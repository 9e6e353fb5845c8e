"""The tables of what comes in from outside between two syncs: webhooks and their subscriptions, sync requests, decisions, tokens.

Part of the control store's schema (`ingestion.control.schema`), whose metadata they join. Tokens are kept as hashes; the
body of a webhook is kept only while nobody could make use of it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ingestion.control.columns import Instant, growing_key
from ingestion.control.schema import metadata


def _texts(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=null) for name in names]


def _claim() -> list[sa.Column[Any]]:
    """How a row is worked on. claim_id: the run that does; fetched_at: when that run had read the vendor; times are the machine's."""
    return [
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("claim_id", sa.String, nullable=True),
        sa.Column("claimed_at", Instant, nullable=True),
        sa.Column("fetched_at", Instant, nullable=True),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("reason", sa.String, nullable=True),
    ]


webhook_inbox = sa.Table(
    "webhook_inbox",
    metadata,
    sa.Column("inbox_no", growing_key(), primary_key=True, autoincrement=True),
    *_texts("rail", "connection_id", "event_id"),
    *_texts("business_id", null=True),
    *_texts("kind", "entities", "state"),
    sa.Column("body", sa.LargeBinary, nullable=True),
    sa.Column("received_at", Instant, nullable=False),
    *_claim(),
    sa.UniqueConstraint("rail", "connection_id", "event_id", name="one_row_per_event"),
    sa.Index("inbox_by_state", "state", "inbox_no"),
)

refused_webhooks = sa.Table(
    "refused_webhooks",
    metadata,
    sa.Column("rail", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("refused", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_at", Instant, nullable=False),
)

_CONNECTION = ("business_id", "rail", "connection_id")

webhook_subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    *(sa.Column(name, sa.String, primary_key=True) for name in _CONNECTION),
    *_texts("address"),
    *_texts("subscription_id", "challenge", null=True),
    sa.Column("asked_at", Instant, nullable=False),
    sa.ForeignKeyConstraint(_CONNECTION, [f"connections.{name}" for name in _CONNECTION]),
)

sync_requests = sa.Table(
    "sync_requests",
    metadata,
    sa.Column("request_id", sa.String, primary_key=True),
    sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
    *_texts("rail", "entity", "requested_by", "state"),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("asked_count", sa.BigInteger, nullable=False, server_default="1"),
    *_claim(),
    sa.Index(
        "one_request_in_flight",
        "business_id",
        "rail",
        "entity",
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_no", growing_key(), primary_key=True, autoincrement=True),
    sa.Column("decision_id", sa.String, nullable=False, unique=True),
    sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
    sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
    *_texts("idempotency_key", "kind", "subject"),
    *_texts("reason", null=True),
    *_texts("content_hash"),
    *_texts("client", "bulk_id", null=True),
    sa.Column("decided_at", Instant, nullable=False),
    sa.UniqueConstraint("business_id", "advisor_id", "idempotency_key", name="one_decision_per_key"),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("token_id", sa.String, primary_key=True),
    sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
    *_texts("token_hash"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant, nullable=True),
)
