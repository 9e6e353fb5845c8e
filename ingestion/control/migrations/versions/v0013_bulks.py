"""Version 13: which decisions were made at once, and are undone at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the column; decisions made before stand alone."""
    op.add_column("decisions", sa.Column("bulk_id", sa.String, nullable=True))
