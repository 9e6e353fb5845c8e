"""Alembic's entry: runs the versions on the connection `ingestion.control.database` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from ingestion.control import arrivals_schema, limits_schema  # noqa: F401 - their tables join the metadata
from ingestion.control.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
