"""A cycle over 100 businesses in which 1 % of records changed, what that comes to without webhooks, and over ten times the history.

Both homes hang on one sandbox and take turns, so that a machine that slows down slows both.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path

import yaml

from ingestion.promise import TIERS
from rowcol_assets.transform import PROJECT_DIR
from sandbox.server import start
from tests.benchmarks import past, reads
from tests.benchmarks.homes import LEDGER, command, connected_home, copy_home, lengthen_history
from tests.benchmarks.results import Result, median
from tests.benchmarks.world import steps

BUSINESSES = 100
CHANGED_SHARE = 0.01
HISTORY_TIMES = 10
ROUNDS = 3


def fresh_by_polling(cycle: float, period: float, within: float) -> float:
    """The share of changes that can be read `within` as many seconds when a cycle of `cycle` seconds begins every `period` seconds.

    Changes come at any moment alike, and can be read once the cycle after them has ended. A cycle that is still running takes
    the next one's turn, so that they begin at the multiple of the period which it fits in.
    """
    between = period * max(1, ceil(cycle / period))
    return min(1.0, max(0.0, within - cycle) / between)


def _fresh_by_polling(cycle: float) -> Result:
    """What the promise of `marts.fct_service_level` comes to without any webhook, at the pace of the schedule."""
    variables = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    period, least = TIERS["critical"].schedule_minutes * 60, 100 * variables["service_freshness_share"]
    share = 100 * fresh_by_polling(cycle, period, variables["service_minutes_to_publish"] * 60)
    return Result("changes in the file in time by polling alone", share, "%", f">= {least:g}", share >= least)


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Runs the cycles, then reads what they published, and builds the past anew."""
    with start(folder / "cycle-world", seed=6, businesses=BUSINESSES) as running:
        running.warm(LEDGER)
        short = connected_home(folder / "short", running)
        say(f"first cycle {command(short, 'run').seconds:.1f} s")
        long = copy_home(short, folder / "long")
        versions = lengthen_history(long, HISTORY_TIMES)
        command(long, "run")
        say(f"history of {versions:,} versions built")
        seconds: dict[str, list[float]] = {"short": [], "long": []}
        for number in range(ROUNDS):
            running.post("touch", share=CHANGED_SHARE)
            for name, home in (("short", short), ("long", long)):
                ran = command(home, "run")
                seconds[name].append(ran.seconds)
                say(f"round {number + 1}, {name} history: {ran.seconds:.1f} s; {steps(ran)}")
        # Reads first: what builds the past leaves this process large. In here, since the home's clock is its sandbox's.
        looked = [*reads.measure(short.published_dir), *past.measure(short, folder)]
    ratio = median([long / short for short, long in zip(seconds["short"], seconds["long"], strict=True)])
    usual = median(seconds["short"])
    return [
        Result("cycle over 100 ledgers, 1 % changed", usual, "s", "<= 60", usual <= 60),
        Result("the same with history x 10", median(seconds["long"]), "s", "<= 1.25 x", ratio <= 1.25, usual, ratio),
        _fresh_by_polling(usual),
        *looked,
    ]
