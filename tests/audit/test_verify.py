"""Tampering with a log: every kind, at places drawn by a seed, is found, and an untouched log never raises an alarm."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rowcol_assets.audit import chain
from rowcol_assets.audit import log as log_module
from rowcol_assets.audit.checkpoint import sign
from rowcol_assets.audit.event import EVENT, content_hash
from rowcol_assets.audit.files import checkpoint_files, event_files
from rowcol_assets.audit.verify import parse_root, verify
from tests.audit.logs import Place, append, event, make_log

Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three businesses, six appends, 90 events."""
    return make_log(tmp_path_factory.mktemp("log"), steps=6)


@pytest.fixture
def place(original: Place, tmp_path: Path) -> Iterator[Place]:
    """A copy to tamper with."""
    shutil.copytree(original.root, tmp_path / "copy")
    yield Place(tmp_path / "copy")


def edit(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    name = rng.choice([name for name in EVENT.names if name not in ("seq", "content_hash", "chain_hash") and isinstance(row[name], str)])
    row[name] = str(row[name]) + "x"


def edit_and_hash_again(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row["changes"] = '{"balance":["10.00","9.99"]}'
    row["content_hash"] = content_hash(row)


def delete(rows: Rows, rng: random.Random) -> None:
    rows.remove(rng.choice(rows))


def insert(rows: Rows, rng: random.Random) -> None:
    at = rng.randrange(len(rows))
    rows.insert(at, {**rows[at], "event_id": "forged"})


def reorder(rows: Rows, rng: random.Random) -> None:
    at = rng.randrange(len(rows) - 1)
    rows[at], rows[at + 1] = rows[at + 1], rows[at]


def swap_contents(rows: Rows, rng: random.Random) -> None:
    first, second = rng.sample(rows, 2)
    first["snapshot"], second["snapshot"] = second["snapshot"], first["snapshot"]


def move(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row["business_id"] = rng.choice([name for name in ("acme", "bolt", "cogs") if name != row["business_id"]])


def cut_tail(rows: Rows, rng: random.Random) -> None:
    del rows[-rng.randint(1, len(rows)) :]


def rewrite(rows: Rows, rng: random.Random) -> None:
    """A whole file made anew, chained as the writer would, from a lie on."""
    lie = rng.randrange(len(rows))
    rows[lie]["snapshot"] = '{"Id":"1","note":"a lie"}'
    link: dict[object, bytes] = {}
    for row in rows:
        before = link.get(row["business_id"]) or chain.genesis(str(row["business_id"])).chain
        row["content_hash"] = content_hash(row)
        link[row["business_id"]] = chain.link(before, bytes.fromhex(str(row["content_hash"])))
        row["chain_hash"] = link[row["business_id"]].hex()


TAMPERING = (edit, edit_and_hash_again, delete, insert, reorder, swap_contents, move, cut_tail, rewrite)


@pytest.mark.parametrize("kind", TAMPERING)
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_tampering_is_found_wherever_it_is(place: Place, kind: Callable[[Rows, random.Random], None], seed: int) -> None:
    rng = random.Random(f"{kind.__name__} {seed}")
    file = rng.choice(event_files(place.folder))
    rows = pq.read_table(file.path).to_pylist()
    before = [dict(row) for row in rows]
    while rows == before:
        kind(rows, rng)
    pq.write_table(pa.Table.from_pylist(rows, schema=EVENT), file.path)
    verdict = verify(place.folder, place.anchors)
    assert verdict.found
    assert any(file.path.name in problem or "checkpoint" in problem for problem in verdict.problems)


def test_a_changed_event_is_named(place: Place) -> None:
    file = event_files(place.folder)[2]
    rows = pq.read_table(file.path).to_pylist()
    rows[7]["reason"] = "another"
    pq.write_table(pa.Table.from_pylist(rows, schema=EVENT), file.path)
    problems = verify(place.folder, place.anchors).problems
    assert problems[0] == f"{file.path.name}: event {rows[7]['seq']} of {rows[7]['business_id']} was changed"


def test_a_log_rewritten_whole_and_signed_with_another_key_is_found_by_the_anchors(place: Place, tmp_path: Path) -> None:
    forged = make_log(tmp_path / "forged", steps=6, each=4)
    shutil.rmtree(place.folder)
    shutil.copytree(forged.folder, place.folder)
    assert not verify(place.folder, place.anchors).is_intact
    assert verify(place.folder, forged.anchors).is_intact
    root = verify(forged.folder, forged.anchors).root
    assert not verify(place.folder, forged.anchors, expect=parse_root("00" * 32)).is_intact
    assert verify(place.folder, forged.anchors, expect=root).is_intact


def test_a_remembered_root_of_any_checkpoint_is_recognised(original: Place) -> None:
    halfway = original.open()
    assert halfway.checkpoint
    notes = [path.read_text().splitlines()[2] for _, path in checkpoint_files(original.anchors)]
    assert all(verify(original.folder, original.anchors, expect=parse_root(root)).is_intact for root in notes)


@pytest.mark.parametrize("which", [0, 3, -1])
def test_a_file_missing_truncated_or_renamed_is_named(place: Place, which: int) -> None:
    file = event_files(place.folder)[which]
    content = file.path.read_bytes()
    file.path.write_bytes(content[: len(content) // 2])
    assert any(f"{file.path.name} cannot be read" in problem for problem in verify(place.folder, place.anchors).problems)
    file.path.unlink()
    missing = verify(place.folder, place.anchors).problems
    assert any(f"events {file.first} to {file.end - 1} are missing" in problem or "its tail is missing" in problem for problem in missing)
    file.path.with_name("events-000000000500-000000000515.parquet").write_bytes(content)
    assert not verify(place.folder, place.anchors).is_intact


def test_anchors_that_are_missing_or_altered_are_told(place: Place, tmp_path: Path) -> None:
    assert "no checkpoint can be believed" in verify(place.folder, tmp_path / "nowhere").problems[0]
    size, path = checkpoint_files(place.anchors)[2]
    path.write_text(path.read_text().replace(f"\n{size}\n", f"\n{size + 1}\n"))
    assert f"{path.name} cannot be believed: its signature does not fit its text" in verify(place.folder, place.anchors).problems


@pytest.mark.parametrize("which", [0, 3, -1])
def test_a_checkpoint_deleted_anywhere_among_the_anchors_is_found(place: Place, which: int) -> None:
    checkpoint_files(place.anchors)[which][1].unlink()
    (problem,) = verify(place.folder, place.anchors).problems
    assert "come after the last checkpoint" in problem if which == -1 else "is missing or another" in problem


def test_checkpoints_from_before_they_named_each_other_are_believed_and_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(log_module, "sign", lambda checkpoint, key: sign(replace(checkpoint, after=None), key))
        place = make_log(tmp_path, steps=2)
    append(place.open(), [event("acme", 99)])
    append(place.open(), [event("acme", 100)])
    assert verify(place.folder, place.anchors).problems == []


def test_the_verifier_needs_nothing_but_the_files(place: Place) -> None:
    (place.root / "signing.key").unlink()
    (place.folder / "heads.json").unlink()
    shutil.rmtree(place.folder / "tile")
    assert verify(place.folder, place.anchors).is_intact
    with duckdb.connect() as connection:
        files = str(place.folder / "events-*.parquet")
        assert connection.execute("select count(*) from read_parquet($files)", {"files": files}).fetchone() == (90,)
