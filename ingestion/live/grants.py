"""Who may see a business, straight from the control store at the moment of asking: never from a cache."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ingestion.control.database import Database
from ingestion.control.schema import grants

# Who may know who else has access.
SEE_ALL = frozenset({"owner", "admin"})


def grants_on(database: Database, business_id: str, caller: str | None) -> list[dict[str, Any]]:
    """The open grants by advisor: all of them for the operator (None), an owner or an admin; for others their own alone."""
    columns = (grants.c.advisor_id, grants.c.role, grants.c.valid_from)
    query = sa.select(*columns).filter_by(business_id=business_id, valid_to=None).order_by(grants.c.advisor_id)
    with database.read() as transaction:
        found = [dict(row) for row in transaction.execute(query).mappings()]
    sees_all = caller is None or any(row["advisor_id"] == caller and row["role"] in SEE_ALL for row in found)
    return found if sees_all else [row for row in found if row["advisor_id"] == caller]
