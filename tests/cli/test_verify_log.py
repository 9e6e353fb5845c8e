"""`rowcol verify-log` and `rotate-log-key`: a proof it prints is one it believes, who signed is told, wrong use is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.settings import Settings
from rowcol_assets.audit.checkpoint import key_name
from rowcol_assets.audit.files import checkpoint_path
from rowcol_assets.cli.main import main
from tests.audit.logs import Place, make_log
from tests.audit.worlds import log, logged_world


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A log of 45 events in three appends."""
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: Settings(home=tmp_path / "home"))
    return make_log(tmp_path / "log", steps=3)


def verify_log(place: Place, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["verify-log", "--audit", str(place.folder), "--anchors", str(place.anchors), *arguments])
    return int(end.value.code or 0)


def test_growth_is_proven_to_whoever_kept_a_checkpoint(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_log(place) == 0
    assert "intact: 45 events of 3 businesses, 3 checkpoints" in capsys.readouterr().out
    assert verify_log(place, "--growth", "15:45") == 0
    proof = tmp_path / "growth"
    proof.write_text(capsys.readouterr().out)
    kept = str(checkpoint_path(place.anchors, 15))
    assert verify_log(place, "--check", str(proof), "--kept", kept) == 0
    assert capsys.readouterr().out == "the first 15 of 45 events are those that the kept checkpoint covers\n"
    for code, arguments, said in (
        (1, ("--check", str(proof), "--kept", str(checkpoint_path(place.anchors, 30))), "does not begin at the kept checkpoint"),
        (1, ("--growth", "16"), "holds no checkpoint of 16 events"),
        (2, ("--growth", "half"), "takes the events of one checkpoint or two"),
        (2, ("--check", str(proof)), "is checked with both"),
        (2, ("--check", str(proof), "--kept", str(tmp_path / "nowhere")), "cannot be read as text"),
    ):
        assert verify_log(place, *arguments) == code
        assert said in " ".join(capsys.readouterr().err.split())


def test_another_key_signs_from_here_on_and_the_verifier_tells_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = logged_world(tmp_path / "home")
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: world.settings)
    with pytest.raises(SystemExit) as end:
        main(["rotate-log-key"])
    assert end.value.code == 1 and "the first `rowcol run` begins it" in " ".join(capsys.readouterr().err.split())
    log(world, "first")
    with pytest.raises(SystemExit) as end:
        main(["rotate-log-key", "--json"])
    assert not end.value.code
    (told,) = json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit) as end:
        main(["verify-log", "--json"])
    assert not end.value.code
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [(key["key"], key["checkpoints"]) for key in verdict["keys"]] == [(told["former"], 2), (told["present"], 1)]
    with pytest.raises(SystemExit):
        main(["verify-log"])
    former, present = (key_name(told[name]) for name in ("former", "present"))
    last = verdict["keys"][1]["last"]
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"key {former} signed 2 checkpoints, from {verdict['keys'][0]['first']} to {last} events",
        f"key {present} signed 1 checkpoint, from {last} to {last} events",
    ]
