"""A cycle over 100 businesses in which 1 % of records changed, and the same over a history ten times as long.

Both homes hang on one sandbox and take turns, so that a machine that slows down slows both.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.server import start
from tests.benchmarks import past, reads
from tests.benchmarks.homes import LEDGER, command, connected_home, copy_home, lengthen_history
from tests.benchmarks.results import Result, median
from tests.benchmarks.world import steps

BUSINESSES = 100
CHANGED_SHARE = 0.01
HISTORY_TIMES = 10
ROUNDS = 3


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
        *looked,
    ]
