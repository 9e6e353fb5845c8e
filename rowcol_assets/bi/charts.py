"""What Superset is told for each kind of chart. Which charts there are is in `dashboards/`."""

from __future__ import annotations

import json
from typing import Any

from rowcol_assets.bi.model import FORMATS, Bars, Chart, Column, Dataset, Lines, Number, Sums, Table

DATE_FORMAT = "%Y-%m-%d"
INSTANT_FORMAT = "%Y-%m-%d %H:%M"


def parameters(chart: Chart) -> tuple[str, dict[str, Any]]:
    """The kind of chart by Superset's name, and its settings."""
    if isinstance(chart, Table):
        return "table", _table(chart)
    if isinstance(chart, Sums):
        return "table", _sums(chart)
    if isinstance(chart, Number):
        return "big_number_total", _number(chart)
    if isinstance(chart, Bars):
        return "echarts_timeseries_bar", _bars(chart)
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
        # A name that looks like markup is a name.
        "allow_render_html": False,
    }


def _sums(chart: Sums) -> dict[str, Any]:
    return {
        "query_mode": "aggregate",
        "groupby": list(chart.by),
        "metrics": list(chart.metrics),
        "row_limit": 1000,
        "page_length": 25,
        "include_search": False,
        "allow_render_html": False,
        "show_cell_bars": False,
        "color_pn": False,
        "table_timestamp_format": _timestamp_format(chart.dataset, chart.by),
        "column_config": {
            metric.name: {"d3NumberFormat": FORMATS[metric.kind]} for metric in chart.dataset.metrics if metric.kind in FORMATS
        },
    }


def _number(chart: Number) -> dict[str, Any]:
    kind = next(metric.kind for metric in chart.dataset.metrics if metric.name == chart.metric)
    return {"metric": chart.metric, "subtitle": chart.words, "y_axis_format": FORMATS.get(kind, ",d"), "header_font_size": 0.4}


def _bars(chart: Bars) -> dict[str, Any]:
    kind = next(metric.kind for metric in chart.dataset.metrics if metric.name == chart.metric)
    return {
        "x_axis": chart.x,
        "metrics": [chart.metric],
        "groupby": list(chart.by),
        "row_limit": 1000,
        "orientation": "horizontal" if chart.horizontal else "vertical",
        "stack": "Stack" if chart.by else None,
        "show_value": True,
        "show_legend": bool(chart.by),
        "only_total": False,
        "rich_tooltip": True,
        "y_axis_format": FORMATS.get(kind, ",d"),
        "x_axis_time_format": DATE_FORMAT,
        "x_axis_sort": chart.x if not chart.by else None,
        "x_axis_sort_asc": True,
        "xAxisForceCategorical": True,
    }


def _lines(chart: Lines) -> dict[str, Any]:
    kind = next(metric.kind for metric in chart.dataset.metrics if metric.name == chart.metrics[0])
    return {
        "x_axis": chart.x,
        "time_grain_sqla": "P1D",
        "metrics": list(chart.metrics),
        "groupby": list(chart.by),
        "row_limit": 10_000,
        "markerEnabled": True,
        "show_legend": True,
        "rich_tooltip": True,
        "y_axis_format": FORMATS.get(kind, ",d"),
        "x_axis_time_format": DATE_FORMAT,
        "truncateYAxis": False,
    }


def _columns(dataset: Dataset, names: tuple[str, ...]) -> list[Column]:
    return [column for column in dataset.columns if column.name in names]


def _timestamp_format(dataset: Dataset, names: tuple[str, ...]) -> str:
    """One format for a whole table, by what it shows: a table of dates would else show midnights."""
    return INSTANT_FORMAT if any(column.kind == "instant" for column in _columns(dataset, names)) else DATE_FORMAT


def _column_config(dataset: Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    return {column.name: {"d3NumberFormat": FORMATS[column.kind]} for column in _columns(dataset, names) if column.kind in FORMATS}
