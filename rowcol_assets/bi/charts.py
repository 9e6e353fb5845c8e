"""What Superset is told for each kind of chart. Which charts there are is in `dashboards/`.

A metric goes by its heading: Superset writes the name itself into legends and tips.
"""

from __future__ import annotations

import json
from typing import Any

from rowcol_assets.bi.model import FORMATS, NEWEST, Bars, Chart, Column, Dataset, Lines, Metric, Number, Ranking, Sums, Table

DATE_FORMAT = "%Y-%m-%d"
INSTANT_FORMAT = "%Y-%m-%d %H:%M"
# Points of a chart, and rows of sums: as many as the server gives.
MOST_ROWS = 10_000


def parameters(chart: Chart) -> tuple[str, dict[str, Any]]:
    """The kind of chart by Superset's name, and its settings."""
    kind, settings = _of_kind(chart)
    return kind, {**settings, "adhoc_filters": _filters(chart.dataset)}


def words_of(chart: Chart) -> str:
    """What stands beside a chart: what to know when reading it, and why nothing may be there."""
    return " ".join(words for words in (chart.note, chart.empty) if words)


def _filters(dataset: Dataset) -> list[dict[str, Any]]:
    """The place the page's date filter takes: Superset narrows by it only where a chart has a range of its own, and shows all else."""
    if dataset.date is None:
        return []
    return [
        {"clause": "WHERE", "expressionType": "SIMPLE", "operator": "TEMPORAL_RANGE", "subject": dataset.date, "comparator": "No filter"}
    ]


def _of_kind(chart: Chart) -> tuple[str, dict[str, Any]]:
    if isinstance(chart, Table):
        return "table", _table(chart)
    if isinstance(chart, Sums):
        return "table", _sums(chart)
    if isinstance(chart, Number):
        return "big_number_total", _number(chart)
    if isinstance(chart, Bars):
        return "echarts_timeseries_bar", _bars(chart)
    if isinstance(chart, Ranking):
        return "echarts_timeseries_bar", _ranking(chart)
    return "echarts_timeseries_line", _lines(chart)


def _table(chart: Table) -> dict[str, Any]:
    return {
        "query_mode": "raw",
        "all_columns": list(chart.columns),
        "order_by_cols": [json.dumps([name.removeprefix("-"), not name.startswith("-")]) for name in chart.order],
        "row_limit": chart.rows,
        "server_pagination": False,
        "page_length": 25,
        "include_search": True,
        "table_timestamp_format": _timestamp_format(chart.dataset, chart.columns),
        "column_config": _column_config(chart.dataset, chart.columns),
        # Words and numbers say it; bars and colours behind cells would say it again, or something else.
        "show_cell_bars": False,
        "color_pn": False,
        "allow_rearrange_columns": False,
        # A name that looks like markup is a name; where there are links, `bundle` keeps it one.
        "allow_render_html": chart.dataset.has_links,
    }


def _sums(chart: Sums) -> dict[str, Any]:
    metrics = [_metric(chart.dataset, name) for name in chart.metrics]
    return {
        "query_mode": "aggregate",
        "groupby": list(chart.by),
        "metrics": [metric.heading for metric in metrics],
        "row_limit": MOST_ROWS,
        "page_length": 0,
        "include_search": False,
        "allow_render_html": False,
        "show_cell_bars": False,
        "color_pn": False,
        "table_timestamp_format": _timestamp_format(chart.dataset, chart.by),
        "column_config": {metric.heading: {"d3NumberFormat": FORMATS[metric.kind]} for metric in metrics if metric.kind in FORMATS},
    }


def _number(chart: Number) -> dict[str, Any]:
    metric = _metric(chart.dataset, chart.metric)
    return {
        "metric": metric.heading,
        "subtitle": chart.words,
        "y_axis_format": FORMATS.get(metric.kind, ",d"),
        "header_font_size": 0.4,
        "subtitle_font_size": 0.125,
    }


def _bars(chart: Bars) -> dict[str, Any]:
    metric = _metric(chart.dataset, chart.metric)
    return {
        "x_axis": chart.x,
        "metrics": [metric.heading],
        "groupby": list(chart.by),
        "row_limit": MOST_ROWS,
        "orientation": "vertical",
        "stack": "Stack" if chart.by else None,
        "show_value": True,
        "show_legend": bool(chart.by),
        "only_total": False,
        "rich_tooltip": True,
        "y_axis_format": FORMATS.get(metric.kind, ",d"),
        "x_axis_time_format": DATE_FORMAT,
        "x_axis_sort": chart.x if not chart.by else None,
        "x_axis_sort_asc": True,
        "xAxisForceCategorical": True,
    }


def _ranking(chart: Ranking) -> dict[str, Any]:
    metric = _metric(chart.dataset, chart.metric)
    return {
        "x_axis": "client",
        "metrics": [metric.heading],
        "groupby": [],
        "row_limit": chart.clients,
        "order_desc": not chart.least_first,
        "orientation": "horizontal",
        "show_value": True,
        "show_legend": False,
        "rich_tooltip": True,
        "y_axis_format": FORMATS.get(metric.kind, ",d"),
        # The axis of bars that lie begins below.
        "x_axis_sort": metric.heading,
        "x_axis_sort_asc": not chart.least_first,
        "xAxisForceCategorical": True,
    }


def _lines(chart: Lines) -> dict[str, Any]:
    metrics = [_metric(chart.dataset, name) for name in chart.metrics]
    return {
        "x_axis": chart.dataset.date,
        "time_grain_sqla": "P1D",
        "metrics": [metric.heading for metric in metrics],
        "groupby": list(chart.by),
        "row_limit": MOST_ROWS,
        # What rows are ordered by before the limit, descending.
        "timeseries_limit_metric": NEWEST.heading,
        "order_desc": True,
        "markerEnabled": True,
        "show_legend": True,
        "rich_tooltip": True,
        "y_axis_format": FORMATS.get(metrics[0].kind, ",d"),
        "x_axis_time_format": DATE_FORMAT,
        "truncateYAxis": False,
    }


def _metric(dataset: Dataset, name: str) -> Metric:
    return next(metric for metric in dataset.metrics if metric.name == name)


def _columns(dataset: Dataset, names: tuple[str, ...]) -> list[Column]:
    return [column for column in dataset.columns if column.name in names]


def _timestamp_format(dataset: Dataset, names: tuple[str, ...]) -> str:
    """One format for a whole table, by what it shows: a table of dates would else show midnights."""
    return INSTANT_FORMAT if any(column.kind == "instant" for column in _columns(dataset, names)) else DATE_FORMAT


def _column_config(dataset: Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    """Number formats, and room for what would else be broken over many lines."""
    config: dict[str, dict[str, Any]] = {}
    for column in _columns(dataset, names):
        own = ({"d3NumberFormat": FORMATS[column.kind]} if column.kind in FORMATS else {}) | (
            {"columnWidth": column.width} if column.width else {}
        )
        if own:
            config[column.name] = own
    return config
