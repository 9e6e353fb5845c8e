"""Rotating tokens: stored before use, refreshed once however many ask, and never lost to a dead refresher."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.control import ControlStore, TokenState, open_store
from ingestion.control.onboarding import onboard
from ingestion.control.rows import control_rows
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from tests.control.conftest import CREDENTIALS, connect
from tests.control.test_store import outcome
from tests.forked.processes import at_once

EXPIRY = datetime(2026, 10, 9, tzinfo=UTC)

STUCK = """
import sys
from ingestion.control import open_store
from ingestion.settings import Settings
store = open_store(Settings(home=sys.argv[1], control_url=sys.argv[2] or None, _env_file=None))
def refresh(state, credentials):
    print("asked", flush=True)
    sys.stdin.read()
store.rotate(store.connections("qbo")[0], refresh)
"""


def next_token(state: TokenState, credentials: dict[str, Any]) -> TokenState:
    number = int(str(state.refresh_token).rpartition("-")[2]) + 1
    return TokenState(f"access-token-{number}", EXPIRY, f"refresh-token-{number}", EXPIRY)


def test_a_new_token_is_stored_when_rotate_returns_and_its_end_is_mirrored(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    assert store.token(acme).access_token is None
    fresh = store.rotate(acme, next_token)
    with open_store(settings) as another:
        assert another.token(acme) == fresh
    assert fresh.refresh_token == "refresh-token-1"
    assert control_rows(store)["connections"].to_pylist()[0]["token_expires_at"] == EXPIRY


def test_refresh_is_given_the_credentials(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)

    def refresh(state: TokenState, credentials: dict[str, Any]) -> TokenState:
        assert credentials["client_secret"] == CREDENTIALS["client_secret"]
        return next_token(state, credentials)

    assert store.rotate(acme, refresh).access_token == "access-token-1"


def test_a_refresh_that_fails_changes_nothing_and_lets_the_next_one_try(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)

    def fail(state: TokenState, credentials: dict[str, Any]) -> TokenState:
        raise RowcolError("the vendor says no")

    with pytest.raises(RowcolError, match="vendor says no"):
        store.rotate(acme, fail)
    assert store.token(acme).refresh_token == "refresh-token-0"
    assert store.rotate(acme, next_token, wait_seconds=1).refresh_token == "refresh-token-1"


def test_threads_that_saw_the_same_token_refresh_it_once(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    seen = store.token(acme)
    calls: list[str] = []

    def refresh(state: TokenState, credentials: dict[str, Any]) -> TokenState:
        calls.append(str(state.refresh_token))
        return next_token(state, credentials)

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: store.rotate(acme, refresh, seen=seen), range(6)))
    assert calls == ["refresh-token-0"]
    assert {result.refresh_token for result in results} == {"refresh-token-1"}


def race(home: Path, url: str | None, calls: Path, barrier: object) -> list[str | None]:
    """Two expiries in a row, seen by every process at the same moment."""

    def refresh(state: TokenState, credentials: dict[str, Any]) -> TokenState:
        with calls.open("a") as file:
            file.write(f"{state.refresh_token}\n")
        return next_token(state, credentials)

    got = []
    with open_store(Settings(home=home, control_url=url, _env_file=None)) as store:
        acme = store.connections("qbo")[0]
        for _ in range(2):
            store.token(acme)
            barrier.wait(60)  # type: ignore[attr-defined]
            got.append(store.rotate(acme, refresh).access_token)
            barrier.wait(60)  # type: ignore[attr-defined]
    return got


def test_eight_processes_refresh_exactly_once_per_expiry(settings: Settings, store: ControlStore, tmp_path: Path) -> None:
    connect(settings, store)
    calls = tmp_path / "calls"
    results = at_once(8, race, settings.home, settings.control_url, calls)
    assert calls.read_text().splitlines() == ["refresh-token-0", "refresh-token-1"]
    assert results == [["access-token-1", "access-token-2"]] * 8


def test_a_refresher_killed_in_the_middle_does_not_block_the_next(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    command = [sys.executable, "-c", STUCK, str(settings.home), settings.control_url or ""]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "asked\n"
        with pytest.raises(RowcolError, match="another process has held the qbo token of acme"):
            store.rotate(acme, next_token, wait_seconds=0.2)
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert store.rotate(acme, next_token, wait_seconds=5).refresh_token == "refresh-token-1"


def test_onboarding_the_same_credentials_again_keeps_the_rotated_token(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    store.rotate(acme, next_token)
    connect(settings, store)
    assert store.token(acme).refresh_token == "refresh-token-1"


def test_new_credentials_or_a_dead_token_start_the_tokens_anew(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    store.rotate(acme, next_token)
    onboard(settings, store, "acme", "qbo", {**CREDENTIALS, "realm_id": "1001", "refresh_token": "consented-again-7"})
    assert store.token(acme).refresh_token == "consented-again-7"
    store.rotate(acme, next_token)
    store.record_sync([outcome(acme, 1, "failed", kind="disconnected")])
    onboard(settings, store, "acme", "qbo", {**CREDENTIALS, "realm_id": "1001", "refresh_token": "consented-again-7"})
    assert (store.token(acme).refresh_token, store.connections("qbo")[0].state) == ("consented-again-7", "healthy")
