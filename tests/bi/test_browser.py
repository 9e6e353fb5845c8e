"""The dashboards in Debian's Chromium: they open without an error, say what the file says, and load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect, sync_playwright

from rowcol_assets.bi.dashboards import DASHBOARDS
from rowcol_assets.publishing import open_published
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

    def chart(self, title: str) -> str:
        """What a chart of the open dashboard says, its title aside."""
        holder = self.page.locator(".dashboard-component-chart-holder").filter(has=self.page.get_by_text(title, exact=True))
        return holder.first.inner_text().replace(title, "", 1)


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


# Of each dashboard a chart's title, and the query that gives what it must say: of ann's own clients alone.
HEADLINES = {
    "cash-and-forecast": {
        "Cash by currency": """select format('{:,.2f}', sum(cash)::double), format('{:,.2f}', sum(spendable)::double)
            from marts.fct_runway_daily""",
        "Forecast by week": """select format('{:,.2f}', closing_p10_amount::double), format('{:,.2f}', closing_p50_amount::double),
            format('{:,.2f}', closing_p90_amount::double) from marts.fct_cash_forecast""",
    },
    "receivables-and-payables": {
        "Open bills": """select format('{:,.2f}', sum(open_amount)::double),
            format('{:,.2f}', sum(open_amount) filter (days_past_due > 0)::double) from marts.fct_ap_aging""",
        "Open invoices": "select format('{:,.2f}', sum(open_amount)::double) from marts.fct_ar_aging",
    },
    "hygiene": {
        "Lowest score": "select min(hygiene_score)::varchar from marts.fct_hygiene_score",
        "Open flags": "select count(*)::varchar from marts.fct_hygiene_flag where status = 'open'",
        "Blocking flags": "select count(*)::varchar from marts.fct_hygiene_flag where status = 'open' and is_blocking",
    },
    "custody-and-reconciliation": {
        "Stuck payments": "select count(*)::varchar from marts.fct_custody_chain where stuck_stage is not null",
        "Matched at the bank": "select (100 * sum(matched_count) // sum(transaction_count))::bigint::varchar from marts.fct_bank_closure",
    },
    "trust": {
        "Not fresh": "select count(*)::varchar from marts.fct_rail_freshness where freshness_state != 'fresh'",
        "Oldest sync": "select format('{:,}', max(sync_age_minutes)) from marts.fct_rail_freshness",
        "Failing connections": "select count(*)::varchar from marts.fct_connection_health where consecutive_failures > 0",
    },
}


@pytest.mark.parametrize("slug", HEADLINES)
def test_the_headlines_of_a_dashboard_are_those_of_the_file(browser: Browser, served: Served, slug: str) -> None:
    browser.open(slug, len(next(one for one in DASHBOARDS if one.slug == slug).charts))
    with open_published(served.world.settings.published_dir / "ann") as file:
        for title, query in HEADLINES[slug].items():
            said = browser.chart(title)
            expected = file.execute(query).fetchall()[0]
            assert all(value in said for value in expected), (title, expected, said)
