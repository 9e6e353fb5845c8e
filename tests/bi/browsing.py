"""A browser's page on Superset's dashboards: logged in, one of them opened, what its charts say. What they must say is with the tests."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, Response, expect

from rowcol_assets.bi.model import Chart, Dashboard, Tab
from tests.chromium import Elsewhere

PATIENCE_MS = 120_000
# Of a page with tabs: a tab that was left stays on it, unseen.
OPEN_TAB = ".dashboard-component-tabs .ant-tabs-tabpane-active"


class Browser:
    """A page of the server at `address` after a login, with what went wrong on it since it was last asked."""

    def __init__(self, address: str, page: Page, login: str, password: str) -> None:
        self.address, self.page = address, page
        self.failed: list[str] = []
        self.elsewhere = Elsewhere(page, address)
        page.on("response", self._heard)
        page.goto(f"{address}/login/")
        page.fill("#username", login)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard/portfolio/**", timeout=PATIENCE_MS)

    def _heard(self, response: Response) -> None:
        # A page offers to keep the colours it gave to names; an advisor's login changes nothing, so that is refused.
        if "/api/" in response.url and "/colors?" not in response.url and response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")

    def open(self, dashboard: Dashboard, asking: str = "") -> None:
        """Opens a dashboard and waits until no chart of its first tab is loading; asking: what its address says besides."""
        self.failed.clear()
        self.page.goto(f"{self.address}/superset/dashboard/{dashboard.slug}/{asking}")
        self._wait_for(dashboard.tabs[0].charts)

    def turn_to(self, tab: Tab) -> None:
        """Opens a tab of the dashboard that is open and waits until none of its charts is loading."""
        self.page.get_by_role("tab").filter(has=self.page.get_by_text(tab.title, exact=True)).click()
        self._wait_for(tab.charts)

    def _wait_for(self, charts: list[Chart]) -> None:
        expect(self.page.locator(f"{OPEN_TAB} .dashboard-chart")).to_have_count(len(charts), timeout=PATIENCE_MS)
        expect(self.page.locator(f"{OPEN_TAB} .dashboard-chart .loading")).to_have_count(0, timeout=PATIENCE_MS)
        self.page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)

    def holder(self, title: str) -> Locator:
        """Where a chart of the open dashboard stands."""
        return self.page.locator(".dashboard-component-chart-holder").filter(has=self.page.get_by_text(title, exact=True)).first

    def chart(self, title: str) -> str:
        """What a chart of the open dashboard says, its title aside."""
        return self.holder(title).inner_text().replace(title, "", 1)

    def number(self, title: str) -> str:
        """What a chart of the open dashboard says that is one number."""
        named = self.page.locator(".dashboard-component-chart-holder").filter(has=self.page.get_by_text(title, exact=True))
        return named.filter(has=self.page.locator(".header-line")).locator(".header-line").first.inner_text()
