"""`rowcol evaluate`: labelled payments are found, what could as well be another is not, and wrong files get one sentence."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.errors import UsageError
from ingestion.settings import load_settings
from rowcol_assets.evaluation.payments import link_payments

LABELS = Path(os.environ.get("ROWCOL_REFERENCE_DATA", "/nonexistent")) / "quality" / "labels"
SIDES = ("payments_origin.parquet", "payments_destination.parquet")
PARTS = 6


def _file(path: Path, rows: list[tuple[object, str | None, object, object]]) -> Path:
    names = ("unique_id", "memo", "transaction_date", "amount")
    pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)}), path)
    return path


@pytest.mark.skipif(not LABELS.is_dir(), reason="ROWCOL_REFERENCE_DATA names no folder with labelled payments")
def test_labelled_payments_are_found(tmp_path: Path) -> None:
    """A sixth of them, some without their other half, since the whole takes ten seconds."""
    tables = [pq.read_table(LABELS / side) for side in SIDES]
    kept = [table.filter(pa.array(table["ground_truth"].to_numpy() % PARTS == 0)) for table in tables]
    kept[1] = kept[1].filter(pa.array(kept[1]["ground_truth"].to_numpy() % 50 != 0))
    for table, side in zip(kept, SIDES, strict=True):
        pq.write_table(table, tmp_path / side)
    count, unreadable = link_payments(load_settings(), tmp_path / SIDES[0], tmp_path / SIDES[1], tmp_path / "pairs.parquet")

    pairs = pq.read_table(tmp_path / "pairs.parquet")
    left, right = (dict(zip(table["unique_id"].to_pylist(), table["ground_truth"].to_pylist(), strict=True)) for table in kept)
    found = list(zip(pairs["left_id"].to_pylist(), pairs["right_id"].to_pylist(), strict=True))
    assert unreadable == 0
    assert len(found) == count == len({one for one, _ in found}) == len({other for _, other in found})
    true = sum(left[one] == right[other] for one, other in found)
    assert 2 * true / (count + len(set(left.values()) & set(right.values()))) >= 0.995


def test_a_pair_that_could_as_well_be_another_is_left_out(tmp_path: Path) -> None:
    day, later = date(2026, 3, 2), date(2026, 3, 3)
    left = _file(
        tmp_path / "left.parquet",
        [("a", "ACME rent", day, 100.0), ("b", "TWIN fee", day, 25.0), ("c", "TWIN fee", day, 25.0), ("d", "ACME rent", None, 100.0)],
    )
    right = _file(tmp_path / "right.parquet", [("x", "ACME", later, 100.0), ("y", "TWIN fee", later, 25.0), ("z", "TWIN fee", later, 25.0)])
    assert link_payments(load_settings(), left, right, tmp_path / "out.parquet") == (1, 1)
    assert pq.read_table(tmp_path / "out.parquet").select(["left_id", "right_id"]).to_pylist() == [{"left_id": "a", "right_id": "x"}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.parquet", None, "there is no file"),
        ("text.parquet", b"memo,amount\n", "is no Parquet file"),
        ("few.parquet", "few", "lacks the columns memo"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, content: bytes | str | None, reason: str) -> None:
    good = _file(tmp_path / "good.parquet", [(1, None, None, None)])
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content:
        pq.write_table(pa.table({"unique_id": [1]}), tmp_path / name)
    with pytest.raises(UsageError, match=reason):
        link_payments(load_settings(), good, tmp_path / name, tmp_path / "out.parquet")
