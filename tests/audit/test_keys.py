"""Another key takes over from the one that signs: announced by an event, signed by both, followed by the verifier, and nothing else is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.errors import RowcolError
from rowcol_assets.audit import log as log_module
from rowcol_assets.audit.checkpoint import BadCheckpoint, key_name, read, sign, verifier_key
from rowcol_assets.audit.files import KEY, checkpoint_path, next_key_path
from rowcol_assets.audit.keys import Keys, keys_of
from rowcol_assets.audit.proof import BadProof, check, check_growth, prove, prove_growth
from rowcol_assets.audit.signing_key import held_key, next_path
from rowcol_assets.audit.verify import verify
from tests.audit.logs import Place, announcement, append, event, hand_over, make_log
from tests.audit.test_log import Died

ORIGIN = "rowcol.example/test"
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def public(key: Ed25519PrivateKey) -> str:
    return verifier_key(ORIGIN, key)


@dataclass
class Log:
    """A log, and the private keys it had, as a thief of each would have them."""

    place: Place
    keys: list[Ed25519PrivateKey] = field(default_factory=list)

    @property
    def key_file(self) -> Path:
        return self.place.root / "signing.key"

    def begin(self) -> None:
        opened = self.place.open()
        append(opened, [announcement(0, opened.verifier), *(event("acme", number) for number in range(14))])
        append(self.place.open(), [event("bolt", number) for number in range(15)])
        self._keep()

    def rotate(self) -> None:
        """Another key takes over, and signs two appends more."""
        hand_over(self.place.open(), len(self.keys))
        self._keep()
        for turn in range(2):
            append(self.place.open(), [event("acme", 100 * len(self.keys) + turn)])

    def _keep(self) -> None:
        key = held_key(self.key_file)
        assert key
        self.keys.append(key)

    def sign_again(self, size: int, *keys: Ed25519PrivateKey, **values: Any) -> None:
        """Writes the checkpoint of `size` events with other values, signed by these."""
        path = checkpoint_path(self.place.anchors, size)
        for key in self.keys:
            try:
                found = read(path.read_text(), public(key))
            except BadCheckpoint:
                continue
            path.write_text(sign(replace(found, **values), *keys))
            return
        raise AssertionError("none of the keys signed it")

    def problems(self) -> list[str]:
        return verify(self.place.folder, self.place.anchors).problems


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Three keys: checkpoints of 15, 30, 31, 32, 33, 34, 35 and 36 events, at 31 and 34 another takes over."""
    made = Log(Place(tmp_path_factory.mktemp("log")))
    made.begin()
    made.rotate()
    made.rotate()
    return made


@pytest.fixture
def log(original: Log, tmp_path: Path) -> Log:
    """A copy to tamper with."""
    shutil.copytree(original.place.root, tmp_path / "copy")
    return Log(Place(tmp_path / "copy"), list(original.keys))


def test_the_verifier_follows_the_keys_and_says_which_signed_what(original: Log) -> None:
    verdict = verify(original.place.folder, original.place.anchors)
    assert (verdict.problems, verdict.checkpoints) == ([], 8)
    assert [(key.verifier, key.signed, key.first, key.last) for key in verdict.keys] == [
        (public(original.keys[0]), 3, 15, 31),
        (public(original.keys[1]), 4, 31, 34),
        (public(original.keys[2]), 3, 34, 36),
    ]
    assert (original.place.anchors / KEY).read_text() == f"{public(original.keys[0])}\n", "what was published is not written again"
    assert [next_key_path(original.place.anchors, size).read_text() for size in (31, 34)] == [
        f"{public(key)}\n" for key in original.keys[1:]
    ]
    assert original.key_file.stat().st_mode & 0o777 == 0o600 and not next_path(original.key_file).exists()


def test_a_log_from_before_it_told_of_its_key_tells_of_the_one_that_took_over(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    hand_over(place.open(), 1)
    assert verify(place.folder, place.anchors).problems == []


def test_a_key_that_nobody_announced_is_refused(log: Log) -> None:
    log.sign_again(36, STRANGER)
    assert log.problems()[0].startswith(
        "checkpoint-000000000036 cannot be believed: it is not signed by a key of rowcol.example/test that was"
    )


@pytest.mark.parametrize(
    ("signers", "said"),
    [
        ("stranger", "checkpoint-000000000036 cannot be believed: it is not signed by a key"),
        ("present", f"it hands over to key {key_name(public(STRANGER))}, which did not sign it"),
        ("both", f"checkpoint 36 hands over to key {key_name(public(STRANGER))}, which no event before it announces"),
    ],
)
def test_a_handover_is_signed_by_both_and_announced_or_it_is_none(log: Log, signers: str, said: str) -> None:
    keys = {"stranger": [STRANGER], "present": [log.keys[2]], "both": [log.keys[2], STRANGER]}[signers]
    log.sign_again(36, *keys, next=public(STRANGER))
    assert any(said in problem for problem in log.problems())


def test_an_announcement_without_a_handover_and_a_handover_without_its_checkpoint_are_found(log: Log) -> None:
    append(log.place.open(), [announcement(9, public(STRANGER))])
    assert log.problems() == [f"event 36 announces key {key_name(public(STRANGER))}, and no checkpoint hands over to it"]
    checkpoint_path(log.place.anchors, 31).unlink()
    assert any("checkpoint-000000000032 cannot be believed: it is not signed by a key" in problem for problem in log.problems())


def test_a_key_signs_nothing_after_it_handed_over_and_nothing_before_it_took_over(log: Log) -> None:
    log.sign_again(35, log.keys[0])
    assert any(f"key {key_name(public(log.keys[0]))} signed it, which handed over to another at 31" in said for said in log.problems())
    log.sign_again(30, log.keys[1])
    assert any("checkpoint-000000000030 cannot be believed: it is not signed by a key" in said for said in log.problems())


def test_another_first_key_or_another_file_of_a_key_is_found(log: Log) -> None:
    next_key_path(log.place.anchors, 31).write_text(f"{public(STRANGER)}\n")
    assert log.problems() == ["log-000000000031.vkey is not the key that took over at 31 events"]
    (log.place.anchors / KEY).write_text(f"{public(STRANGER)}\n")
    said = f"event 0 tells of key {key_name(public(log.keys[0]))} as the first, and log.vkey is key {key_name(public(STRANGER))}"
    assert said in log.problems()


@pytest.mark.parametrize(("size", "number"), [(31, 1), (34, 2)], ids=["replaced since", "signing now"])
def test_a_missing_file_of_a_key_that_took_over_is_named(log: Log, size: int, number: int) -> None:
    next_key_path(log.place.anchors, size).unlink()
    assert log.problems() == [f"log-{size:012d}.vkey is missing: key {key_name(public(log.keys[number]))} took over at {size} events"]


@pytest.mark.parametrize(("where", "is_new"), [("sign", False), ("next_key_path", True), ("take_over", True)])
def test_a_death_while_a_key_takes_over_leaves_one_of_the_two(log: Log, monkeypatch: pytest.MonkeyPatch, where: str, is_new: bool) -> None:
    def die(*_: object) -> None:
        raise Died

    opened = log.place.open()
    following = opened.next_key()
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(log_module, where, die)
        append(opened, [announcement(3, public(following))], following)
    reopened = log.place.open()
    assert reopened.verifier == public(following if is_new else log.keys[2])
    assert not next_path(log.key_file).exists()
    append(reopened, [event("acme", 900)])
    assert log.problems() == []


def test_a_former_key_is_no_key_of_the_home_any_more(log: Log) -> None:
    log.place.open().next_key()
    log.key_file.write_bytes(next_path(log.key_file).read_bytes())
    with pytest.raises(RowcolError, match="signing key was replaced"):
        log.place.open()
    assert next_path(log.key_file).exists(), "nothing is thrown away while it is not known what is right"


def test_without_the_first_public_key_nothing_is_appended(log: Log) -> None:
    (log.place.anchors / KEY).unlink()
    with pytest.raises(RowcolError, match=r"log\.vkey is missing"):
        log.place.open()


def test_what_is_proven_is_checked_over_every_handover_with_the_first_key_and_those_checkpoints(log: Log, tmp_path: Path) -> None:
    entry, proof = prove(log.place.folder, log.place.anchors, "bolt-7")
    growth = prove_growth(log.place.folder, log.place.anchors, 15)
    kept = checkpoint_path(log.place.anchors, 15).read_text()
    with pytest.raises(BadProof, match="cannot be believed"):
        check(entry, proof, Keys(public(log.keys[0])))
    anchors = tmp_path / "kept"
    anchors.mkdir()
    for path in (log.place.anchors / KEY, checkpoint_path(log.place.anchors, 31), checkpoint_path(log.place.anchors, 34)):
        shutil.copy(path, anchors)
    assert check(entry, proof, keys_of(anchors)) < 36
    assert check_growth(kept, growth, keys_of(anchors)) == (15, 36)
    log.sign_again(36, log.keys[0])
    with pytest.raises(BadProof, match="handed over to another at 31 events"):
        check_growth(kept, growth.partition("\n\n")[0] + "\n\n" + checkpoint_path(log.place.anchors, 36).read_text(), keys_of(anchors))
