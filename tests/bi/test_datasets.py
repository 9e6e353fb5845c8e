"""What the dashboards' datasets say of a few published rows: totals, order, words, and links, asked of DuckDB without Superset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest

from rowcol_assets.bi.bundle import query_of
from rowcol_assets.bi.dashboards import CHOICES, DASHBOARDS, RAIL_CHOICES
from rowcol_assets.bi.model import Dataset
from tests.bi.published import CLIENTS, URL, create_tables, fill_tables

DATASETS = {chart.dataset.name: chart.dataset for dashboard in DASHBOARDS for chart in dashboard.charts}
DATASETS |= {dataset.name: dataset for dataset in (CHOICES, RAIL_CHOICES)}
# A tag begins with a letter, a slash, a mark or a question mark right behind the sign.
TAG = re.compile(r"<[a-zA-Z/!?]")


@pytest.fixture(scope="module")
def file() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_tables(connection)
        fill_tables(connection)
        yield connection


def totals(file: duckdb.DuckDBPyConnection, name: str, *metrics: str, where: str = "true") -> tuple[Any, ...]:
    """Metrics of a dataset over all its rows, or those for which `where` holds."""
    dataset = DATASETS[name]
    wanted = [next(metric.sql for metric in dataset.metrics if metric.name == one) for one in metrics]
    (row,) = file.execute(f"select {', '.join(wanted)} from ({query_of(dataset)}) where {where}").fetchall()
    return tuple(row)


def column(file: duckdb.DuckDBPyConnection, name: str, columns: str, order: str = "all") -> list[Any]:
    """Columns of a dataset's rows: values where it is one, else tuples."""
    found = file.execute(f"select {columns} from ({query_of(DATASETS[name])}) order by {order}").fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def test_overdue_is_said_of_bills_and_all_less_credits_is_the_ledgers_total(file: duckdb.DuckDBPyConnection) -> None:
    metrics = ("documents", "documents_total", "overdue_total", "credits_total", "open_total")
    told = totals(file, "payables_aging", *metrics, where="business_id in ('acme', 'bolt')")
    assert told == (2, Decimal("500.05"), Decimal("410.25"), Decimal("-300.00"), Decimal("200.05"))


def test_an_invoice_paid_through_stripe_is_not_counted_and_comes_last(file: duckdb.DuckDBPyConnection) -> None:
    assert totals(file, "overdue_invoices", "invoices") == (1,)
    assert column(file, "overdue_invoices", "customer_name, standing", "standing desc") == [
        ("Owes", "to be asked for"),
        ("Has paid", "paid through Stripe, to be recorded"),
    ]


def test_of_a_settled_conflict_the_settled_value_counts_whoever_said_it(file: duckdb.DuckDBPyConnection) -> None:
    told = column(file, "conflicts", "value, said_by, winner_value, loser_value, state, rail", "state_rank")
    assert told == [
        ("2026-06-01", "QuickBooks", "2026-06-01", "2026-06-09", "open: contested", "QuickBooks"),
        ("110.00", "a person", "100.00", "120.00", "decided by a person", "QuickBooks"),
    ]
    assert totals(file, "conflicts", "open_conflicts", "contested") == (1, 1)


def test_what_was_put_aside_is_in_no_count_and_what_could_not_be_checked_is_told(file: duckdb.DuckDBPyConnection) -> None:
    assert totals(file, "hygiene_tray", "flags", "blocking") == (2, 1)
    assert totals(file, "hygiene_score", "could_not_run") == (1,)
    assert column(file, "hygiene_aside", "record_id, state") == [("2", "put aside"), ("5", "could not be checked")]


def test_the_trend_has_the_flags_that_are_gone_since(file: duckdb.DuckDBPyConnection) -> None:
    told = column(file, "hygiene_trend", "business_id, as_of_date::varchar, open_flags, hygiene_score", "business_id, as_of_date")
    assert told[:3] == [
        ("acme", "2026-06-25", 2, Decimal("44.0")),
        ("acme", "2026-06-30", 1, Decimal("61.5")),
        ("bolt", "2026-06-30", 1, Decimal("88.0")),
    ]


def test_a_paused_rail_breaks_no_promise_and_what_was_never_read_comes_first(file: duckdb.DuckDBPyConnection) -> None:
    assert totals(file, "rail_freshness", "not_fresh", "never_read", "oldest") == (3, 1, 1501)
    states = column(file, "rail_freshness", "freshness_state", "freshness_rank")
    assert states == ["never read", "stale", "aging", "fresh", "paused"]


