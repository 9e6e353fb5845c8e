"""The models' documentation: one page on this machine that loads nothing from elsewhere, with a home's own tables where it has some."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest
from playwright.sync_api import expect

from ingestion.settings import Settings, child_environment
from rowcol_assets.serving import HOST
from tests.chromium import ELSEWHERE, Elsewhere, chromium, go_elsewhere

COMMAND = [sys.executable, "-m", "rowcol_assets.cli", "docs", "--port"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(home=tmp_path_factory.mktemp("docs") / "home", _env_file=None)
    settings.home.mkdir()
    with duckdb.connect(str(settings.warehouse_path)) as warehouse:
        warehouse.execute("create schema marts; create table marts.dim_business (business_id varchar, told_by_this_home integer)")
    process = subprocess.Popen([*COMMAND, "0"], env=child_environment(settings), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://[0-9.:]+", process.stdout.readline())
        assert found
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert not list(settings.home.glob("*.wal"))


def test_the_page_is_whole_and_tells_of_the_homes_own_tables(address: str) -> None:
    answer = httpx.get(f"{address}/", trust_env=False, timeout=60)
    assert answer.status_code == httpx.codes.OK
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "fct_runway_daily" in answer.text and "told_by_this_home" in answer.text
    assert httpx.get(f"{address}/../warehouse.duckdb", trust_env=False).status_code == httpx.codes.NOT_FOUND


def test_a_browser_shows_it_and_asks_nobody_else(address: str) -> None:
    with chromium() as browser:
        page = browser.new_page()
        elsewhere = Elsewhere(page, address)
        page.goto(f"{address}/#!/model/model.rowcol.fct_runway_daily")
        expect(page.get_by_text("runway_days_low", exact=True).first).to_be_visible(timeout=60_000)
        assert elsewhere.asked == []
        # Had it asked, it would have been heard.
        go_elsewhere(page)
        assert elsewhere.sent == [ELSEWHERE]


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, port], env=child_environment(Settings(home=tmp_path, _env_file=None)), capture_output=True, text=True, timeout=60
        )
    assert (done.returncode, done.stderr.strip()) == (1, f"rowcol: port {port} is in use: choose another with --port, or 0 for a free one")
