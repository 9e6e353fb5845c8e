"""What an advisor waits for: the portfolio of 100 businesses and one business's runway, read from a published file."""

from __future__ import annotations

import time
from pathlib import Path

from rowcol_assets.publishing.reader import open_published
from tests.benchmarks.homes import ADVISOR
from tests.benchmarks.results import Result, percentile

READS = 60


def measure(published: Path) -> list[Result]:
    """Opens the file anew for every read, as a BI tool does after each publish."""
    portfolio = _milliseconds(published / ADVISOR, "select * from experiences.portfolio order by runway_days nulls last")
    runway = _milliseconds(
        published / ADVISOR,
        "select * from marts.fct_runway_daily where business_id = (select min(business_id) from marts.dim_business) order by as_of_date",
    )
    return [
        Result("portfolio of 100 businesses, p95", percentile(portfolio, 0.95), "ms", "< 50", percentile(portfolio, 0.95) < 50),
        Result("runway of one business, p95", percentile(runway, 0.95), "ms", "< 100", percentile(runway, 0.95) < 100),
    ]


def _milliseconds(folder: Path, query: str) -> list[float]:
    taken = []
    for _ in range(READS):
        begun = time.perf_counter()
        with open_published(folder) as connection:
            connection.execute(query).fetchall()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken
