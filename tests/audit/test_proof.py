"""One event is proven to be in the log with its proof and the public key alone, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowcol_assets.audit.files import checkpoint_path
from rowcol_assets.audit.keys import Keys
from rowcol_assets.audit.proof import BadProof, check, check_growth, prove, prove_growth
from tests.audit.logs import Place, append, event, make_log


def test_an_event_is_proven_with_its_proof_and_the_key_alone(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=3)
    keys = Keys((place.anchors / "log.vkey").read_text())
    (place.root / "signing.key").unlink()
    entry, proof = prove(place.folder, place.anchors, "bolt-7")
    lines = proof.splitlines()
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert check(entry, proof, keys) == int(lines[1].removeprefix("index "))
    other, _ = prove(place.folder, place.anchors, "acme-7")
    moved = proof.replace(lines[1], "index 1")
    for said, shown in (
        (other, proof),
        (entry, moved),
        (entry, proof.replace(lines[2], lines[3])),
        (entry, ""),
        (entry, f"{lines[0]}\n\n"),
    ):
        with pytest.raises(BadProof):
            check(said, shown, keys)


def test_what_cannot_be_proven_is_said(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    with pytest.raises(BadProof, match="has no event nobody-1"):
        prove(place.folder, place.anchors, "nobody-1")
    with pytest.raises(BadProof, match="holds no checkpoint"):
        prove(place.folder, tmp_path / "nowhere", "acme-1")


def test_that_the_log_only_grew_is_proven_between_any_two_checkpoints_with_the_older_one_and_the_key_alone(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=20, businesses=("acme",), each=30)
    keys = Keys((place.anchors / "log.vkey").read_text())
    notes = {size: checkpoint_path(place.anchors, size).read_text() for size in range(30, 601, 30)}
    for older, newer in ((30, 600), (270, 510), (300, 600), (570, 600), (600, 600)):
        proof = prove_growth(place.folder, place.anchors, older, newer)
        assert check_growth(notes[older], proof, keys) == (older, newer)
        assert proof.count("\n") < 25
    assert prove_growth(place.folder, place.anchors, 30) == prove_growth(place.folder, place.anchors, 30, 600)
    proof = prove_growth(place.folder, place.anchors, 270, 510)
    lines = proof.splitlines()
    for kept, shown in (
        (notes[300], proof),
        (notes[270], proof.replace(lines[1], lines[2])),
        (notes[270], proof.replace(notes[510], notes[540])),
        (notes[270], proof.replace("old 270", "old 300")),
        (notes[270], "old 270\n"),
    ):
        with pytest.raises(BadProof):
            check_growth(kept, shown, keys)


def test_no_growth_is_proven_to_a_log_that_was_made_anew(tmp_path: Path) -> None:
    """Whoever holds the signing key can sign another past; whoever kept a checkpoint finds out."""
    place = make_log(tmp_path / "one", steps=2)
    kept = checkpoint_path(place.anchors, 15).read_text()
    rewritten = Place(tmp_path / "rewritten")
    rewritten.root.mkdir()
    (rewritten.root / "signing.key").write_bytes((place.root / "signing.key").read_bytes())
    for step in range(2):
        append(rewritten.open(), [event("acme", 15 * step + number, reason="another") for number in range(15)])
    proof = prove_growth(rewritten.folder, rewritten.anchors, 15)
    with pytest.raises(BadProof, match="was changed"):
        check_growth(kept, proof, Keys((place.anchors / "log.vkey").read_text()))
    with pytest.raises(BadProof, match="holds no checkpoint of 16 events"):
        prove_growth(place.folder, place.anchors, 16)
