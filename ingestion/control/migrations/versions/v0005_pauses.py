"""Version 5: a single connection can be paused, as a whole business could before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the mark to the connections."""
    op.add_column("connections", sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()))
