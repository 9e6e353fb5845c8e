"""What an engineer sees of a mart where it is materialized: a table with bars, and figures that Dagster plots over time.

Counts, shares and days over all businesses; no client, no record and no amount of money. How they become metadata is in
`assets.models`; what advisors see are `experiences` and the dashboards (`rowcol_assets.bi`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb

BAR = 24
Relation = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Picture:
    """title: of the table; columns: headings of the rows' labels; rows: SQL giving labels and a count; figures: SQL giving one row."""

    title: str
    columns: tuple[str, ...]
    rows: str
    figures: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture of one build. table: Markdown; figures: numbers by name, none for what is not known."""

    title: str
    table: str
    figures: Mapping[str, float]


_NEWEST = """
with newest as (
    select * from marts.fct_runway_daily
    qualify row_number() over (partition by business_id order by as_of_date desc) = 1
)
"""

PICTURES: dict[Relation, Picture] = {
    ("marts", "fct_runway_daily"): Picture(
        "Runway",
        ("runway",),
        f"""{_NEWEST}
        select bands.label, count(newest.business_id)
        from (values ('under 7 days', 0, 7), ('7 to 30', 7, 30), ('30 to 90', 30, 90), ('90 and more', 90, null), ('not known', null, null))
            as bands (label, least, below)
        left join newest
            on case
                when bands.least is null then newest.runway_days is null
                else newest.runway_days >= bands.least and (bands.below is null or newest.runway_days < bands.below)
            end
        group by bands.label, bands.least
        order by bands.least nulls last
        """,
        f"""{_NEWEST}
        select
            median(runway_days) as median_runway_days,
            count(*) filter (runway_days < 30) as businesses_under_30_days,
            count(*) filter (runway_days is null) as businesses_without_runway
        from newest
        """,
    ),
    ("marts", "fct_rail_freshness"): Picture(
        "Freshness by rail",
        ("rail", "state"),
        "select rail, freshness_state, count(*) from marts.fct_rail_freshness group by all order by all",
        """
        select
            count(*) filter (freshness_state = 'fresh') / nullif(count(*), 0) as share_fresh,
            count(*) filter (freshness_state = 'stale') as stale
        from marts.fct_rail_freshness
        where freshness_state != 'disabled'
        """,
    ),
    ("marts", "fct_match"): Picture(
        "Matches by pair",
        ("pair", "tier"),
        "select pair, tier, count(distinct (business_id, match_id)) from marts.fct_match group by all order by all",
        "select count(distinct (business_id, match_id)) as matches from marts.fct_match",
    ),
    ("marts", "fct_bank_closure"): Picture(
        "Bank transactions",
        ("rail", ""),
        """
        select closure.rail, kinds.label, sum(case when kinds.is_matched then matched_count else transaction_count - matched_count end)
        from marts.fct_bank_closure as closure
        cross join (values ('matched', true), ('not matched', false)) as kinds (label, is_matched)
        group by all
        order by all
        """,
        "select sum(matched_count) / nullif(sum(transaction_count), 0) as share_matched from marts.fct_bank_closure",
    ),
    ("marts", "fct_hygiene_flag"): Picture(
        "Open flags by severity",
        ("severity",),
        """
        select severities.severity, count(flags.flag_id)
        from (values (1, 'C'), (2, 'H'), (3, 'M'), (4, 'L')) as severities (rank, severity)
        left join marts.fct_hygiene_flag as flags on severities.severity = flags.severity and flags.status = 'open'
        group by severities.rank, severities.severity
        order by severities.rank
        """,
        """
        select
            count(*) as open_flags,
            count(*) filter (severity = 'C') as open_critical_flags,
            count(distinct business_id) filter (severity = 'C') as businesses_with_critical_flags
        from marts.fct_hygiene_flag
        where status = 'open'
        """,
    ),
}


def draw(warehouse: duckdb.DuckDBPyConnection, built: Collection[Relation]) -> dict[Relation, Drawn]:
    """The pictures of the relations that were built."""
    return {relation: _drawn(warehouse, picture) for relation, picture in PICTURES.items() if relation in built}


def _drawn(warehouse: duckdb.DuckDBPyConnection, picture: Picture) -> Drawn:
    rows = warehouse.execute(picture.rows).fetchall()
    found = warehouse.execute(picture.figures)
    names = [column[0] for column in found.description]
    values = found.fetchall()[0]
    return Drawn(
        picture.title,
        _table((*picture.columns, "count", ""), rows),
        {name: value if isinstance(value, int) else float(value) for name, value in zip(names, values, strict=True) if value is not None},
    )


def _table(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Rows as Markdown, each with a bar as long as its count is large."""
    counts = [int(str(row[-1])) for row in rows]
    most = max(counts, default=0)
    lines = [_line(heads), _line(["---"] * (len(heads) - 2) + ["---:", "---"])]
    for row, count in zip(rows, counts, strict=True):
        bar = "█" * -(-BAR * count // most) if count else ""
        lines.append(_line([*row[:-1], f"{count:,}", bar]))
    return "\n".join(lines)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
