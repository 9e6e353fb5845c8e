"""What the dashboards read exists in the published contract, and the files Superset imports are those described."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest
import yaml

from rowcol_assets.bi.bundle import ASSETS, IDENTITY, files, identity, query_of
from rowcol_assets.bi.charts import parameters, words_of
from rowcol_assets.bi.dashboards import CHOICES, DASHBOARDS, RAIL_CHOICES
from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.layout import numbered
from rowcol_assets.bi.model import Bars, Chart, Dashboard, Dataset, Lines, Number, Ranking, Sums, Table
from rowcol_assets.transform import PROJECT_DIR
from tests.bi.published import create_tables

DATASETS = {chart.dataset.name: chart.dataset for dashboard in DASHBOARDS for chart in dashboard.charts}


@pytest.fixture(scope="module")
def contract() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_tables(connection)
        yield connection


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_a_dataset_reads_columns_that_are_published(contract: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    names = [column.name for column in (*IDENTITY, *dataset.columns)]
    metrics = [f"{metric.sql} as {metric.name}" for metric in dataset.metrics]
    contract.execute(f"select {', '.join(names)} from ({query_of(dataset)})")
    if metrics:
        contract.execute(f"select {', '.join(metrics)} from ({query_of(dataset)})")


def test_one_name_is_one_dataset_and_one_title_one_chart_of_a_page() -> None:
    for dashboard in DASHBOARDS:
        titles = [chart.title for chart in dashboard.charts]
        assert len(titles) == len(set(titles))
        for chart in dashboard.charts:
            assert chart.dataset == DATASETS[chart.dataset.name]


def test_a_chart_names_columns_and_metrics_of_its_dataset() -> None:
    for dashboard in DASHBOARDS:
        for chart in dashboard.charts:
            columns = {column.name for column in (*IDENTITY, *chart.dataset.columns)}
            metrics = {metric.name for metric in chart.dataset.metrics}
            shown, counted = _named(chart)
            assert shown <= columns, (dashboard.slug, chart.title)
            assert counted <= metrics, (dashboard.slug, chart.title)


def test_a_metric_is_shown_somewhere() -> None:
    described = {(dataset.name, metric.name) for dataset in DATASETS.values() for metric in dataset.metrics}
    shown = {(chart.dataset.name, name) for dashboard in DASHBOARDS for chart in dashboard.charts for name in _named(chart)[1]}
    assert described == shown


def test_a_metric_goes_by_a_heading_of_its_own() -> None:
    for dataset in DATASETS.values():
        headings = [metric.heading for metric in dataset.all_metrics]
        assert len(headings) == len(set(headings)), dataset.name


def test_every_page_begins_with_what_to_know_and_every_chart_says_why_it_may_be_empty() -> None:
    for dashboard in DASHBOARDS:
        assert dashboard.charts[0] is KNOW_FIRST
        texts = {
            node["meta"]["code"]
            for node in yaml.safe_load(files()[f"dashboards/{dashboard.slug}.yaml"])["position"].values()
            if isinstance(node, dict) and node["type"] == "MARKDOWN"
        }
        for chart in dashboard.charts:
            # A number is there even where it is zero.
            if not isinstance(chart, Number):
                assert chart.empty.startswith(("Empty", "Without")), chart.title
                assert words_of(chart) in texts


def test_a_page_begins_with_few_charts_and_without_lines_by_client() -> None:
    """What a page costs when it is opened: three hundred lines, three to a client, took a browser half of ten seconds."""
    for dashboard in DASHBOARDS:
        first = dashboard.tabs[0].charts
        assert len(first) <= 8, dashboard.slug
        assert not any(isinstance(chart, Lines) for chart in first), dashboard.slug
        assert len({tab.title for tab in dashboard.tabs}) == len(dashboard.tabs)


def test_a_filter_reaches_the_charts_it_says_and_these_can_be_filtered() -> None:
    for dashboard in DASHBOARDS:
        metadata = yaml.safe_load(files()[f"dashboards/{dashboard.slug}.yaml"])["metadata"]
        found = {one["name"]: one for one in metadata["native_filter_configuration"]}
        numbers = numbered(dashboard)
        assert list(found) == ["Client", "Rail", "Date"]
        assert found["Client"]["targets"] == [{"datasetUuid": identity("dataset", CHOICES.name), "column": {"name": "client"}}]
        assert found["Rail"]["targets"] == [{"datasetUuid": identity("dataset", RAIL_CHOICES.name), "column": {"name": "rail"}}]
        for chart in dashboard.charts:
            number = numbers[id(chart)]
            assert number not in found["Client"]["scope"]["excluded"]
            assert (number in found["Rail"]["scope"]["excluded"]) == (not chart.dataset.has_rail)
            assert (number in found["Date"]["scope"]["excluded"]) == (chart.dataset.date is None)
            ranges = [one["subject"] for one in parameters(chart)[1]["adhoc_filters"] if one["operator"] == "TEMPORAL_RANGE"]
            assert ranges == ([chart.dataset.date] if chart.dataset.date else [])


def test_where_a_list_is_cut_the_oldest_and_the_least_pressing_are_left_out() -> None:
    for dashboard in DASHBOARDS:
        for chart in dashboard.charts:
            if isinstance(chart, Lines):
                assert parameters(chart)[1]["timeseries_limit_metric"] == "Newest day"
            if isinstance(chart, Ranking):
                told = parameters(chart)[1]
                assert told["order_desc"] == told["x_axis_sort_asc"] == (chart.dataset.name != "portfolio")
            if isinstance(chart, Table):
                assert chart.order[0] != "client" or chart.dataset.name == "portfolio", chart.title


def test_a_client_without_a_rail_or_a_login_without_clients_is_told(contract: duckdb.DuckDBPyConnection) -> None:
    known = query_of(DATASETS["what_to_know_first"])
    (row,) = contract.execute(known).fetchall()
    assert row[0] == "" and "no clients" in row[4]
    contract.execute("begin")
    contract.execute(
        "insert into marts.dim_business by name select 'acme' as business_id, 'Acme' as business_name, 'qbo,ramp' as rails_used"
    )
    contract.execute(
        "insert into experiences.portfolio by name "
        "select 'acme' as business_id, 'qbo,ramp' as degraded_rails, 'fresh' as freshness_state, 'EUR' as excluded_currencies"
    )
    told = contract.execute(f"select words from ({known}) order by words").fetchall()
    contract.execute("rollback")
    assert [words.split()[0] for (words,) in told] == ["Left", "Plaid", "Stripe", "The"]
    assert told[-1] == ("The last good data stands for: QuickBooks, Ramp",)


def test_an_invoice_that_is_paid_or_credited_is_shown_and_not_counted_among_those_to_ask_for(contract: duckdb.DuckDBPyConnection) -> None:
    overdue = DATASETS["overdue_invoices"]
    contract.execute("begin")
    contract.execute("insert into marts.dim_business by name select 'acme' as business_id, 'Acme' as business_name")
    for standing in ("paid_on_stripe", "to_ask", "to_ask", "covered", "uncollectible"):
        row = f"select 'acme' as business_id, '{standing}' as standing"
        contract.execute(f"insert into marts.fct_overdue_invoices by name {row}")
    (counted,) = contract.execute(f"select {overdue.metrics[0].sql} from ({query_of(overdue)})").fetchall()
    shown = contract.execute(f"select standing, count(*) from ({query_of(overdue)}) group by all order by all").fetchall()
    contract.execute("rollback")
    assert counted == (2,)
    assert shown == [
        ("given up on Stripe, to be written off", 1),
        ("paid or credited, to be applied", 1),
        ("paid through Stripe, to be recorded", 1),
        ("to be asked for", 2),
    ]


def test_each_dashboard_is_an_exposure_of_exactly_what_it_reads(contract: duckdb.DuckDBPyConnection) -> None:
    read = {f"dashboard_{dashboard.slug.replace('-', '_')}": _relations(contract, dashboard) for dashboard in DASHBOARDS}
    published = {
        f"{schema}.{table}" for schema, table in contract.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    }
    assert set().union(*read.values()) <= published
    declared = yaml.safe_load((PROJECT_DIR / "models" / "experiences" / "_exposures.yml").read_text(encoding="utf-8"))["exposures"]
    exposed = {
        exposure["name"]: {match for reference in exposure["depends_on"] for match in re.findall(r"^ref\('(\w+)'\)$", reference)}
        for exposure in declared
        if exposure["name"].startswith("dashboard_")
    }
    assert exposed == {name: {relation.split(".")[1] for relation in relations} for name, relations in read.items()}


def test_the_files_are_what_is_described() -> None:
    written = {str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.yaml")}
    assert written == files(), "python -m rowcol_assets.bi.bundle writes them anew"


def _relations(contract: duckdb.DuckDBPyConnection, dashboard: Dashboard) -> set[str]:
    """The relations a dashboard's datasets name, without the alias DuckDB tells with a name."""
    named = {name for chart in dashboard.charts for name in contract.get_table_names(query_of(chart.dataset), qualified=True)}
    return {name.split()[0] for name in named}


def _named(chart: Chart) -> tuple[set[str], set[str]]:
    """The columns and metrics a chart names."""
    if isinstance(chart, Table):
        return {*chart.columns, *(name.removeprefix("-") for name in chart.order)}, set()
    if isinstance(chart, Sums):
        return set(chart.by), set(chart.metrics)
    if isinstance(chart, Number):
        return set(), {chart.metric}
    if isinstance(chart, Ranking):
        return {"client"}, {chart.metric}
    if isinstance(chart, Bars):
        return {chart.x, *chart.by}, {chart.metric}
    assert isinstance(chart, Lines)
    assert chart.dataset.date is not None
    return {chart.dataset.date, *chart.by}, set(chart.metrics)
