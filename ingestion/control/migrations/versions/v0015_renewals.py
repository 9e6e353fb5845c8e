"""Version 15: refresh tokens that replaced handed-in ones before their connection was stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingestion.control.columns import Instant

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "renewed_tokens",
        sa.Column("rail", sa.String, primary_key=True),
        sa.Column("given_sha256", sa.String, primary_key=True),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("renewed_at", Instant, nullable=False),
    )
