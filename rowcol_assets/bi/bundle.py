"""Writes the dashboards as the YAML files Superset imports: `python -m rowcol_assets.bi.bundle`.

The files are Superset's own export format, one per database, dataset, chart and dashboard, under `assets/`. Ids are derived
from names, so that importing again replaces what is there. What is shown is described in `dashboards/`.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import yaml

from rowcol_assets.bi.charts import parameters, words_of
from rowcol_assets.bi.colours import COLOURS
from rowcol_assets.bi.dashboards import CHOICES, DASHBOARDS, RAIL_CHOICES
from rowcol_assets.bi.layout import filters, position
from rowcol_assets.bi.links import plain
from rowcol_assets.bi.model import FORMATS, TYPES, Chart, Column, Dashboard, Dataset
from rowcol_assets.bi.words import said

ASSETS = Path(__file__).with_name("assets")
DATABASE = "Published file"
# Any fixed one: names are told apart within it.
NAMESPACE = uuid.UUID("3c1d2a5e-7a54-4a6e-9d0b-0b7a52c1b1aa")

# A client is shown by name, with the id only where two of the advisor's clients have the same name; the name is one beside links too.
NAME = """
            coalesce(business_name, business_id)
            || case when count(*) over (partition by business_name) > 1 then ' (' || business_id || ')' else '' end
        """
CLIENTS = f"""with clients as (
    select
        business_id as client_id,
        {plain(NAME)} as client
    from marts.dim_business
)
"""
IDENTITY = (Column("business_id", "Client id"), Column("client", "Client"))


def files() -> dict[str, str]:
    """Every asset file: its path below the assets folder, and its text."""
    contents: dict[str, Any] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/published_file.yaml": _database(),
        **{f"datasets/{dataset.name}.yaml": _dataset(dataset) for dataset in (CHOICES, RAIL_CHOICES)},
    }
    for dashboard in DASHBOARDS:
        for chart in dashboard.charts:
            contents[f"datasets/{chart.dataset.name}.yaml"] = _dataset(chart.dataset)
            contents[f"charts/{dashboard.slug}_{_file_name(chart.title)}.yaml"] = _chart(dashboard, chart)
        contents[f"dashboards/{dashboard.slug}.yaml"] = _dashboard(dashboard)
    return {path: yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140) for path, content in contents.items()}


def query_of(dataset: Dataset) -> str:
    """The SQL of a dataset: its columns with the client's name, from published relations alone."""
    if dataset.query:
        return CLIENTS + dataset.query
    own = [f"    {_expression(dataset, column)}" for column in dataset.columns]
    where = f"\nwhere {dataset.where}" if dataset.where else ""
    selected = ",\n".join(["    business_id", "    client", *own])
    return f"{CLIENTS}select\n{selected}\nfrom {dataset.relation}\ninner join clients on client_id = business_id{where}"


def _expression(dataset: Dataset, column: Column) -> str:
    """A column of a dataset's relation, its codes in words."""
    sql = column.sql or column.name
    if column.words:
        sql = said(sql, column.words)
    elif column.kind == "text" and dataset.has_links:
        sql = plain(sql)
    return sql if sql == column.name else f"{sql} as {column.name}"


def identity(kind: str, name: str) -> str:
    """The stable id of an asset."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def write(folder: Path = ASSETS) -> None:
    """Writes all files and removes what is no longer described."""
    wanted = files()
    for path in folder.rglob("*.yaml"):
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _database() -> dict[str, Any]:
    return {
        "database_name": DATABASE,
        # Which file it is depends on who asks: the server puts it in.
        "sqlalchemy_uri": "duckdb:///:memory:",
        "cache_timeout": 0,
        "expose_in_sqllab": False,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": False, "disable_data_preview": True},
        "uuid": identity("database", DATABASE),
        "version": "1.0.0",
    }


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "table_name": dataset.name,
        "main_dttm_col": dataset.date,
        "description": f"From {dataset.relation} of the published file.",
        "sql": query_of(dataset),
        "filter_select_enabled": True,
        "always_filter_main_dttm": False,
        "metrics": [
            {
                "metric_name": metric.heading,
                "verbose_name": metric.heading,
                "expression": metric.sql,
                "d3format": FORMATS.get(metric.kind),
            }
            for metric in dataset.all_metrics
        ],
        "columns": [
            {
                "column_name": column.name,
                "verbose_name": column.heading,
                "is_dttm": column.kind in ("date", "instant"),
                "is_active": True,
                "type": TYPES[column.kind],
                "groupby": True,
                "filterable": True,
            }
            for column in (*IDENTITY, *dataset.columns)
        ],
        "uuid": identity("dataset", dataset.name),
        "database_uuid": identity("database", DATABASE),
        "version": "1.0.0",
    }


def _chart(dashboard: Dashboard, chart: Chart) -> dict[str, Any]:
    viz_type, settings = parameters(chart)
    return {
        "slice_name": chart.title,
        "description": words_of(chart) or None,
        "viz_type": viz_type,
        "params": {"viz_type": viz_type, **settings},
        "uuid": chart_identity(dashboard, chart),
        "dataset_uuid": identity("dataset", chart.dataset.name),
        "version": "1.0.0",
    }


def chart_identity(dashboard: Dashboard, chart: Chart) -> str:
    """The stable id of a chart: titles are told apart within their dashboard."""
    return identity("chart", f"{dashboard.slug}/{chart.title}")


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    charts = {id(chart): chart_identity(dashboard, chart) for chart in dashboard.charts}
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.question,
        "slug": dashboard.slug,
        "published": True,
        "position": position(dashboard, DASHBOARDS, charts),
        "metadata": {
            "native_filter_configuration": filters(dashboard, CHOICES, RAIL_CHOICES, lambda dataset: identity("dataset", dataset.name)),
            "cross_filters_enabled": True,
            "refresh_frequency": 300,
            "timed_refresh_immune_slices": [],
            "expanded_slices": {},
            "label_colors": COLOURS,
            "color_scheme": "supersetColors",
        },
        "uuid": identity("dashboard", dashboard.slug),
        "version": "1.0.0",
    }


def _file_name(title: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in title.lower())


if __name__ == "__main__":
    write()
