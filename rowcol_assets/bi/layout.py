"""Where charts stand on a dashboard and what its filters act on, in Superset's own terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rowcol_assets.bi.charts import words_of
from rowcol_assets.bi.links import CLIENT_FILTER, address
from rowcol_assets.bi.model import Chart, Dashboard, Dataset

# Heading of the filter, its column, and what Superset calls it.
CLIENT, RAIL = ("Client", "client"), ("Rail", "rail")
DATE = "Date"
# What Superset puts between two things of a column, in its units of 8 px.
GAP = 2
# What holds everything of a page, outermost first, and what holds its tabs.
GRID = ["ROOT_ID", "GRID_ID"]
TABS = "TABS-page"


def position(dashboard: Dashboard, dashboards: Sequence[Dashboard], identities: Mapping[int, str]) -> dict[str, Any]:
    """The layout tree; `identities` gives a chart's asset id by the object's id(). The head, above the tabs, says the question and
    links to all pages."""
    head, tabs = "ROW-question", [f"TAB-{number}" for number, _ in enumerate(dashboard.tabs)]
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": [head, TABS]},
        head: _row(head, GRID, ["MARKDOWN-question"]),
        "MARKDOWN-question": _text("MARKDOWN-question", [*GRID, head], _head(dashboard, dashboards), 12, 17),
        TABS: {**_node(TABS, "TABS", GRID), "children": tabs, "meta": {}},
    }
    numbers = numbered(dashboard)
    for name, tab in zip(tabs, dashboard.tabs, strict=True):
        rows = [f"{name.replace('TAB', 'ROW')}-{number}" for number, _ in enumerate(tab.rows)]
        tree[name] = {**_node(name, "TAB", [*GRID, TABS]), "children": rows, "meta": {"text": tab.title}}
        for row, (height, charts) in zip(rows, tab.rows, strict=True):
            within = [*GRID, TABS, name]
            columns = [_column(chart, width, height, charts, identities, numbers, [*within, row]) for chart, width in charts]
            for nodes in columns:
                tree |= nodes
            tree[row] = _row(row, within, [next(iter(nodes)) for nodes in columns])
    return tree


def _column(
    chart: Chart,
    width: int,
    height: int,
    row: Sequence[tuple[Chart, int]],
    identities: Mapping[int, str],
    numbers: Mapping[int, int],
    parents: list[str],
) -> dict[str, Any]:
    """A chart and its words, one above the other, and first what holds both. Superset has a place for words under a title, and does not
    show it."""
    key = identities[id(chart)][:8]
    column, name, words = f"COLUMN-{key}", f"CHART-{key}", f"MARKDOWN-{key}"
    below = _below(chart, width)
    nodes = {
        column: {**_node(column, "COLUMN", parents), "children": [name], "meta": {"width": width, "background": "BACKGROUND_WHITE"}},
        name: _node(name, "CHART", [*parents, column]),
    }
    nodes[name]["meta"] = {
        "uuid": identities[id(chart)],
        "chartId": numbers[id(chart)],
        "sliceName": chart.title,
        "width": width,
        # All of a row end where its longest words do.
        "height": height + max(_below(*one) for one in row) - below,
    }
    if said := words_of(chart):
        nodes[column]["children"].append(words)
        nodes[words] = _text(words, [*parents, column], said, width, below - GAP)
    return nodes


def numbered(dashboard: Dashboard) -> dict[int, int]:
    """The number by which a page's own settings name a chart, by the object's id(); an import puts its own in their place."""
    return {id(chart): number for number, chart in enumerate(dashboard.charts, start=1)}


def filters(dashboard: Dashboard, clients: Dataset, rails: Dataset, dataset_identity: Callable[[Dataset], str]) -> list[dict[str, Any]]:
    """Filters by client, by rail where a dataset has one, and by date where one has a date; each leaves alone what has none.

    The clients to choose from are those of `clients`, all that the login may see; the rails those of `rails`.
    """
    numbers = numbered(dashboard)

    def beyond(narrowed: Sequence[Chart]) -> list[int]:
        within = {id(chart) for chart in narrowed}
        return [number for chart, number in numbers.items() if chart not in within]

    with_rail = [chart for chart in dashboard.charts if chart.dataset.has_rail]
    with_date = [chart for chart in dashboard.charts if chart.dataset.date]
    wanted = [_choice(CLIENT_FILTER, *CLIENT, dataset_identity(clients), [], "Narrows the whole page.")]
    if with_rail:
        said = f"Narrows {', '.join(chart.title for chart in with_rail)}."
        wanted.append(_choice("NATIVE_FILTER-rail", *RAIL, dataset_identity(rails), beyond(with_rail), said))
    if with_date:
        said = f"Narrows {_by_day(with_date)}."
        wanted.append({**_filter("NATIVE_FILTER-date", DATE, "filter_time", beyond(with_date), said), "targets": [{}]})
    return wanted


def _head(dashboard: Dashboard, dashboards: Sequence[Dashboard]) -> str:
    pages = " &middot; ".join(f"**{one.title}**" if one is dashboard else f"[{one.title}]({address(one.slug)})" for one in dashboards)
    said = (
        "*Client* narrows the whole page, all its tabs. What *Rail* and *Date* narrow is said at the mark beside their names; "
        "in a tab without any of it they are out of scope."
    )
    return "\n\n".join([f"### {dashboard.question}", pages, said])


def _by_day(charts: Sequence[Chart]) -> str:
    """Titles by the heading of the day they are narrowed by."""
    titles: dict[str, list[str]] = {}
    for chart in charts:
        day = next(column.heading for column in chart.dataset.columns if column.name == chart.dataset.date)
        titles.setdefault(day, []).append(chart.title)
    return "; ".join(f"{', '.join(named)} by “{day}”" for day, named in titles.items())


def _below(chart: Chart, width: int) -> int:
    """Units of 8 px that a chart's words take below it on so many of twelve columns, where a line holds 12 characters a column."""
    lines = -(-len(words_of(chart)) // (12 * width))
    return GAP + 4 + 3 * lines if lines else 0


def _choice(name: str, heading: str, column: str, dataset: str, excluded: list[int], said: str) -> dict[str, Any]:
    return {**_filter(name, heading, "filter_select", excluded, said), "targets": [{"datasetUuid": dataset, "column": {"name": column}}]}


def _filter(name: str, heading: str, kind: str, excluded: list[int], said: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": heading,
        "filterType": kind,
        "type": "NATIVE_FILTER",
        "description": said,
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "cascadeParentIds": [],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "controlValues": {"enableEmptyFilter": False, "multiSelect": True, "searchAllOptions": False, "inverseSelection": False},
    }


def _row(name: str, parents: list[str], children: list[str]) -> dict[str, Any]:
    return {**_node(name, "ROW", parents), "children": children, "meta": {"background": "BACKGROUND_TRANSPARENT"}}


def _text(name: str, parents: list[str], code: str, width: int, height: int) -> dict[str, Any]:
    return {**_node(name, "MARKDOWN", parents), "meta": {"code": code, "width": width, "height": height}}


def _node(name: str, kind: str, parents: list[str]) -> dict[str, Any]:
    return {"id": name, "type": kind, "children": [], "parents": parents}
