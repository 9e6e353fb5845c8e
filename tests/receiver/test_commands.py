"""The commands around the receiver: it serves until it is stopped, tokens are printed once, dead letters are shown and replayed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

from ingestion.control import open_store
from ingestion.control.api_tokens import advisor_of
from ingestion.control.onboarding import onboard
from ingestion.settings import Settings, child_environment
from tests.receiver.signing import SECRET, qbo, qbo_body

ROWCOL = [sys.executable, "-m", "rowcol_assets.cli"]


def home(path: Path) -> Settings:
    settings = Settings(home=path / "home", _env_file=None)
    with open_store(settings) as store:
        credentials = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "realm_id": "1", "webhook_verifier": SECRET}
        onboard(settings, store, "acme", "qbo", credentials)
        store.grant("ann", "acme", "staff", datetime(2026, 1, 1, tzinfo=UTC))
    return settings


def rowcol(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ROWCOL, *arguments], env=child_environment(settings), capture_output=True, text=True, check=False, timeout=120)


def test_the_receiver_serves_until_it_is_stopped_and_what_it_took_in_can_be_shown_and_replayed(tmp_path: Path) -> None:
    settings = home(tmp_path)
    process = subprocess.Popen([*ROWCOL, "receiver", "--port", "0"], env=child_environment(settings), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("receiver ready at http://127.0.0.1:")
        signed = qbo(qbo_body("777"), datetime.now(UTC))
        answer = httpx.post(f"{line.split()[-1]}/webhooks/qbo", content=signed.body, headers=signed.headers, trust_env=False)
        assert answer.json() == {"accepted": 1, "known": 0}
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    (letter,) = json.loads(rowcol(settings, "dead-letters", "--json").stdout)
    assert (letter["connection_id"], letter["event_id"]) == ("777", "evt-777-1")
    assert json.loads(rowcol(settings, "dead-letters", "list", "--json").stdout) == [letter]
    for replay in (("--replay",), ("replay",)):
        refused = rowcol(settings, "dead-letters", *replay, str(letter["inbox_no"]))
        assert (refused.returncode, "still unknown" in refused.stderr) == (2, True)


def test_a_token_is_the_whole_output_and_worth_nothing_once_revoked(tmp_path: Path) -> None:
    settings = home(tmp_path)
    printed = rowcol(settings, "grant", "ann", "acme", "--role", "admin", "--token")
    token = printed.stdout.strip()
    with open_store(settings) as store:
        assert advisor_of(store.database, token) == "ann"
        assert "ann can read acme as admin" in printed.stderr
        assert "1 tokens of ann" in rowcol(settings, "grant", "ann", "--token", "--revoke").stderr
        assert advisor_of(store.database, token) is None
    assert rowcol(settings, "grant", "ann").returncode == rowcol(settings, "grant", "zoe", "--token").returncode == 2


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = rowcol(home(tmp_path), "receiver", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1
