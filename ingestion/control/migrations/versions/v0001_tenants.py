"""Version 1: firms, advisors, businesses, reserves and who may read which business."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant, Money, growing_key

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the tables of tenants and access."""
    op.create_table(
        "firms",
        sa.Column("firm_id", sa.String, primary_key=True),
        sa.Column("firm_name", sa.String, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_table(
        "advisors",
        sa.Column("advisor_id", sa.String, primary_key=True),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_table(
        "businesses",
        sa.Column("business_id", sa.String, primary_key=True),
        sa.Column("business_name", sa.String, nullable=False),
        sa.Column("firm_id", sa.String, sa.ForeignKey("firms.firm_id"), nullable=True),
        sa.Column("timezone", sa.String, nullable=True),
        sa.Column("home_currency", sa.String, nullable=True),
        sa.Column("warning_days", sa.Integer, nullable=True),
        sa.Column("critical_days", sa.Integer, nullable=True),
        sa.Column("healthy_days", sa.Integer, nullable=True),
        sa.Column("min_buffer_days", sa.Integer, nullable=True),
        sa.Column("min_cash_amount", Money, nullable=True),
        sa.Column("payroll_amount", Money, nullable=True),
        sa.Column("payroll_next_date", sa.Date, nullable=True),
        sa.Column("payroll_interval_days", sa.Integer, nullable=True),
        sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("onboarded_at", Instant, nullable=False),
    )
    op.create_table(
        "reserves",
        sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), primary_key=True),
        sa.Column("reserve_id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_until", sa.Date, nullable=True),
    )
    op.create_table(
        "grants",
        sa.Column("grant_no", growing_key(), primary_key=True, autoincrement=True),
        sa.Column("business_id", sa.String, sa.ForeignKey("businesses.business_id"), nullable=False),
        sa.Column("advisor_id", sa.String, sa.ForeignKey("advisors.advisor_id"), nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("valid_from", Instant, nullable=False),
        sa.Column("valid_to", Instant, nullable=True),
    )
    is_open = sa.text("valid_to is null")
    op.create_index("one_open_grant", "grants", ["business_id", "advisor_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open)
