"""A cycle over 100 businesses in which 1 % of records changed, and the same over a history ten times as long.

Both homes hang on one sandbox and take turns, so that a machine that slows down slows both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sandbox.server import start
from tests.benchmarks.homes import command, connected_home, copy_home, lengthen_history
from tests.benchmarks.results import Result, median

BUSINESSES = 100
CHANGED_SHARE = 0.01
HISTORY_TIMES = 10
ROUNDS = 3

STEP = re.compile(r"^\s*([0-9.]+) s  (\w+(?: \w+)?)", re.MULTILINE)


def measure(folder: Path, say: Callable[[str], None]) -> tuple[list[Result], Path]:
    """Runs the cycles and returns the results and the home that has what they published."""
    with start(folder / "cycle-world", seed=6, businesses=BUSINESSES) as running:
        running.post("warm")
        short = connected_home(folder / "short", running)
        first, _ = command(short, "run")
        say(f"first cycle {first:.1f} s")
        long = copy_home(short, folder / "long")
        versions = lengthen_history(long, HISTORY_TIMES)
        command(long, "run")
        say(f"history of {versions:,} versions built")
        seconds: dict[str, list[float]] = {"short": [], "long": []}
        for number in range(ROUNDS):
            running.post("touch", share=CHANGED_SHARE)
            for name, home in (("short", short), ("long", long)):
                taken, said = command(home, "run")
                seconds[name].append(taken)
                say(f"round {number + 1}, {name} history: {taken:.1f} s; {_steps(said, taken)}")
    ratio = median([long / short for short, long in zip(seconds["short"], seconds["long"], strict=True)])
    usual = median(seconds["short"])
    return [
        Result("cycle over 100 businesses, 1 % changed", usual, "s", "<= 60", usual <= 60),
        Result("the same with history x 10", median(seconds["long"]), "s", "<= 1.25 x", ratio <= 1.25, usual, ratio),
    ], short.published_dir


def _steps(said: str, taken: float) -> str:
    """Where the seconds went, from the command's own lines: each step, then what came after the last one."""
    parts, before = [], 0.0
    for at, name in STEP.findall(said):
        parts.append(f"{name} {float(at) - before:.1f}")
        before = float(at)
    return ", ".join([*parts, f"start and end {taken - before:.1f}"])
