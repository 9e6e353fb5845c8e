"""A rail of one entity for the change log's tests: pages as a vendor would serve them, and what must be known afterwards.

The oracle keeps lists in memory and follows the change log's promises, not its SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingestion.changelog.landing import land
from ingestion.changelog.schema import content_hash
from ingestion.changelog.spool import Arrivals, Spool
from ingestion.promise import CredentialForm, EntityPromise, RailPromise
from ingestion.settings import FailPoint, Settings

TOY = RailPromise(
    name="toy",
    title="Toy",
    domain="tests",
    feed="pages",
    fetch="",
    versioned=True,
    credentials=CredentialForm(("key",), (), "key", None, "http://127.0.0.1", "http://127.0.0.1"),
    entities=(EntityPromise("things", "Thing", "critical", "What the toy rail serves."),),
)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Served:
    """One record in one page: its stamp in minutes and its content ('' is a deletion)."""

    record_id: str
    stamp: int
    content: str

    @property
    def payload(self) -> bytes:
        """The JSON text on the wire."""
        state = f'"v":"{self.content}"' if self.content else '"status":"Deleted"'
        return f'{{"Id":"{self.record_id}",{state}}}'.encode()


@dataclass
class Oracle:
    """Every version that must be in the change log, per record, in order of arrival."""

    versions: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def see(self, page: list[Served]) -> None:
        """Takes note of one page."""
        last_of_stamp = {(served.record_id, served.stamp): served for served in page}
        for record_id in {served.record_id for served in page}:
            mine = [served for served in page if served.record_id == record_id]
            arrivals = [served for number, served in enumerate(mine) if served not in mine[number + 1 :]]
            for served in sorted(arrivals, key=lambda one: one.stamp):
                version = (served.stamp, served.content)
                seen = self.versions.setdefault(record_id, [])
                is_last = last_of_stamp[record_id, served.stamp] == served
                if version not in seen or (is_last and self.head(record_id) != version and self.head(record_id)[0] == served.stamp):
                    seen.append(version)

    def head(self, record_id: str) -> tuple[int, str]:
        """The state the mirror must show: newest stamp, last arrival among equals."""
        versions = self.versions[record_id]
        newest = max(stamp for stamp, _ in versions)
        return [version for version in versions if version[0] == newest][-1]


def serve(home: Path, sync_id: str, page: list[Served], fail_at: FailPoint | None = None) -> None:
    """Lands one page in a home, as a sync would after its fetch."""
    settings = Settings(home=home, fail_at=fail_at, duckdb_memory="500MB", duckdb_threads=1)
    spool = Spool(settings, sync_id)
    number = int(sync_id.split("-")[0])
    spool.add(
        "things",
        Arrivals(
            business_id="b1",
            connection_id="c1",
            record_ids=[served.record_id for served in page],
            source_updated_at=[EPOCH + timedelta(minutes=served.stamp) for served in page],
            is_deleted=[not served.content for served in page],
            payloads=[served.payload for served in page],
            content_hashes=[content_hash(served.payload) for served in page],
            observed_at=EPOCH + timedelta(days=1, seconds=number),
            delivery="schedule",
        ),
    )
    land(settings, TOY, spool, sync_id, {"things": {"c1": str(number)}})
    spool.remove()