def test_a_total_names_who_is_not_in_it(file: duckdb.DuckDBPyConnection) -> None:
    cash, missing, in_part = totals(file, "runway_latest", "cash_total", "not_known", "in_part", where="business_id <> 'cog'")
    assert (cash, in_part) == (Decimal("1250.11"), "Bolt")
    assert missing.endswith("O'Hara")
    assert totals(file, "runway_latest", "not_known", where="business_id = 'acme'") == ("none",)


def test_unmatched_value_is_told_in_and_out_and_adds_up(file: duckdb.DuckDBPyConnection) -> None:
    total, matched, money_in, money_out = totals(file, "bank_closure", "total", "matched", "unmatched_in", "unmatched_out")
    assert (money_in, money_out) == (Decimal("1040.00"), Decimal("-1000.00"))
    assert total == matched + money_in + money_out


def test_codes_are_said_in_words(file: duckdb.DuckDBPyConnection) -> None:
    told = {
        "What speaks against it": column(file, "decision_console", "rule_hits"),
        "What blocks it": column(file, "payment_ready_bills", "blocked_reasons", "readiness"),
        "Out of order": column(file, "stuck_payments", "order_violations")[:1],
    }
    assert told == {
        "What speaks against it": ["The bill has no due date. Probable duplicate bill (H15)."],
        "What blocks it": [
            "A person entered the bill and the ledger does not have it yet: it is entered there, then paid. Probable duplicate bill (H15).",
            None,
        ],
        "Out of order": ["recorded never verified, paid while held"],
    }
    assert set(column(file, "exceptions", "kind")) == {"on one rail alone", "may still arrive", "vendor unknown to the ledger"}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_no_code_is_left_and_no_row_is_without_a_day(file: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    for one in dataset.columns:
        if one.words:
            assert file.execute(f"select {one.name} from ({query_of(dataset)}) where contains({one.name}, '_')").fetchall() == []
    if dataset.date:
        assert file.execute(f"select count(*) from ({query_of(dataset)}) where {dataset.date} is null").fetchall() == [(0,)]


def test_every_client_can_be_chosen_whatever_a_page_has_of_theirs(file: duckdb.DuckDBPyConnection) -> None:
    assert len(column(file, "clients", "client")) == len(CLIENTS)


def test_rails_that_are_connected_can_be_chosen_and_what_people_entered(file: duckdb.DuckDBPyConnection) -> None:
    choices = set(column(file, "rails", "rail"))
    assert choices == {"QuickBooks", "Ramp", "entered here"}
    assert set(column(file, "payment_ready_bills", "rail")) == {"QuickBooks", "entered here"}


def test_beside_links_a_name_stays_a_name(file: duckdb.DuckDBPyConnection) -> None:
    linked = [dataset for dataset in DATASETS.values() if dataset.has_links]
    assert {"portfolio", "payment_ready_bills"} <= {dataset.name for dataset in linked}
    for dataset in linked:
        texts = [one.name for one in dataset.columns if one.kind == "text"]
        for row in file.execute(f"select client, {', '.join(texts)} from ({query_of(dataset)})").fetchall():
            assert not [value for value in row if value and TAG.search(value)], dataset.name
    assert column(file, "payment_ready_bills", "vendor_name")[0].replace("\u200b", "") == "<b>Vend</b> & Co"


def test_a_link_leads_to_the_record_and_to_the_other_pages_with_the_client_chosen(file: duckdb.DuckDBPyConnection) -> None:
    for dataset in ("overdue_invoices", "stuck_payments", "exceptions"):
        assert column(file, dataset, "link")[0] == f'<a href="{URL}" target="_blank">open</a>'
    names = dict(column(file, "portfolio", "business_id, client"))
    for business, more in column(file, "portfolio", "business_id, more"):
        found = re.findall(r'<a href="(/superset/dashboard/[a-z-]+/)\?native_filters=([^"<>\' ]+)">', more)
        assert [page for page, _ in found] == [f"/superset/dashboard/{one.slug}/" for one in DASHBOARDS[1:]]
        escaped = names[business].replace("!", "!!").replace("'", "!'")
        assert all(f"val:!('{escaped}')" in unquote(chosen) for _, chosen in found)
