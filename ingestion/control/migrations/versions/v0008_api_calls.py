"""Version 8: an outcome keeps how the calls to each of the vendor's endpoints went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the numbers to the outcomes; those recorded before have none."""
    op.add_column("sync_outcomes", sa.Column("calls", sa.String, nullable=True))
