"""Debian's Chromium for tests of pages, and what a page asked of anybody else; what the pages are to show is with their tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# Without its sandbox it runs as root too, on pages that are our own; no other host has a name for it.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
# Superset draws a whole page at once for a browser that says it is driven, and for a person what is near the screen.
UNTOLD = "--disable-blink-features=AutomationControlled"
ELSEWHERE = "http://elsewhere.invalid/"


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A running browser, with `more` arguments; the test is skipped with the reason where it is not installed."""
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not installed: .ci/setup installs it where it can")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, *more])
        try:
            yield running
        finally:
            running.close()


class Elsewhere:
    """What a page asks of anybody but the server at `address`, from now on.

    Requests are listened to and not responses: nobody else can be reached here, so that nobody else would ever answer.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.own = (f"{address}/", "data:", "blob:")
        self.asked: list[Request] = []
        page.on("request", self._hear)

    def _hear(self, request: Request) -> None:
        if not request.url.startswith(self.own):
            self.asked.append(request)

    @property
    def sent(self) -> list[str]:
        """The addresses of those that the page's own policy did not stop within the browser."""
        return [request.url for request in self.asked if request.failure != "csp"]

    @property
    def stopped(self) -> list[str]:
        """The addresses of those it did."""
        return [request.url for request in self.asked if request.failure == "csp"]


def go_elsewhere(page: Page) -> None:
    """Has `page` ask for another host's page, which no policy of its own stops, and waits until that has failed."""
    with page.expect_event("requestfailed"):
        page.evaluate("address => { location.href = address }", ELSEWHERE)
