"""Tampering with a log: every kind, at places drawn by a seed, is found, and an untouched log never raises an alarm."""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rowcol_assets.audit import log as log_module
from rowcol_assets.audit.checkpoint import sign
from rowcol_assets.audit.event import EVENT
from rowcol_assets.audit.files import checkpoint_files, event_files
from rowcol_assets.audit.verify import parse_root, verify
from tests.audit.logs import Place, append, event, hand_over, make_log
from tests.audit.tampering import KINDS, tamper


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three businesses, six appends, 90 events."""
    return make_log(tmp_path_factory.mktemp("log"), steps=6)


@pytest.fixture
def place(original: Place, tmp_path: Path) -> Iterator[Place]:
    """A copy to tamper with."""
    shutil.copytree(original.root, tmp_path / "copy")
    yield Place(tmp_path / "copy")


def find_all(original: Place, number: int) -> Counter[str]:
    """Tampers so often and asks the verifier each time, and at the end whether it finds nothing where nothing is wrong."""
    tried: Counter[str] = Counter()
    for tampered in tamper(original.folder, number, tried):
        assert verify(original.folder, original.anchors).found, f"not found: {tampered.place}"
    assert verify(original.folder, original.anchors).problems == []
    return tried


def test_every_kind_of_tampering_is_found_wherever_it_is(place: Place) -> None:
    assert find_all(place, 2 * len(KINDS)).keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "log.vkey is no key, and no checkpoint can be believed"),
        (b"no key", "checkpoint-000000000015 cannot be believed: the public key beside it is none"),
        (None, "log.vkey is missing: no checkpoint can be believed"),
    ],
    ids=["no text", "other text", "missing"],
)
def test_a_key_that_is_none_is_named_and_no_checkpoint_believed(place: Place, content: bytes | None, said: str) -> None:
    key = place.anchors / "log.vkey"
    key.unlink() if content is None else key.write_bytes(content)
    verdict = verify(place.folder, place.anchors)
    assert said in verdict.problems[0]
    assert (verdict.checkpoints, verdict.is_intact) == (0, False)


@pytest.mark.soak
def test_a_thousand_tamperings_are_all_found_and_no_untouched_log_raises_an_alarm(tmp_path: Path) -> None:
    tried: Counter[str] = Counter()
    for shape in range(25):
        rng = random.Random(shape)
        names = [f"business-{number}" for number in range(rng.randint(2, 8))]
        place = make_log(tmp_path / str(shape), steps=rng.randint(2, 9), businesses=names, each=rng.randint(2, 12))
        if shape % 2:  # of every other log another key signs the end
            hand_over(place.open(), 1, *(event(name, 1000) for name in names))
            append(place.open(), [event(name, 1001) for name in names])
        assert verify(place.folder, place.anchors).problems == []
        tried += find_all(place, 40)
    sys.stdout.write("".join(f"{times:5} {kind}\n" for kind, times in sorted(tried.items())))
    assert tried.total() == 1000
    assert tried.keys() == KINDS.keys()


def test_the_form_of_the_log_is_what_it_always_was(original: Place) -> None:
    """The root over known events, as the first version of the log gave it: another one would leave every log unverifiable."""
    root = verify(original.folder, original.anchors).root
    assert root.hex() == "84ee886662cb31e3a6c19121038ae43879355058d761c853e220f3358d09044c"


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
