"""The tables of the control store, as SQLAlchemy Core sees them today.

How a database gets there is in `ingestion/control/migrations`; a test asserts that both agree. `business_id` comes
first in every key. Only `secrets`, `tokens`, `renewed_tokens` and `apps` hold anything confidential, and only as ciphertext.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ingestion.control.columns import Instant, Money, growing_key

metadata = sa.MetaData()


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=null, server_default=default)


def _instant(name: str, *, null: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=null)


def _count(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, server_default=None if null else "0")


def _changed() -> list[sa.Column[Any]]:
    """Who changed the row last, from where and when."""
    return [_text("changed_by", null=True), _text("changed_from", null=True), _instant("changed_at")]


def _connection_key() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String, primary_key=True) for name in ("business_id", "rail", "connection_id")]


def _of_connection() -> sa.ForeignKeyConstraint:
    key = ["business_id", "rail", "connection_id"]
    return sa.ForeignKeyConstraint(key, [f"connections.{name}" for name in key])


firms = sa.Table(
    "firms", metadata, sa.Column("firm_id", sa.String, primary_key=True), _text("firm_name"), _instant("created_at", null=False)
)

advisors = sa.Table("advisors", metadata, sa.Column("advisor_id", sa.String, primary_key=True), _instant("created_at", null=False))

businesses = sa.Table(
    "businesses",
    metadata,
    sa.Column("business_id", sa.String, primary_key=True),
    _text("business_name"),
    sa.Column("firm_id", sa.String, sa.ForeignKey("firms.firm_id"), nullable=True),
    _text("timezone", null=True),
    _text("home_currency", null=True),
    *(sa.Column(name, sa.Integer, nullable=True) for name in ("warning_days", "critical_days", "healthy_days", "min_buffer_days")),
    sa.Column("min_cash_amount", Money, nullable=True),
    sa.Column("payroll_amount", Money, nullable=True),
    sa.Column("payroll_next_date", sa.Date, nullable=True),
    sa.Column("payroll_interval_days", sa.Integer, nullable=True),
    sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    _instant("onboarded_at", null=False),
    *_changed(),
)

reserves = sa.Table(
    "reserves",
    metadata,
    sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), primary_key=True),
    sa.Column("reserve_id", sa.String, primary_key=True),
    _text("kind"),
    sa.Column("amount", Money, nullable=False),
    sa.Column("active_from", sa.Date, nullable=False),
    sa.Column("active_until", sa.Date, nullable=True),
    *_changed(),
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("grant_no", growing_key(), primary_key=True, autoincrement=True),
    sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
    sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
    _text("role"),
    _instant("valid_from", null=False),
    _instant("valid_to"),
    *_changed(),
    sa.Index(
        "one_open_grant",
        "business_id",
        "advisor_id",
        unique=True,
        sqlite_where=sa.text("valid_to is null"),
        postgresql_where=sa.text("valid_to is null"),
    ),
)

connections = sa.Table(
    "connections",
    metadata,
    sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), primary_key=True),
    sa.Column("rail", sa.String, primary_key=True),
    sa.Column("connection_id", sa.String, primary_key=True),
    _text("base_url"),
    _text("auth_url"),
    _text("sandbox_clock_url", null=True),
    _text("state", default="healthy"),
    _count("consecutive_failures"),
    _text("last_error_kind", null=True),
    _text("last_error", null=True),
    _instant("last_attempt_at"),
    _instant("last_success_at"),
    _instant("last_change_at"),
    _instant("last_unannounced_at"),
    _instant("updated_at", null=False),
    sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("environment", null=True),
    _instant("removed_at"),
    _instant("consent_expires_at"),
    _instant("disconnects_at"),
    *_changed(),
    sa.UniqueConstraint("rail", "connection_id", name="one_business_per_connection"),
)

rail_pauses = sa.Table(
    "rail_pauses",
    metadata,
    sa.Column("rail", sa.String, primary_key=True),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    *_changed(),
)

secrets = sa.Table(
    "secrets",
    metadata,
    *_connection_key(),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    _instant("updated_at", null=False),
    _of_connection(),
)

tokens = sa.Table(
    "tokens",
    metadata,
    *_connection_key(),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    _count("version"),
    _instant("refresh_expires_at"),
    _instant("updated_at", null=False),
    _text("refresher", null=True),
    _instant("refresher_until"),
    _of_connection(),
)

renewed_tokens = sa.Table(
    "renewed_tokens",
    metadata,
    sa.Column("rail", sa.String, primary_key=True),
    sa.Column("given_sha256", sa.String, primary_key=True),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    _instant("renewed_at", null=False),
)

apps = sa.Table(
    "apps",
    metadata,
    sa.Column("rail", sa.String, primary_key=True),
    *(_text(name) for name in ("base_url", "auth_url", "consent_url")),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    _instant("updated_at", null=False),
)

leases = sa.Table(
    "leases",
    metadata,
    *_connection_key(),
    _text("lease_id"),
    _text("holder"),
    _text("process"),
    _instant("acquired_at", null=False),
    _instant("expires_at", null=False),
)

sync_states = sa.Table(
    "sync_states",
    metadata,
    *_connection_key(),
    sa.Column("entity", sa.String, primary_key=True),
    _instant("last_attempt_at"),
    _instant("last_success_at"),
    _instant("last_full_walk_at"),
    _instant("source_read_at"),
    _count("source_count", null=True),
    _text("last_outcome"),
    _count("consecutive_failures"),
    _text("last_error_kind", null=True),
    _text("last_error", null=True),
)

sync_outcomes = sa.Table(
    "sync_outcomes",
    metadata,
    sa.Column("outcome_no", growing_key(), primary_key=True, autoincrement=True),
    sa.Column("outcome_id", sa.String, nullable=False, unique=True),
    *(_text(name) for name in ("business_id", "connection_id", "rail", "sync_id", "strategy", "delivery", "status")),
    _instant("started_at", null=False),
    _instant("finished_at", null=False),
    *(_count(name) for name in ("rows_new", "rows_seen", "requests", "retries", "throttled")),
    _text("error_kind", null=True),
    _text("error", null=True),
    _text("calls", null=True),
    sa.Index("outcomes_by_connection", "business_id", "rail", "connection_id", "outcome_no"),
    sa.Index("outcomes_by_time", "rail", "finished_at", "delivery", "requests"),
)

quarantined_pages = sa.Table(
    "quarantined_pages",
    metadata,
    sa.Column("quarantine_id", sa.String, primary_key=True),
    *(_text(name) for name in ("business_id", "connection_id", "rail", "entity", "sync_id", "reason")),
    _count("byte_count"),
    _text("sha256"),
    _text("path"),
    _instant("quarantined_at", null=False),
    _instant("resolved_at"),
)

published_days = sa.Table(
    "published_days",
    metadata,
    sa.Column("advisor_id", sa.String, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    *(_count(name) for name in ("probes", "failed_probes", "observed_seconds", "failed_seconds")),
    _instant("last_probe_at", null=False),
    sa.Column("is_readable", sa.Boolean, nullable=False),
    _text("last_failure", null=True),
)
