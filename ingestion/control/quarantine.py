"""Pages that could not be read: their bytes in private files named by their hash, and rows that say why.

Taking one apart again is `ingestion.reread`; that a sync settles them is `ingestion.control.outcomes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ingestion.control.database import Database, insert
from ingestion.control.facts import QuarantinedPage
from ingestion.control.schema import quarantined_pages
from ingestion.errors import RowcolError, UsageError
from ingestion.files import write_atomic
from ingestion.settings import Settings

_COLUMNS = (
    "quarantine_id", "business_id", "connection_id", "rail", "entity", "sync_id", "reason", "byte_count", "sha256", "path",
    "quarantined_at", "resolved_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as its row tells of it. path: of its bytes, relative to the home; resolved_at: when what it held had been read."""

    quarantine_id: str
    business_id: str
    connection_id: str
    rail: str
    entity: str
    sync_id: str
    reason: str
    byte_count: int
    sha256: str
    path: str
    quarantined_at: datetime
    resolved_at: datetime | None


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


def kept_pages(database: Database, *, ids: Sequence[str] = (), with_resolved: bool = False) -> list[KeptPage]:
    """The pages that are still open, or all of them, or those of `ids` whatever their state; oldest first.

    UsageError names an id that there is not.
    """
    table = quarantined_pages
    query = sa.select(*(table.c[name] for name in _COLUMNS)).order_by(table.c.quarantined_at, table.c.quarantine_id)
    if ids:
        query = query.where(table.c.quarantine_id.in_(ids))
    elif not with_resolved:
        query = query.where(table.c.resolved_at.is_(None))
    with database.read() as transaction:
        found = [KeptPage(*row) for row in transaction.execute(query)]
    unknown = sorted(set(ids) - {page.quarantine_id for page in found})
    if unknown:
        raise UsageError(f"there is no kept page {', '.join(unknown)}")
    return found


def page_bytes(settings: Settings, page: KeptPage) -> bytes:
    """The page as it was served; RowcolError when its file is gone or holds something else."""
    try:
        body = (settings.home / page.path).read_bytes()
    except OSError as error:
        raise RowcolError(f"{page.path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(body).hexdigest() != page.sha256:
        raise RowcolError(f"{page.path} is not what was kept: its hash is another")
    return body


def resolve_page(database: Database, quarantine_id: str, at: datetime) -> None:
    """Marks a page as read; its bytes stay."""
    table = quarantined_pages
    with database.write() as transaction:
        transaction.execute(sa.update(table).where(table.c.quarantine_id == quarantine_id).values(resolved_at=at))
