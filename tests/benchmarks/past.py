"""The runway of ninety past days of all businesses, and the guardrail's back-test, made in one build over a warehouse that is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from ingestion.control.store import open_store, product_clock_of
from ingestion.settings import Settings
from rowcol_assets.transform import run_step
from tests.benchmarks.results import Result

MODELS = ("int_runway_past", "fct_runway_history", "fct_guardrail_backtest")
MOST_SECONDS = 180


def measure(settings: Settings, folder: Path) -> list[Result]:
    """Builds them in a copy of the home's warehouse; what they read is there from its last cycle."""
    copy = folder / "past" / "warehouse.duckdb"
    copy.parent.mkdir()
    shutil.copyfile(settings.warehouse_path, copy)
    with open_store(settings) as store:
        variables = {"rowcol_now": product_clock_of(settings, store)().isoformat()}
    report = run_step(settings, "before", warehouse_path=copy, variables=variables, select=MODELS)
    if report.broken:
        raise RuntimeError(f"{report.broken[0].unique_id}: {report.broken[0].message}")
    seconds = sum(node.seconds for node in report.nodes)
    with duckdb.connect(str(copy), read_only=True) as warehouse:
        ((days, businesses),) = warehouse.execute("select count(*), count(distinct business_id) from marts.fct_runway_history").fetchall()
    return [
        Result("past days of the runway", days, f"days of {businesses} businesses", ">= 9,000", days >= 9_000),
        Result("building them and the back-test", seconds, "s", f"< {MOST_SECONDS}", seconds < MOST_SECONDS),
    ]
