"""Version 9: the apps in whose name businesses are asked, a connection's environment, and when it was removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the table and the two columns; of connections made before, the environment is not known."""
    op.create_table(
        "apps",
        sa.Column("rail", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("base_url", "auth_url", "consent_url")),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
    )
    op.add_column("connections", sa.Column("environment", sa.String, nullable=True))
    op.add_column("connections", sa.Column("removed_at", Instant, nullable=True))
