"""Version 11: what was done to a home as a whole, and who changed a business, a reserve, a grant or a connection last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant, growing_key

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds the table and the columns; of changes made before, it is not known who made them."""
    op.create_table(
        "acts",
        sa.Column("act_no", growing_key(), primary_key=True, autoincrement=True),
        sa.Column("act_id", sa.String, nullable=False, unique=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("entity", "record_id", "action", "details", "actor_type")),
        *(sa.Column(name, sa.String, nullable=True) for name in ("actor_id", "client", "reason")),
        sa.Column("acted_at", Instant, nullable=False),
    )
    for table in ("businesses", "reserves", "grants", "connections"):
        for name in ("changed_by", "changed_from"):
            op.add_column(table, sa.Column(name, sa.String, nullable=True))
        op.add_column(table, sa.Column("changed_at", Instant, nullable=True))
