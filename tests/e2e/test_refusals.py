"""What cannot be meant or done is refused in one sentence with the right exit code, and nothing is lost by it."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
from pathlib import Path

import pytest

from ingestion.control.store import open_store
from ingestion.errors import RowcolError
from rowcol_assets.cli.run import raise_if_failed
from rowcol_assets.cycle import run_job
from tests.e2e.machine import Machine

WRONG_USE = (
    ("run", "--business", "../x"),
    ("run", "--business", "ACME"),
    ("run", "--business", "nobody"),
    ("run", "--rail", "fax"),
    ("run", "--as-of", "2026-13-01"),
    ("run", "--known-at", "yesterday"),
    ("run", "--known-at", "2026-09-22T16:00:00"),
    ("run", "--as-of", "2026-09-22", "--rail", "qbo"),
    ("sync", "--business", "nobody"),
    ("sync", "--entity", "unicorns"),
    ("sync", "--strategy", "hope"),
    ("sync", "--rail", "../qbo"),
)
WRONG_SETTINGS = (
    {"now": "tomorrow"},
    {"now": "2026-09-22T16:00:00"},
    {"fail_at": "lunch"},
    {"control_url": "not a url"},
    {"duckdb_threads": "0"},
)


@pytest.fixture(scope="module")
def untouched(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The base as it is; what is refused needs no sandbox and changes nothing."""
    return Machine(base, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_wrong_arguments_are_exit_code_2(untouched: Machine, arguments: tuple[str, ...]) -> None:
    _assert_refused(untouched.rowcol(*arguments), 2)


@pytest.mark.parametrize("settings", WRONG_SETTINGS, ids=str)
def test_wrong_settings_are_exit_code_2_and_named(untouched: Machine, settings: dict[str, str]) -> None:
    told = _assert_refused(untouched.rowcol("sync", **settings), 2)
    assert f"ROWCOL_{next(iter(settings)).upper()}" in told


def test_a_sandbox_that_is_gone_and_a_home_without_businesses_are_exit_code_1(untouched: Machine, tmp_path: Path) -> None:
    assert "rowcol sandbox serve" in _assert_refused(untouched.rowcol("sync"), 1)
    assert "onboard" in _assert_refused(Machine(tmp_path, untouched.sandbox).rowcol("run"), 1)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = _assert_refused(Machine(tmp_path, None).rowcol("sandbox", "serve", "--port", str(port)), 1)  # type: ignore[arg-type]
    assert str(port) in told


@pytest.mark.parametrize("field", ["client_secret", "refresh_token"])
def test_wrong_credentials_name_the_business_and_hold_up_nobody(copy: Machine, field: str) -> None:
    wrong, *others = copy.sandbox.credentials
    (copy.folder / "wrong.json").write_text(json.dumps({**wrong["credentials"], field: "canary-of-a-wrong-secret"}))
    onboarding = ("onboard", wrong["business_id"], "--rail", "qbo", "--credentials", "wrong.json", "--base-url", wrong["base_url"])
    assert "does not accept these credentials" in _assert_refused(copy.rowcol(*onboarding), 2)
    copy.succeed(*onboarding, "--no-check")
    # Later than any access token the home still has lives.
    copy.sandbox.post("advance", days=1)
    told = _assert_refused(copy.rowcol("sync"), 1)
    assert wrong["business_id"] in told
    assert not any(entry["business_id"] in told for entry in others)
    assert "canary" not in told
    served = {row for row in copy.served() if row[0] != wrong["business_id"]}
    assert {row for row in copy.raw() if row[0] != wrong["business_id"]} == served
    (copy.folder / "right.json").write_text(json.dumps(wrong["credentials"]))
    copy.succeed("onboard", wrong["business_id"], "--rail", "qbo", "--credentials", "right.json", "--base-url", wrong["base_url"])
    copy.succeed("sync")
    copy.assert_change_log_is_whole()


def test_a_full_disk_at_publish_keeps_the_former_files_and_the_next_publish_brings_the_new(copy: Machine) -> None:
    """A file-size limit of half a published file is a full disk to it, and to nothing else that a publish writes."""
    before = copy.published()
    smallest = min(path.stat().st_size for path in (copy.home / "published").rglob("rowcol_bi.duckdb"))
    with open_store(copy.settings) as store:
        store.grant("cleo", copy.businesses[0], "owner", copy.now())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (smallest // 2, limits[1]))
    try:
        with pytest.raises(RowcolError, match="not published, the former files stay: cleo") as caught:
            _publish(copy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value)
    assert copy.published() == before
    _publish(copy)
    assert set(copy.published()) == {"ann", "bob", "cleo"}


def _publish(made: Machine) -> None:
    raise_if_failed(run_job(made.settings, "cycle", assets=[["published", "advisors"]]))


def _assert_refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    told = done.stderr
    assert done.returncode == code, done.stdout + told
    assert "Traceback" not in told
    assert "unexpected" not in told
    return told
