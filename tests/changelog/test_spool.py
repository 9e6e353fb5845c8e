"""What arrives is on the disk in order, keys beside payloads, however it was cut into pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.changelog import spool as spool_module
from ingestion.changelog.spool import Arrivals, Spool
from ingestion.settings import Settings

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def arrivals(page: int, count: int) -> Arrivals:
    """A page of `count` records of its own business, connection, moment and delivery."""
    numbers = range(count)
    return Arrivals(
        business_id=f"business {page}",
        connection_id=f"connection {page}",
        record_ids=[f"{page}-{number}" for number in numbers],
        source_updated_at=[None if number % 3 == 0 else NOON + timedelta(microseconds=number) for number in numbers],
        is_deleted=[number % 2 == 1 for number in numbers],
        payloads=[f'{{"é":{page}.{number}}}'.encode() for number in numbers],
        content_hashes=[f"hash {page}-{number}" for number in numbers],
        observed_at=NOON + timedelta(seconds=page),
        delivery="webhook" if page % 2 else "schedule",
    )


# Pages as long as what is written together, longer, and none at all: the last may leave nothing waiting.
@given(pages=st.lists(st.integers(min_value=0, max_value=9), max_size=8))
def test_records_keep_their_order_their_payload_and_whose_they_are(tmp_path_factory: pytest.TempPathFactory, pages: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "BATCH_ROWS", 4)
        spool = Spool(Settings(home=tmp_path_factory.mktemp("home")), "sync")
        sent = [arrivals(page, count) for page, count in enumerate(pages)]
        for one in sent:
            spool.add("bills", one)
        spool.close()
    expected = [
        (one.business_id, one.connection_id, record_id, stamp, gone, digest, one.observed_at, one.delivery)
        for one in sent
        for record_id, stamp, gone, digest in zip(one.record_ids, one.source_updated_at, one.is_deleted, one.content_hashes, strict=True)
    ]
    assert spool.rows == ({"bills": len(expected)} if expected else {})
    if expected:
        keys = pq.read_table(spool.path("bills"))
        assert keys.column("ordinal").to_pylist() == list(range(len(expected)))
        assert list(zip(*(keys.column(name).to_pylist() for name in keys.column_names[:-1]), strict=True)) == expected
        payloads = [payload for page in spool.payloads("bills") for payload in page.to_pylist()]
        assert [str(payload).encode() for payload in payloads] == [payload for one in sent for payload in one.payloads]
    spool.remove()
    assert not spool.folder.exists()


@pytest.mark.parametrize(("what", "value", "error"), [("payloads", [b"\xff"], pa.ArrowInvalid), ("record_ids", ["\ud800"], UnicodeError)])
def test_what_is_not_unicode_is_refused_when_it_arrives(tmp_path: Path, what: str, value: list[object], error: type[Exception]) -> None:
    spool = Spool(Settings(home=tmp_path), "sync")
    page = arrivals(0, 1)
    object.__setattr__(page, what, value)
    with pytest.raises(error):
        spool.add("bills", page)
    spool.add("bills", arrivals(1, 1))
    spool.close()
    assert pq.read_table(spool.path("bills")).column("record_id").to_pylist() == ["1-0"]
