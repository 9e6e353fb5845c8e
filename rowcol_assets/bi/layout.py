"""Where charts stand on a dashboard and what its filters act on, in Superset's own terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rowcol_assets.bi.model import Dashboard, Dataset

# Heading of the filter, its column, and what Superset calls it.
CLIENT, RAIL = ("Client", "client"), ("Rail", "rail")


def position(dashboard: Dashboard, identities: Mapping[int, str]) -> dict[str, Any]:
    """The layout tree; `identities` gives a chart's asset id by the object's id()."""
    header = _node("MARKDOWN-question", "MARKDOWN", ["ROOT_ID", "GRID_ID", "ROW-question"])
    header["meta"] = {"code": f"### {dashboard.question}", "width": 12, "height": 8}
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
        "ROW-question": _row("ROW-question", ["MARKDOWN-question"]),
        "MARKDOWN-question": header,
    }
    rows = ["ROW-question"]
    for number, (height, charts) in enumerate(dashboard.rows):
        row = f"ROW-{number}"
        rows.append(row)
        children = []
        for chart, width in charts:
            name = f"CHART-{identities[id(chart)][:8]}"
            children.append(name)
            tree[name] = _node(name, "CHART", ["ROOT_ID", "GRID_ID", row])
            tree[name]["meta"] = {"uuid": identities[id(chart)], "chartId": 0, "sliceName": chart.title, "width": width, "height": height}
        tree[row] = _row(row, children)
    tree["GRID_ID"] = {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": rows}
    return tree


def filters(dashboard: Dashboard, rails: Dataset, dataset_identity: Callable[[Dataset], str]) -> list[dict[str, Any]]:
    """Filters by client, by rail where a dataset has one, and by date where one has a date.

    The rails to choose from are those of `rails`, which has all that are connected.
    """
    datasets = {chart.dataset.name: chart.dataset for chart in dashboard.charts}.values()
    wanted = [_choice(*CLIENT, dataset_identity(next(iter(datasets))))]
    if any(dataset.has_rail for dataset in datasets):
        wanted.append(_choice(*RAIL, dataset_identity(rails)))
    if any(dataset.date for dataset in datasets):
        wanted.append({**_filter("Date", "filter_time"), "targets": [{}]})
    return wanted


def _choice(heading: str, column: str, dataset: str) -> dict[str, Any]:
    return {**_filter(heading, "filter_select"), "targets": [{"datasetUuid": dataset, "column": {"name": column}}]}


def _filter(heading: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{heading.lower()}",
        "name": heading,
        "filterType": kind,
        "type": "NATIVE_FILTER",
        "description": "",
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "cascadeParentIds": [],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "controlValues": {"enableEmptyFilter": False, "multiSelect": True, "searchAllOptions": False, "inverseSelection": False},
    }


def _row(name: str, children: list[str]) -> dict[str, Any]:
    row = _node(name, "ROW", ["ROOT_ID", "GRID_ID"])
    return {**row, "children": children, "meta": {"background": "BACKGROUND_TRANSPARENT"}}


def _node(name: str, kind: str, parents: list[str]) -> dict[str, Any]:
    return {"id": name, "type": kind, "children": [], "parents": parents}
