"""A consent given through the command line alone, as a person does it, with the sandbox beside the home: connect, look, take away."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.settings import Settings
from sandbox.server import Running, start
from tests.cli.commands import START, listed, rowcol
from tests.receiver.conftest import serving


@pytest.fixture
def sandbox(home: Path) -> Iterator[Running]:
    with start(home, seed=17, businesses=2) as running:
        yield running


def consent(home: Path, *arguments: str, **choice: str) -> tuple[int, str, str]:
    """Runs `rowcol connect`, opens the page it names with `choice` added; exit code, output, error output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
    command = [*START, "connect", *arguments, "--no-browser", "--no-backfill", "--timeout", "20", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**clean, "ROWCOL_HOME": str(home)}, cwd=home.parent
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    address = httpx.URL(line[line.index("http") :].strip())
    httpx.get(address.copy_merge_params(choice), follow_redirects=True, trust_env=False)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, line + err


def test_a_business_is_connected_looked_at_and_taken_away_again(home: Path, sandbox: Running) -> None:
    business = sandbox.credentials[0]["business_id"]
    code, out, err = consent(home, business, "--rail", "qbo", "--name", "Its name")
    (row,) = json.loads(out)
    assert (code, row["connection_id"], row["is_sandbox"]) == (0, sandbox.credentials[0]["credentials"]["realm_id"], True)
    assert row["vendor_name"] == sandbox.credentials[0]["name"]
    code, out, err = consent(home, business, "--rail", "ramp", decision="deny")
    assert (code, out) == (1, "")
    assert err.endswith("rowcol: the consent was denied at Ramp: nothing was connected\n")
    assert [row["rail"] for row in listed(rowcol(home, "status", "--json"))] == ["qbo"]
    (removed,) = listed(rowcol(home, "disconnect", business, "--rail", "qbo", "--json"))
    assert removed["ending"] == "revoked"
    assert "removed" in rowcol(home, "status").stdout
    assert "connection" not in rowcol(home, "doctor").stdout.replace("Connections", "")


def test_the_apps_keys_are_handed_in_once_and_kept(home: Path, sandbox: Running, tmp_path: Path) -> None:
    folder, mine = tmp_path / "credentials", tmp_path / "mine"
    assert rowcol(home, "sandbox", "credentials", "--out", str(folder)).returncode == 0
    business = sandbox.credentials[1]["business_id"]
    options = ("--app", str(folder / "app.qbo.json"), "--base-url", sandbox.base_url)
    assert consent(mine, business, "--rail", "qbo", *options)[0] == 0
    assert json.loads(consent(mine, business, "--rail", "qbo")[1])[0]["is_new"] is False
    keys = json.loads((folder / "app.qbo.json").read_text())
    assert keys["client_secret"].encode() not in (mine / "control.db").read_bytes()


def test_vendors_that_take_it_by_api_are_told_where_the_receiver_is(home: Path, sandbox: Running) -> None:
    assert "ROWCOL_RECEIVER_URL is not set" in rowcol(home, "webhooks").stderr
    settings = Settings(home=home, _env_file=None)
    with open_store(settings) as store, serving(settings, store) as receiver:
        entry, *_ = (entry for entry in sandbox.others if entry["rail"] == "ramp")
        onboard(settings, store, entry["business_id"], "ramp", entry["credentials"], base_url=entry["base_url"])
        told = rowcol(home, "webhooks", "--json", ROWCOL_RECEIVER_URL=receiver.url)
        assert [(row["rail"], row["address"], row["outcome"]) for row in listed(told)] == [
            ("ramp", f"{receiver.url}/webhooks/ramp", "subscribed")
        ]
        again = rowcol(home, "webhooks", ROWCOL_RECEIVER_URL=receiver.url)
        assert (again.returncode, "was subscribed" in again.stdout) == (0, True)
        assert store.secret(*store.connections("ramp"))["webhook_secret"] not in told.stdout + told.stderr
