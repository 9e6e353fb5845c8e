"""The dashboards of an advisor with 100 clients, in a browser while cycles run: how soon they are there, whether a chart ever fails.

Wants what `make bi` installs and Debian's Chromium; without them it says so and measures nothing. What the pages show is in tests/bi.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Request, ViewportSize, expect

from ingestion.errors import RowcolError
from ingestion.settings import Settings, child_environment
from rowcol_assets.bi.dashboards import DASHBOARDS
from rowcol_assets.bi.server import check_environment
from sandbox.server import Running, start
from tests.benchmarks.cycle import BUSINESSES, CHANGED_SHARE
from tests.benchmarks.homes import ADVISOR, ALL_RAILS, command, connected_home, started
from tests.benchmarks.results import Result, bounded, median, percentile
from tests.bi.browsing import PATIENCE_MS, Browser
from tests.chromium import CHROMIUM, UNTOLD, chromium

PASSWORD = "a password of the bench"
LAPTOP: ViewportSize = {"width": 1440, "height": 900}
# What was drawn and when, which a page tells the server a second after the last of it.
AFTERWARDS = "/superset/log/"
IS_DRAWN = """() => [...document.querySelectorAll(".dashboard-chart .loading")].every(
    waiting => waiting.getBoundingClientRect().top > innerHeight
)"""
SOAK_SECONDS = 600.0
START_SECONDS, COLD_SECONDS, WARM_SECONDS = 30, 3, 1


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Opens each dashboard anew and again, in turns, for ten minutes in which one cycle follows the other."""
    try:
        check_environment()
    except RowcolError as error:
        say(f"not measured: {error}")
        return []
    if not CHROMIUM.is_file():
        say(f"not measured: {CHROMIUM} is not installed")
        return []
    with start(folder / "dashboards-world", seed=8, businesses=BUSINESSES) as running:
        settings = connected_home(folder / "dashboards", running, ALL_RAILS)
        say(f"first cycle {command(settings, 'run').seconds:.1f} s")
        _set_password(settings)
        with _served(settings) as (_, first):
            say(f"first start {first:.1f} s")
        with _served(settings) as (address, later), chromium(UNTOLD) as browser, _cycles(settings, running) as ended:
            cold: list[float] = []
            warm: list[float] = []
            failed: list[str] = []
            deadline = time.monotonic() + SOAK_SECONDS
            while time.monotonic() < deadline:
                context = browser.new_context(viewport=LAPTOP)  # nothing in its cache
                page = Browser(address, context.new_page(), ADVISOR, PASSWORD)
                for opened in (cold, warm):
                    for one in DASHBOARDS:
                        opened.append(_open(page.page, f"{address}/superset/dashboard/{one.slug}/"))
                failed += page.failed
                context.close()
            cycles = len(ended)
            say(f"{len(cold)} openings anew, {len(warm)} again, during {cycles} cycles; slowest {max(cold):.1f} and {max(warm):.1f} s")
    for address in failed:
        say(f"failed: {address}")
    return [
        bounded("dashboards' later start", later, "s", START_SECONDS, has_target=True),
        bounded("a dashboard of 100 clients anew, p95 during cycles", percentile(cold, 0.95), "s", COLD_SECONDS, has_target=True),
        bounded("the same again, median", median(warm), "s", WARM_SECONDS, has_target=True),
        Result(f"failed requests in {SOAK_SECONDS / 60:.0f} min of cycles", len(failed), "", "0", not failed and cycles > 0),
    ]


def _set_password(settings: Settings) -> None:
    asked = [sys.executable, "-m", "rowcol_assets.cli", "bi", "--password", ADVISOR]
    subprocess.run(asked, input=PASSWORD, env=child_environment(settings), capture_output=True, text=True, check=True)


@contextmanager
def _served(settings: Settings) -> Iterator[tuple[str, float]]:
    """`rowcol bi`: its address, and the seconds until it answered."""
    begun = time.perf_counter()
    with started(settings, "bi", "--port", "0") as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.match(r"The dashboards are at (http://\S+);", said)
            if found is None:
                raise RuntimeError(f"rowcol bi said {said!r}")
            yield found[1], time.perf_counter() - begun
        finally:
            process.terminate()
            process.communicate(timeout=60)


@contextmanager
def _cycles(settings: Settings, running: Running) -> Iterator[list[float]]:
    """One cycle after the other over what changes, in the background; yields the seconds of those that have ended, as they end."""
    enough = threading.Event()
    seconds: list[float] = []

    def cycle() -> None:
        while not enough.is_set():
            running.post("touch", share=CHANGED_SHARE)
            seconds.append(command(settings, "run").seconds)

    with ThreadPoolExecutor(1) as pool:
        cycling = pool.submit(cycle)
        try:
            yield seconds
        finally:
            enough.set()
        cycling.result()


def _open(page: Page, address: str) -> float:
    """Seconds until the last answer for what is on the screen of the dashboard at `address` was there."""
    answered: list[float] = []

    def hear(request: Request) -> None:
        if AFTERWARDS not in request.url:
            answered.append(time.perf_counter())

    page.on("requestfinished", hear)
    begun = time.perf_counter()
    page.goto(address)
    expect(page.locator(".dashboard-chart").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_function(IS_DRAWN, timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
    page.wait_for_function(IS_DRAWN, timeout=PATIENCE_MS)
    page.remove_listener("requestfinished", hear)
    return answered[-1] - begun
