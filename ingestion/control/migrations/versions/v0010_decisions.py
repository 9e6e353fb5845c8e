"""Version 10: from where a decision came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the column; of decisions made before, it is not known."""
    op.add_column("decisions", sa.Column("client", sa.String, nullable=True))
