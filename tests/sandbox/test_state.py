"""What the sandbox remembers: across a restart, across kill -9, and for one process at a time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from ingestion.errors import RowcolError, UsageError
from sandbox.hub import Hub
from sandbox.server import Running, start
from sandbox.state import Config


def refresh(sandbox: Running, token: str) -> httpx.Response:
    mine = sandbox.credentials[0]["credentials"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    url = f"{sandbox.base_url}/oauth2/v1/tokens/bearer"
    return httpx.post(url, data=form, auth=(mine["client_id"], mine["client_secret"]), trust_env=False)


def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with start(tmp_path, seed=3, businesses=2) as sandbox:
        first = sandbox.credentials[0]["credentials"]["refresh_token"]
        sandbox.post("advance", days=2)
        rotated = refresh(sandbox, first).json()
        sandbox.post("fault", rail="qbo", business="all", kind="throttle", count=2)
        sandbox.post("touch", share=0.02)
        clock = httpx.get(f"{sandbox.base_url}/sandbox/clock", trust_env=False).json()
        os.kill(sandbox.process_id, signal.SIGKILL)
    with start(tmp_path, seed=3, businesses=2) as again:
        assert httpx.get(f"{again.base_url}/sandbox/clock", trust_env=False).json() == clock
        assert again.credentials[0]["credentials"]["refresh_token"] == rotated["refresh_token"] != first
        realm = again.credentials[0]["credentials"]["realm_id"]
        access = refresh(again, rotated["refresh_token"]).json()["access_token"]
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        url = f"{again.base_url}/v3/company/{realm}/query?query=select count(*) from Bill"
        assert [httpx.get(url, headers=headers, trust_env=False).status_code for _ in range(3)] == [429, 429, 200]


def test_an_access_token_survives_a_restart(tmp_path: Path) -> None:
    with start(tmp_path, businesses=1) as sandbox:
        entry = sandbox.credentials[0]["credentials"]
        token = refresh(sandbox, entry["refresh_token"]).json()["access_token"]
    with start(tmp_path, businesses=1) as again:
        url = f"{again.base_url}/v3/company/{entry['realm_id']}/companyinfo/{entry['realm_id']}"
        assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200


def test_a_torn_last_line_of_the_journal_is_dropped_and_writing_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    hub = Hub(folder, Config(businesses=1))
    hub.advance(days=1)
    hub.close()
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"entry_type":"operation","oper')
    again = Hub(folder, Config(businesses=1))
    again.advance(days=1)
    again.close()
    last = Hub(folder, Config(businesses=1))
    assert last.clock()["now"] == "2026-09-24T16:00:00Z"
    last.close()


def test_only_one_process_has_a_homes_sandbox(tmp_path: Path) -> None:
    with start(tmp_path, businesses=1), pytest.raises(RowcolError, match="another process"):
        Hub(tmp_path / "sandbox", Config(businesses=1))


def test_another_seed_needs_another_home_and_more_businesses_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    Hub(folder, Config(seed=1, businesses=2)).close()
    with pytest.raises(UsageError, match="seed 1"):
        Hub(folder, Config(seed=2, businesses=2))
    more = Hub(folder, Config(seed=1, businesses=5))
    assert len(more.listings) == 5
    more.close()


@pytest.mark.parametrize("wrong", [Config(businesses=0), Config(businesses=1001), Config(scale=0.0), Config(scale=1000.0)])
def test_what_cannot_be_served_is_wrong_use(tmp_path: Path, wrong: Config) -> None:
    with pytest.raises(UsageError):
        Hub(tmp_path / "sandbox", wrong)


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with start(tmp_path / "one", businesses=1) as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        with pytest.raises(RowcolError, match=f"port {port} .* cannot be used"), start(tmp_path / "two", businesses=1, port=port):
            pass


def test_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    with start(tmp_path / "home", businesses=1) as sandbox:
        refresh(sandbox, sandbox.credentials[0]["credentials"]["refresh_token"])
    assert (tmp_path / "home" / "sandbox").stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "home" / "sandbox").iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_time_moves_only_forward_and_not_too_far(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "sandbox", Config(businesses=1))
    for days, minutes in ((0, 0), (-1, 0), (0, -5), (500, 0)):
        with pytest.raises(UsageError, match="time moves on"):
            hub.advance(days, minutes)
    hub.close()
