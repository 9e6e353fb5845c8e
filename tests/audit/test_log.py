"""The log on disk: chained, sealed, covered by checkpoints, and whole again after a death at any point of an append."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from ingestion.errors import RowcolError
from rowcol_assets.audit import log as log_module
from rowcol_assets.audit import sealing
from rowcol_assets.audit.checkpoint import BadCheckpoint, read
from rowcol_assets.audit.files import checkpoint_files, event_files
from rowcol_assets.audit.merkle import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from rowcol_assets.audit.verify import verify
from tests.audit.logs import Place, append, event, make_log


class Died(Exception):
    """In place of a process that is gone."""


def test_an_append_continues_every_chain_and_covers_it(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=3)
    verdict = verify(place.folder, place.anchors)
    assert verdict.problems == []
    assert (verdict.events, verdict.businesses, verdict.checkpoints) == (45, 3, 3)
    assert [(file.first, file.end, file.is_sealed) for file in event_files(place.folder)] == [
        (0, 15, True),
        (15, 30, True),
        (30, 45, True),
    ]
    assert {path.stat().st_mode & 0o777 for path in place.folder.glob("*.parquet")} == {0o600}


def test_nothing_to_append_writes_nothing(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    before = sorted(tmp_path.rglob("*"))
    done = append(place.open(), [])
    assert (done.events, done.files) == (0, ())
    assert done.checkpoint == place.open().checkpoint
    assert sorted(tmp_path.rglob("*")) == before


def test_a_long_append_is_several_files_under_one_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVENTS_PER_FILE", 7)
    place = Place(tmp_path)
    append(place.open(), [event(name, number) for number in range(10) for name in ("acme", "bolt")])
    assert [file.rows for file in event_files(place.folder)] == [7, 7, 6]
    assert [size for size, _ in checkpoint_files(place.anchors)] == [20]
    assert verify(place.folder, place.anchors).is_intact


@pytest.mark.parametrize("lost", ["heads.json", None])
def test_the_ends_of_chains_come_from_the_files_when_what_is_kept_of_them_is_lost_or_wrong(tmp_path: Path, lost: str | None) -> None:
    place = make_log(tmp_path, steps=2)
    if lost:
        (place.folder / lost).unlink()
    else:
        (place.folder / "heads.json").write_text(json.dumps({"acme": [1, "00" * 32]}))
    append(place.open(), [event("acme", 99)])
    assert verify(place.folder, place.anchors).is_intact


@pytest.mark.parametrize("how", ["lost", "torn", "other"])
def test_tiles_that_do_not_lead_to_the_signed_root_are_made_again(tmp_path: Path, how: str) -> None:
    place = make_log(tmp_path, steps=2)
    (newest,) = (place.folder / "tile" / "0" / "000.p").glob("30")
    if how == "lost":
        shutil.rmtree(place.folder / "tile")
    else:
        newest.write_bytes(b"" if how == "torn" else bytes(len(newest.read_bytes())))
    append(place.open(), [event("acme", 99)])
    verdict = verify(place.folder, place.anchors)
    assert (verdict.problems, verdict.events) == ([], 31)


def test_a_tile_that_is_full_is_one_file_even_after_a_death_right_after_it_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_log(tmp_path, steps=2, each=80)
    assert [path.name for path in sorted((place.folder / "tile" / "0").rglob("*")) if path.is_file()] == ["000", "224"]
    more = [event("acme", 200 + number) for number in range(40)]
    opened = place.open()

    def die(*_: object) -> str:
        raise Died

    append(opened, more[:20])
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(log_module, "sign", die)
        append(opened, [event("bolt", 300 + number) for number in range(30)])
    append(place.open(), more[20:])
    assert verify(place.folder, place.anchors).problems == []


@pytest.mark.parametrize(("where", "covered"), [("sign", 15), ("sealed_path", 18)])
def test_a_death_in_mid_append_leaves_a_log_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, covered: int) -> None:
    place = make_log(tmp_path, steps=1)
    more = [event(name, 5) for name in ("acme", "bolt", "cogs")]

    def die(*_: object) -> str:
        raise Died

    opened = place.open()
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(log_module, where, die)
        append(opened, more)
    verdict = verify(place.folder, place.anchors)
    assert (verdict.problems, verdict.events) == ([], covered), "what is being sealed is part of the log once it is covered"
    reopened = place.open()
    assert reopened.size == covered
    if covered == 15:
        append(reopened, more)
    verdict = verify(place.folder, place.anchors)
    assert (verdict.problems, verdict.events) == ([], 18)


def test_a_log_that_differs_from_its_anchors_is_not_appended_to(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=2)
    event_files(place.folder)[-1].path.unlink()
    with pytest.raises(RowcolError, match="has 15 events and its last checkpoint covers 30"):
        place.open()


def test_a_lost_anchors_folder_is_not_made_up_again(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    for _, path in checkpoint_files(place.anchors):
        path.unlink()
    with pytest.raises(RowcolError, match="has 15 events and its last checkpoint covers 0"):
        place.open()


def test_another_key_is_refused_and_a_lost_one_not_made_anew(tmp_path: Path) -> None:
    place, other = make_log(tmp_path / "one", steps=1), make_log(tmp_path / "other", steps=1)
    key = place.root / "signing.key"
    shutil.copy(other.root / "signing.key", key)
    with pytest.raises(RowcolError, match="signing key was replaced"):
        place.open()
    key.unlink()
    with pytest.raises(RowcolError, match=r"signing\.key is missing"):
        place.open()
    assert not key.exists()


def test_a_checkpoint_is_believed_as_signed_and_not_otherwise(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    note = checkpoint_files(place.anchors)[0][1].read_text()
    verifier = (place.anchors / "log.vkey").read_text()
    assert read(note, verifier).size == 15
    for altered in (note.replace("\n15\n", "\n14\n"), note.replace("heads 3", "heads 2"), note.rpartition("\n\n")[0], ""):
        with pytest.raises(BadCheckpoint):
            read(altered, verifier)
    with pytest.raises(BadCheckpoint):
        read(note, verifier.replace("example", "elsewhere"))


def test_an_event_and_an_older_log_are_proven_from_tiles_alone(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=3)
    opened = place.open()
    assert opened.checkpoint
    verifier = opened.verifier
    old = read(checkpoint_files(place.anchors)[0][1].read_text(), verifier)
    new = opened.checkpoint
    subtree = opened.tiles.subtree
    proof = consistency_proof(old.size, new.size, subtree)
    assert verify_consistency(old.size, old.root, new.size, new.root, proof)
    files = [str(file.path) for file in event_files(place.folder)]
    chains = [row[0] for row in duckdb.execute("select chain_hash from read_parquet($files)", {"files": files}).fetchall()]
    for index, chain in enumerate(chains):
        path = inclusion_proof(index, new.size, subtree)
        assert verify_inclusion(leaf_hash(bytes.fromhex(chain)), index, new.size, path, new.root)
