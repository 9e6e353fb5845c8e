"""The bridge of the runway over months of simulated days: whether each week's causes add up to the week's change.

A cycle a day over businesses on all rails; each business and week counts once, on the week's last day. Two hours at full
size, so it is run when it is named and not with the others. Of less, `python -m tests.benchmarks.bridge BUSINESSES DAYS` tells.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from sandbox.server import start
from tests.benchmarks.homes import ALL_RAILS, UNLIMITED, command, connected_home
from tests.benchmarks.results import Result, show

BUSINESSES, DAYS, WEEK = 100, 90, 7
SEED = 83
Say = Callable[[str], None]

# Figures of both ends are read from the daily history, not from the bridge itself.
_WEEKS = """
    with parts as (
        select business_id, from_date, to_date, any_value(runway_basis) as basis, sum(change_days) as days, sum(change_amount) as amount,
            sum(abs(change_amount)) filter (cause = 'unattributed') as unattributed
        from marts.fct_runway_bridge where period = 'week' and cause != 'no_history'
        group by business_id, from_date, to_date
    )
    select
        count(*) as weeks,
        count(*) filter (later.runway_days is null or earlier.runway_days is null) as unknown,
        count(*) filter (parts.days is not distinct from later.runway_days - earlier.runway_days) as whole_in_days,
        count(*) filter (coalesce(parts.amount = case basis
            when 'burn' then later.spendable + later.ar_expected - later.ap_30 - (earlier.spendable + earlier.ar_expected - earlier.ap_30)
            else later.cash + later.ar_open - later.ap_open - (earlier.cash + earlier.ar_open - earlier.ap_open)
        end, later.cash is null or earlier.cash is null)) as whole_in_money,
        count(*) filter (parts.unattributed > 0) as with_unattributed
    from parts
    inner join marts.fct_runway_daily as later on parts.business_id = later.business_id and parts.to_date = later.as_of_date
    inner join marts.fct_runway_daily as earlier on parts.business_id = earlier.business_id and parts.from_date = earlier.as_of_date
"""


def measure(folder: Path, say: Say, businesses: int = BUSINESSES, days: int = DAYS) -> list[Result]:
    """Counts the business-weeks whose parts add up to the cent and to the hundredth of a day."""
    totals = [0, 0, 0, 0, 0]
    with start(folder / "world", seed=SEED, businesses=businesses) as running:
        running.warm()
        settings = connected_home(folder / "home", running, ALL_RAILS)
        UNLIMITED.set(running)
        for day in range(days + 1):
            if day:
                running.post("advance", days=1)
            ran = command(settings, "run", pace=UNLIMITED)
            if day and day % WEEK == 0:
                with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
                    (counted,) = warehouse.execute(_WEEKS).fetchall()
                totals = [total + count for total, count in zip(totals, counted, strict=True)]
                say(f"day {day}, {ran.seconds:.0f} s a cycle: {counted[0]} weeks, {counted[2]} whole in days, {counted[3]} in money")
    weeks, unknown, in_days, in_money, unattributed = totals
    say(f"{weeks} business-weeks, the runway unknown at one end of {unknown}; {unattributed} with a part that no record tells")
    name = f"business-weeks of {businesses} businesses in {days} days whose parts add up"
    return [
        Result(f"{name} to the hundredth of a day", in_days / weeks, "share", "= 1", in_days == weeks),
        Result(f"{name} to the cent", in_money / weeks, "share", "= 1", in_money == weeks),
        Result(f"{name} and are all told by records", 1 - unattributed / weeks, "share", "= 1", unattributed == 0),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="rowcol-bench-") as place:
        show(measure(Path(place), lambda line: print(line, file=sys.stderr, flush=True), *map(int, sys.argv[1:])))  # noqa: T201
