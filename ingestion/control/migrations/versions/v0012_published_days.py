"""Version 12: in how many minutes of a day an advisor's published file could be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the table; of days before, nobody watched."""
    op.create_table(
        "published_days",
        sa.Column("advisor_id", sa.String, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
            for name in ("probes", "failed_probes", "observed_seconds", "failed_seconds")
        ),
        sa.Column("last_probe_at", Instant, nullable=False),
        sa.Column("is_readable", sa.Boolean, nullable=False),
        sa.Column("last_failure", sa.String, nullable=True),
    )
