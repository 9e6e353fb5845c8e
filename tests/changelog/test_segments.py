"""Segments as files: versions and payloads that stream past each other end up side by side."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.changelog.schema import CHANGE
from ingestion.changelog.segments import write_draft

WHEN = datetime(2026, 9, 1, tzinfo=UTC)
VALUES = {pa.string(): "text", pa.int64(): 1, pa.bool_(): False, pa.timestamp("us", "UTC"): WHEN}
FIELDS = [field for field in CHANGE if field.name != "payload"]


def versions(ordinals: list[int], per_batch: int) -> pa.RecordBatchReader:
    """New versions at these ordinals, whose change id tells the ordinal, as the comparison streams them."""
    columns = {field.name: pa.array([VALUES[field.type]] * len(ordinals), field.type) for field in FIELDS}
    columns["change_id"] = pa.array([f"change {ordinal}" for ordinal in ordinals], pa.string())
    columns["business_id"] = pa.array([f"business {ordinal % 3}" for ordinal in ordinals], pa.string())
    columns["connection_id"] = pa.array([f"connection {ordinal % 2}" for ordinal in ordinals], pa.string())
    columns["ordinal"] = pa.array(ordinals, pa.int64())
    return pa.table(columns).to_reader(per_batch)


@given(
    pages=st.lists(st.integers(min_value=0, max_value=7), min_size=1, max_size=8),
    chosen=st.data(),
    per_batch=st.integers(min_value=1, max_value=9),
)
def test_every_version_meets_its_own_payload(
    tmp_path_factory: pytest.TempPathFactory, pages: list[int], chosen: st.DataObject, per_batch: int
) -> None:
    arrived = sum(pages)
    ordinals = sorted(chosen.draw(st.sets(st.integers(min_value=0, max_value=arrived - 1)))) if arrived else []
    starts = np.cumsum([0, *pages[:-1]])
    payloads = (
        pa.array([f"payload {n}" for n in range(start, start + rows)], pa.string()) for start, rows in zip(starts, pages, strict=True)
    )
    draft: Path = tmp_path_factory.mktemp("segment") / "draft"

    counts = write_draft(draft, versions(ordinals, per_batch), payloads)

    assert counts == Counter((f"business {ordinal % 3}", f"connection {ordinal % 2}") for ordinal in ordinals)
    assert draft.exists() == bool(ordinals)
    if ordinals:
        written = pq.read_table(draft)
        assert written.schema.equals(CHANGE)
        assert written.column("change_id").to_pylist() == [f"change {ordinal}" for ordinal in ordinals]
        assert written.column("payload").to_pylist() == [f"payload {ordinal}" for ordinal in ordinals]
