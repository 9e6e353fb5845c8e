"""The experiences of 1,000 businesses: how long they take to build, and how long an advisor waits for them.

Twenty sandbox businesses on four rails are modelled once, and the rows of their marts are repeated under new business ids:
experiences read nothing but marts, and this takes a minute where modelling 1,000 takes an hour. A whole cycle over 1,000 is
`world.measure_many`, whose businesses are smaller; what marts cost is not measured here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlalchemy as sa

from ingestion.clock import Clock, utc_text
from ingestion.control.schema import businesses
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.settings import Settings
from rowcol_assets.guardrail import Bill
from rowcol_assets.publishing.reader import open_published
from rowcol_assets.steps import publish_all, transform
from rowcol_assets.transform import DbtReport
from rowcol_assets.what_if import what_if
from sandbox.server import start
from tests.benchmarks.homes import ADVISOR, ALL_RAILS, UNLIMITED, command, connected_home
from tests.benchmarks.results import Result, median, percentile

MODELLED, TIMES = 20, 50
BUILDS, READS = 3, 60
SELECTION = ["path:models/experiences"]
BUILD_SECONDS, SHARE_SECONDS = 60, 20
PORTFOLIO_MS, CONSOLE_MS, WHAT_IF_MS = 50, 100, 300

Say = Callable[[str], None]


def measure(folder: Path, say: Say) -> list[Result]:
    """Builds them from nothing and again as a cycle does, publishes all to one advisor, and reads as one."""
    with start(folder / "world", seed=17, businesses=MODELLED) as running:
        settings = connected_home(folder / "home", running, ALL_RAILS)
        UNLIMITED.set(running)
        say(f"{MODELLED} businesses modelled in {command(settings, 'run', pace=UNLIMITED).seconds:.0f} s")
        with open_store(settings) as store:
            rows = _repeat(settings, store, TIMES)
            say(f"{rows:,} rows of marts of {MODELLED * TIMES:,} businesses")
            results = _builds(settings, store, say)
            begun = time.perf_counter()
            clock = product_clock_of(settings, store)
            publish_all(settings, store, clock(), "bench", clock)
            say(f"published to one advisor in {time.perf_counter() - begun:.0f} s")
            return results + _reads(settings, store, clock)


def _repeat(settings: Settings, store: ControlStore, times: int) -> int:
    """Gives each business so many namesakes in the control store and in the marts; returns the marts' rows then."""
    at = product_clock_of(settings, store)()
    with store.database.write() as transaction:
        known = [dict(row) for row in transaction.execute(sa.select(businesses)).mappings()]
        more = [row | {"business_id": f"{row['business_id']}-{number}"} for row in known for number in range(1, times)]
        transaction.execute(sa.insert(businesses), more)
    for row in more:
        store.grant(ADVISOR, row["business_id"], "owner", at)
    with duckdb.connect(str(settings.warehouse_path)) as warehouse:
        marts = [name for (name,) in warehouse.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()]
        for mart in marts:
            warehouse.execute(
                f"""insert into marts.{mart} by name
                select kept.* replace (kept.business_id || '-' || copies.number as business_id)
                from marts.{mart} as kept cross join range(1, {times}) as copies (number)"""
            )
        warehouse.execute("drop schema experiences cascade")
        return sum(warehouse.execute(f"select count(*) from marts.{mart}").fetchall()[0][0] for mart in marts)


def _builds(settings: Settings, store: ControlStore, say: Say) -> list[Result]:
    variables = {"rowcol_now": utc_text(product_clock_of(settings, store)()), "run_id": "bench"}
    taken: list[float] = []
    shares: list[float] = []
    for number in range(BUILDS):
        begun = time.perf_counter()
        report = transform(settings, "after", variables, select=SELECTION)
        taken.append(time.perf_counter() - begun)
        shares.append(sum(node.seconds for node in report.nodes))
        say(f"build {number + 1}: {taken[-1]:.1f} s, of which in models and tests {shares[-1]:.1f} s; {_slowest(report)}")
        if report.broken:
            raise RuntimeError(f"{report.broken[0].unique_id}: {report.broken[0].message}")
    share = median(shares[1:])
    name = f"experiences of {MODELLED * TIMES:,} businesses"
    return [
        Result(f"{name}, built from nothing with dbt's start", taken[0], "s", f"< {BUILD_SECONDS}", taken[0] < BUILD_SECONDS),
        Result(f"{name}, their share of a cycle", share, "s", f"< {SHARE_SECONDS}", share < SHARE_SECONDS),
    ]


def _slowest(report: DbtReport) -> str:
    nodes = sorted(report.nodes, key=lambda node: -node.seconds)[:5]
    return ", ".join(f"{node.unique_id.split('.')[2]} {node.seconds:.1f}" for node in nodes)


def _reads(settings: Settings, store: ControlStore, clock: Clock) -> list[Result]:
    """From the published file, opened anew each time as a BI tool does after each publish."""
    published = settings.published_dir / ADVISOR
    with open_published(published) as connection:
        (business,) = connection.execute(
            "select business_id from experiences.decision_console group by 1 order by count(*) desc, business_id limit 1"
        ).fetchall()[0]
        bills: list[Bill] = connection.execute(
            "select rail, record_id from experiences.decision_console where business_id = ? order by console_rank limit 3", [business]
        ).fetchall()

    def read(statement: str, *parameters: str) -> None:
        with open_published(published) as connection:
            connection.execute(statement, list(parameters)).fetchall()

    portfolio = _milliseconds(lambda: read("select * from experiences.portfolio order by runway_days nulls last"))
    console = _milliseconds(
        lambda: read("select * from experiences.decision_console where business_id = ? order by console_rank", business)
    )
    asked = _milliseconds(lambda: what_if(settings, store, business, bills, clock()))
    return [
        _read(f"portfolio of {MODELLED * TIMES:,} businesses, p95", portfolio, PORTFOLIO_MS),
        _read("decision console of one of them, p95", console, CONSOLE_MS),
        _read(f"what-if of {len(bills)} of its bills, p95", asked, WHAT_IF_MS),
    ]


def _read(name: str, taken: list[float], most: float) -> Result:
    value = percentile(taken, 0.95)
    return Result(name, value, "ms", f"< {most:g}", value < most)


def _milliseconds(act: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(READS):
        begun = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken
