"""What lands later than something observed after it takes its place between its neighbours, once, and changes no head."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb

from ingestion.changelog.landing import land
from ingestion.changelog.schema import content_hash
from ingestion.changelog.spool import Arrivals, Spool
from ingestion.settings import Settings
from tests.changelog.served import EPOCH, TOY

UNSTAMPED = replace(TOY, versioned=False)


def arrive(settings: Settings, sync_id: str, *seen: tuple[str, str, int]) -> None:
    """Lands contents of records, each observed at a minute."""
    spool = Spool(settings, sync_id)
    for record_id, content, minute in seen:
        payload = f'{{"v":"{content}"}}'.encode()
        observed = EPOCH + timedelta(minutes=minute)
        spool.add("things", Arrivals("b1", "c1", [record_id], [None], [False], [payload], [content_hash(payload)], observed, sync_id))
    land(settings, UNSTAMPED, spool, sync_id, {})
    spool.remove()


def test_a_late_arrival_is_a_version_only_where_it_differs_from_both_its_neighbours(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", duckdb_threads=1, _env_file=None)
    records = ("new", "before", "after", "again")
    arrive(settings, "first", *((one, "A", 0) for one in records))
    arrive(settings, "second", *((one, "B", 10) for one in records))
    late = (("new", "X", 5), ("before", "A", 5), ("after", "B", 5), ("again", "X", 5))
    for sync_id in ("late", "once-more"):
        arrive(settings, sync_id, *late)
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        order = "order by observed_at, version_no"
        found = dict(
            warehouse.execute(f"select record_id, string_agg(payload ->> 'v', '' {order}) from raw_toy.things group by 1").fetchall()
        )
    assert found == {"new": "AXB", "before": "AB", "after": "AB", "again": "AXB"}
