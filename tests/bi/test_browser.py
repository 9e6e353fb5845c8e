"""The dashboards in Debian's Chromium: they open without an error, say what the file says, and load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import playwright.sync_api
import pytest
from playwright.sync_api import expect

from rowcol_assets.bi.dashboards import DASHBOARDS
from rowcol_assets.bi.model import Number
from rowcol_assets.publishing import open_published
from tests.bi.browsing import PATIENCE_MS, Browser
from tests.bi.conftest import PASSWORD, Served
from tests.bi.published import URL
from tests.chromium import chromium

SIZE: playwright.sync_api.ViewportSize = {"width": 1500, "height": 2600}
# Superset's makers count installations by a picture that its built pages ask for and no setting leaves out.
USAGE_PIXEL = "https://apachesuperset.gateway.scarf.sh"


@pytest.fixture(scope="module")
def running() -> Iterator[playwright.sync_api.Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def browser(served: Served, running: playwright.sync_api.Browser) -> Browser:
    return Browser(served.address, running.new_page(viewport=SIZE), "ann", PASSWORD)


PAGES = {dashboard.slug: dashboard for dashboard in DASHBOARDS}
PORTFOLIO = PAGES["portfolio"]


@pytest.mark.parametrize("slug", PAGES)
def test_a_dashboard_opens_without_an_error(browser: Browser, slug: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    browser.open(PAGES[slug])
    for number, tab in enumerate(PAGES[slug].tabs):
        browser.turn_to(tab)
        # Kept with the test's other files, for whoever looks; not in the project.
        browser.page.screenshot(path=str(tmp_path_factory.getbasetemp() / f"{slug}-{number}.png"), full_page=True)
    assert browser.failed == []
    assert browser.elsewhere.sent == []
    assert {address.split("/pixel/")[0] for address in browser.elsewhere.stopped} == {USAGE_PIXEL}, "heard, and not sent"
    assert "Cogwheel Secret" not in browser.page.content()


def test_the_portfolio_says_what_the_file_says(browser: Browser) -> None:
    browser.open(PORTFOLIO)
    text = browser.page.inner_text("body")
    # Acme, Bolt, and the sum of all three to the cent.
    for words in ("Acme", "12.5", "1,000.01", "warning", "Bolt", "250.10", "1,257.11"):
        assert words in text
    # A name that looks like markup is shown and does nothing.
    assert "O'Hara" in text


# Of each dashboard a chart's title, and the query that gives what it must say: of ann's own clients alone.
HEADLINES = {
    "portfolio": {
        "Clients": "select count(*)::varchar from marts.dim_business",
        "Running out of cash": "select count(*)::varchar from experiences.portfolio where runway_status in ('critical', 'warning')",
        "Not up to date": "select count(*)::varchar from experiences.portfolio where freshness_state != 'fresh'",
    },
    "cash-and-forecast": {
        "Cash by currency": """select format('{:,.2f}', sum(cash)::double), format('{:,.2f}', sum(spendable)::double)
            from marts.fct_runway_daily where as_of_date = (select max(as_of_date) from marts.fct_runway_daily)""",
        "Forecast by week": """select format('{:,.2f}', closing_p10_amount::double), format('{:,.2f}', closing_p50_amount::double),
            format('{:,.2f}', closing_p90_amount::double) from marts.fct_cash_forecast""",
    },
    "receivables-and-payables": {
        "Open bills": """select format('{:,.2f}', sum(open_amount)::double),
            format('{:,.2f}', sum(open_amount) filter (document_type = 'bill' and days_past_due > 0)::double),
            format('{:,.2f}', sum(open_amount) filter (document_type = 'vendor_credit')::double) from marts.fct_ap_aging""",
        "Open invoices": "select format('{:,.2f}', sum(open_amount)::double) from marts.fct_ar_aging",
        "Bills ready to pay": "select count(*)::varchar from marts.fct_payment_ready_bills where is_payment_ready",
        "Overdue invoices": "select count(*)::varchar from marts.fct_overdue_invoices where standing = 'to_ask'",
    },
    "hygiene": {
        "Lowest score": "select min(hygiene_score)::varchar from marts.fct_hygiene_score",
        "Open flags": "select count(*)::varchar from experiences.hygiene_tray",
        "Blocking flags": "select count(*)::varchar from experiences.hygiene_tray where is_blocking",
        "Could not be checked": "select sum(checks_errored)::varchar from marts.fct_hygiene_score",
    },
    "custody-and-reconciliation": {
        "Stuck payments": "select count(*)::varchar from marts.fct_custody_chain where stuck_stage is not null",
        "Unmatched value at the bank": """select format('{:,.2f}', sum(total_amount)::double),
            format('{:,.2f}', sum(unmatched_in_amount)::double), format('{:,.2f}', sum(unmatched_out_amount)::double)
            from marts.fct_bank_closure""",
        "Matched at the bank": """select format('{:.1f}%', (100 * sum(matched_count) / sum(transaction_count))::double)
            from marts.fct_bank_closure""",
    },
    "trust": {
        "Not fresh": "select count(*)::varchar from marts.fct_rail_freshness where freshness_state not in ('fresh', 'disabled')",
        "Never read": "select count(*)::varchar from marts.fct_rail_freshness where freshness_state = 'never_synced'",
        "Oldest sync": "select format('{:,}', max(sync_age_minutes)) from marts.fct_rail_freshness where freshness_state != 'disabled'",
        "Failing connections": "select count(*)::varchar from marts.fct_connection_health where consecutive_failures > 0",
    },
}


@pytest.mark.parametrize("slug", HEADLINES)
def test_the_headlines_of_a_dashboard_are_those_of_the_file(browser: Browser, served: Served, slug: str) -> None:
    browser.open(PAGES[slug])
    titles = [chart.title for chart in PAGES[slug].charts]
    assert all(titles.count(title) == 1 for title in HEADLINES[slug])
    with open_published(served.world.settings.published_dir / "ann") as file:
        for tab in PAGES[slug].tabs:
            browser.turn_to(tab)
            for chart in tab.charts:
                if chart.title not in HEADLINES[slug]:
                    continue
                expected = file.execute(HEADLINES[slug][chart.title]).fetchall()[0]
                if isinstance(chart, Number):
                    assert (browser.number(chart.title),) == expected, chart.title
                else:
                    said = browser.chart(chart.title)
                    assert all(value in said for value in expected), (chart.title, expected, said)


def _only(client: str) -> str:
    """What an address says besides where its page is to show one client alone."""
    state = f"extraFormData:(filters:!((col:client,op:IN,val:!('{client}')))),filterState:(label:'{client}',value:!('{client}'))"
    return f"?native_filters={quote(f'(NATIVE_FILTER-client:({state},id:NATIVE_FILTER-client,ownState:()))')}"


def test_a_tab_asks_for_its_charts_when_it_is_opened_and_for_the_client_the_page_is_of(browser: Browser) -> None:
    asked: set[str] = set()

    def hear(request: playwright.sync_api.Request) -> None:
        if "/api/v1/chart/data?form_data" in request.url:
            asked.add(request.url)

    first, second = PORTFOLIO.tabs
    browser.page.on("request", hear)
    browser.open(PORTFOLIO, _only("Bolt"))
    assert len(asked) == len(first.charts)
    asked.clear()
    browser.turn_to(second)
    browser.page.remove_listener("request", hear)
    assert len(asked) == len(second.charts)
    fresh = browser.holder("How fresh and how clean")
    expect(fresh).to_contain_text("Bolt", timeout=PATIENCE_MS)
    expect(fresh).not_to_contain_text("Acme")
    assert browser.failed == []


def test_another_advisors_client_is_found_by_no_address_no_filter_and_no_search(browser: Browser) -> None:
    browser.open(PORTFOLIO, _only("Cogwheel Secret"))
    assert browser.number("Clients") == "0", "the address does narrow, and to nothing"
    assert not any(foreign in browser.page.inner_text("body") for foreign in ("99.99", "77,777.77"))

    browser.open(PORTFOLIO)
    page = browser.page
    choice = page.locator("#NATIVE_FILTER-client")
    choice.click()
    expect(page.locator(".ant-select-item-option")).to_have_count(3, timeout=PATIENCE_MS)
    choice.fill("Cogwheel")
    expect(page.locator(".ant-select-item-option", has_text="Cogwheel Secret")).to_have_count(0)
    page.keyboard.press("Escape")

    table = browser.holder("Who runs out first")
    search = table.get_by_placeholder("records...")
    search.fill("Acme")
    expect(table.locator("tbody")).not_to_contain_text("Bolt")
    search.fill("Cogwheel")
    expect(table.locator("tbody")).not_to_contain_text("Acme")
    assert "Secret" not in table.inner_text()


def test_a_second_advisor_sees_their_own_client_alone(running: playwright.sync_api.Browser, served: Served) -> None:
    context = running.new_context(viewport=SIZE)
    bob = Browser(served.address, context.new_page(), "bob", PASSWORD)
    bob.open(PORTFOLIO)
    text = bob.page.inner_text("body")
    assert "Cogwheel Secret" in text and "99.99" in text
    assert not any(foreign in text for foreign in ("Acme", "Bolt", "O'Hara", "1,000.01"))
    assert bob.number("Clients") == "1" and bob.failed == []
    context.close()


def test_a_date_that_is_chosen_narrows_what_has_a_day(browser: Browser) -> None:
    browser.open(PAGES["custody-and-reconciliation"])
    page = browser.page
    assert "240.00" in browser.chart("Unmatched value at the bank")
    page.get_by_text("No filter").first.click()
    ranges = page.locator(".ant-popover").first
    ranges.locator(".ant-select").first.click()
    page.get_by_text("Last", exact=True).last.click()
    expect(ranges).to_contain_text("≤ col <", timeout=PATIENCE_MS)
    ranges.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Apply filters").click()
    # The rows are of a June long gone.
    table = browser.holder("Unmatched value at the bank")
    expect(table).to_contain_text("No results", timeout=PATIENCE_MS)
    expect(browser.holder("Exceptions")).not_to_contain_text("3", timeout=PATIENCE_MS)
    # Why a chart is empty stands below it.
    expect(page.get_by_text("Empty while no bank is connected.").first).to_be_visible()
    assert browser.failed == []


def test_a_link_leads_from_the_portfolio_to_a_page_of_the_client_alone_and_on_to_the_record(browser: Browser) -> None:
    browser.open(PORTFOLIO)
    row = browser.holder("Who runs out first").locator("tr", has_text="O'Hara")
    # A name that looks like markup is none, in a table that shows links.
    expect(row).to_contain_text("img src=x")
    assert browser.page.locator("td b, td img").count() == 0
    row.get_by_role("link", name="Trust").click()
    known = browser.holder("What to know first")
    expect(known).to_contain_text("O'Hara", timeout=PATIENCE_MS)
    expect(known).not_to_contain_text("Acme", timeout=PATIENCE_MS)

    browser.open(PORTFOLIO)
    browser.holder("Who runs out first").locator("tr", has_text="Acme").get_by_role("link", name="Bills").click()
    bills = browser.holder("Bills: ready or blocked")
    expect(bills.get_by_role("link", name="open").first).to_have_attribute("href", URL, timeout=PATIENCE_MS)
    # A name that looks like markup is none beside a link either.
    expect(bills).to_contain_text("b>Vend")
    assert browser.page.locator("td b, td img").count() == 0
    assert browser.failed == []
