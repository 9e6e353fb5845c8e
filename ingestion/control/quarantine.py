"""Keeps a page that could not be read: its bytes in a private file named by their hash, and a row that says why."""

from __future__ import annotations

import hashlib

from ingestion.control.database import Database, insert
from ingestion.control.facts import QuarantinedPage
from ingestion.control.schema import quarantined_pages
from ingestion.files import write_atomic
from ingestion.settings import Settings


def quarantine_page(database: Database, settings: Settings, page: QuarantinedPage) -> str:
    """Stores `page` and returns its quarantine_id; the same bytes of the same entity again only open it again.

    The file is durable before the row names it, as `quarantine/<rail>/<business>/<sha256>` under the home.
    """
    digest = hashlib.sha256(page.body).hexdigest()
    path = settings.quarantine_dir / page.rail / page.business_id / digest
    if not path.exists():
        write_atomic(path, page.body)
    parts = "\x1f".join((page.rail, page.business_id, page.connection_id, page.entity, digest))
    quarantine_id = hashlib.sha256(parts.encode()).hexdigest()[:32]
    row = {name: getattr(page, name) for name in ("business_id", "connection_id", "rail", "entity", "sync_id", "reason", "quarantined_at")}
    row |= {"quarantine_id": quarantine_id, "byte_count": len(page.body), "sha256": digest, "path": str(path.relative_to(settings.home))}
    with database.write() as transaction:
        statement = insert(transaction, quarantined_pages).values(row)
        transaction.execute(statement.on_conflict_do_update(index_elements=["quarantine_id"], set_={"resolved_at": None}))
    return quarantine_id
