"""One event is proven to be in the log with its proof and the public key alone, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowcol_assets.audit.proof import BadProof, check, prove
from tests.audit.logs import make_log


def test_an_event_is_proven_with_its_proof_and_the_key_alone(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=3)
    verifier = (place.anchors / "log.vkey").read_text()
    (place.root / "signing.key").unlink()
    entry, proof = prove(place.folder, place.anchors, "bolt-7")
    lines = proof.splitlines()
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert check(entry, proof, verifier) == int(lines[1].removeprefix("index "))
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
            check(said, shown, verifier)


def test_what_cannot_be_proven_is_said(tmp_path: Path) -> None:
    place = make_log(tmp_path, steps=1)
    with pytest.raises(BadProof, match="has no event nobody-1"):
        prove(place.folder, place.anchors, "nobody-1")
    with pytest.raises(BadProof, match="holds no checkpoint"):
        prove(place.folder, tmp_path / "nowhere", "acme-1")
