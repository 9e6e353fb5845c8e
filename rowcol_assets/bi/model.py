"""The words dashboards are described in: datasets over published relations, charts over datasets, rows of charts in tabs.

What a dashboard shows is in `dashboards/`; how it is written for Superset in `bundle`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "money", "days", "count", "score", "share", "date", "instant", "flag", "link"]

# How a number of each kind is written (d3), and the type Superset is told; texts and dates have no number format.
FORMATS: dict[Kind, str] = {"money": ",.2f", "days": ",.1f", "count": ",d", "score": ",.1f", "share": ".1%"}
TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "money": "DECIMAL(18,2)",
    "days": "DECIMAL(18,2)",
    "count": "BIGINT",
    "score": "DECIMAL(5,1)",
    "share": "DECIMAL(9,4)",
    "date": "DATE",
    "instant": "TIMESTAMP",
    "flag": "BOOLEAN",
    "link": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset: its heading, what kind of value it is, and SQL where it is not the relation's own column.

    words: the vocabulary of `words` in which the column's code, or its comma-separated codes, is said. width: pixels it has in a table
    at least. A link is an HTML anchor made by `links`; other texts of a dataset with links are written so that none is taken for markup.
    """

    name: str
    heading: str
    kind: Kind = "text"
    sql: str | None = None
    words: str | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregate of a dataset by its name; a page has the heading alone, which is the only one of its dataset."""

    name: str
    heading: str
    sql: str
    kind: Kind = "count"


# The SQL is each dataset's own.
NEWEST = Metric("newest_day", "Newest day", "", "date")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows of one published relation with the client's name before them; `query` takes the relation's place where one is not enough.

    date: the column the date filter acts on. It is NULL in no row: a row without a day would leave with any date that is chosen.
    """

    name: str
    relation: str
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...] = ()
    date: str | None = None
    where: str | None = None
    query: str | None = None

    @property
    def all_metrics(self) -> tuple[Metric, ...]:
        """Its own, and of one with a date the newest day: lines that are cut are cut where they are oldest."""
        return (*self.metrics, replace(NEWEST, sql=f"max({self.date})")) if self.date else self.metrics

    @property
    def has_rail(self) -> bool:
        """Whether the rail filter can act on it."""
        return any(column.name == "rail" for column in self.columns)

    @property
    def has_links(self) -> bool:
        """Whether its tables are to show HTML."""
        return any(column.kind == "link" for column in self.columns)


@dataclass(frozen=True, slots=True)
class Table:
    """Records as a table. order: columns, ascending unless they begin with a minus; whatever is beyond `rows` is not shown, so that
    what matters most comes first, and the client's name after it."""

    title: str
    dataset: Dataset
    columns: tuple[str, ...]
    order: tuple[str, ...]
    note: str = ""
    empty: str = ""
    rows: int = 5000


@dataclass(frozen=True, slots=True)
class Sums:
    """Aggregates as a table, one row per combination of `by`."""

    title: str
    dataset: Dataset
    by: tuple[str, ...]
    metrics: tuple[str, ...]
    note: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """One aggregate in large figures, with words below."""

    title: str
    dataset: Dataset
    metric: str
    words: str
    note: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """An aggregate as bars with their values written on them, over `x` and stacked by `by`."""

    title: str
    dataset: Dataset
    x: str
    metric: str
    by: tuple[str, ...] = ()
    note: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """An aggregate by client as bars that lie, the first on top: those with the most of it, or the least, and as many as can be read."""

    title: str
    dataset: Dataset
    metric: str
    least_first: bool = False
    note: str = ""
    empty: str = ""
    clients: int = 25


@dataclass(frozen=True, slots=True)
class Lines:
    """Aggregates over the dataset's date, one line per metric and combination of `by`, with points and values in the tip.

    Where there are more points than a chart holds, the oldest are left out.
    """

    title: str
    dataset: Dataset
    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    note: str = ""
    empty: str = ""


# note: what to know when reading it. empty: why nothing may be there. Both stand below the chart.
Chart = Table | Sums | Number | Bars | Ranking | Lines


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a page: rows of charts with their widths (of twelve) and the height all have, in units of 8 px."""

    title: str
    rows: tuple[tuple[int, tuple[tuple[Chart, int], ...]], ...]

    @property
    def charts(self) -> list[Chart]:
        return [chart for _, row in self.rows for chart, _ in row]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page: its first tab is what one decides by, and is open; the charts of another are asked for when that is opened."""

    slug: str
    title: str
    question: str
    tabs: tuple[Tab, ...]

    @property
    def charts(self) -> list[Chart]:
        return [chart for tab in self.tabs for chart in tab.charts]
