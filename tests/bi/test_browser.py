"""The dashboards in Debian's Chromium: they open without an error, say what the file says, and load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect, sync_playwright

from rowcol_assets.bi.dashboards import DASHBOARDS
from tests.bi.conftest import PASSWORD, Served

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 120_000


class Browser:
    """A page after ann's login, with what went wrong on it since it was last asked."""

    def __init__(self, served: Served, page: Page) -> None:
        self.served, self.page = served, page
        self.failed: list[str] = []
        self.elsewhere: list[str] = []
        page.on("response", self._heard)
        page.goto(f"{served.address}/login/")
        page.fill("#username", "ann")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard/portfolio/**", timeout=PATIENCE_MS)

    def _heard(self, response: Response) -> None:
        if not response.url.startswith((self.served.address, "data:", "blob:")):
            self.elsewhere.append(response.url)
        # A page offers to keep the colours it gave to names; an advisor's login changes nothing, so that is refused.
        if "/api/" in response.url and "/colors?" not in response.url and response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")

    def open(self, slug: str, charts: int) -> None:
        """Opens a dashboard and waits until none of its charts is loading."""
        self.failed.clear()
        self.page.goto(f"{self.served.address}/superset/dashboard/{slug}/")
        expect(self.page.locator(".dashboard-chart")).to_have_count(charts, timeout=PATIENCE_MS)
        expect(self.page.locator(".dashboard-chart .loading")).to_have_count(0, timeout=PATIENCE_MS)
        self.page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not installed: .ci/setup installs it where it can")
    with sync_playwright() as driver:
        # Without its sandbox it runs as root too, on a page that is our own; no other host has a name for it.
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        running = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        try:
            yield Browser(served, running.new_page(viewport={"width": 1500, "height": 2600}))
        finally:
            running.close()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.slug)
def test_a_dashboard_opens_without_an_error(browser: Browser, dashboard: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    one = next(found for found in DASHBOARDS if found is dashboard)
    browser.open(one.slug, len(one.charts))
    # Kept with the test's other files, for whoever looks; not in the project.
    browser.page.screenshot(path=str(tmp_path_factory.getbasetemp() / f"{one.slug}.png"), full_page=True)
    assert browser.failed == []
    assert browser.elsewhere == []
    assert "Cogwheel Secret" not in browser.page.content()


def test_the_portfolio_says_what_the_file_says(browser: Browser) -> None:
    browser.open("portfolio", len(DASHBOARDS[0].charts))
    text = browser.page.inner_text("body")
    # Acme, Bolt, and the sum of all three to the cent.
    for words in ("Acme", "12.5", "1,000.01", "warning", "Bolt", "250.10", "1,257.11"):
        assert words in text
    # A name that looks like markup is shown and does nothing.
    assert "O'Hara" in text
