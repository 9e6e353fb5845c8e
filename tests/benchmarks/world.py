"""The four rails together: a first load of 100 businesses, then cycles over them and over 1,000 of which 1 % changed.

Each figure twice: once without the vendors' limits, which is what this machine can do, and once with the limits the vendors
publish and 300 ms for each answer, both kept by the sandbox, which is what users get. What was run is said in each row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ingestion.settings import Settings
from sandbox.server import Running, start
from tests.benchmarks.homes import ALL_RAILS, PACES, UNLIMITED, Pace, Ran, command, connected_home, empty, versions_in
from tests.benchmarks.results import Result, bounded, median

BUSINESSES, SCALE, LEAST_RECORDS = 100, 7.5, 1_500_000
MANY_BUSINESSES, MANY_SCALE = 1000, 0.1
CHANGED_SHARE = 0.01
ROUNDS = 2

LOAD_SECONDS, LOAD_MEMORY_MB = 360, 1536
CYCLE_SECONDS, MANY_CYCLE_SECONDS = 90, 360

STEP = re.compile(r"^\s*([0-9.]+) s  (\w+(?: \w+)?)", re.MULTILINE)
Say = Callable[[str], None]


def measure_load(folder: Path, say: Say) -> list[Result]:
    """First loads, then cycles over what they brought."""
    with start(folder / "hundred", seed=5, businesses=BUSINESSES, scale=SCALE) as running:
        say(f"the sandbox is ready with {sum(running.warm().values()):,} records")
        settings = connected_home(folder / "hundred home", running, ALL_RAILS)
        results = []
        # What users get comes last, and its home goes on.
        for pace in PACES:
            empty(settings)
            results += _first_load(settings, running, pace, say)
        return results + _cycles(settings, running, BUSINESSES, CYCLE_SECONDS, say)


def measure_many(folder: Path, say: Say) -> list[Result]:
    """Cycles over 1,000 businesses, and over the first hundred of them for how the time grows."""
    with start(folder / "thousand", seed=7, businesses=MANY_BUSINESSES, scale=MANY_SCALE) as running:
        say(f"the sandbox is ready with {sum(running.warm().values()):,} records")
        usual: dict[int, list[float]] = {}
        results = []
        for businesses, most in ((BUSINESSES, CYCLE_SECONDS), (MANY_BUSINESSES, MANY_CYCLE_SECONDS)):
            UNLIMITED.set(running)
            settings = connected_home(folder / f"home of {businesses}", running, ALL_RAILS, businesses)
            ran = command(settings, "sync", "--strategy", "bulk_operation", pace=UNLIMITED)
            say(f"{versions_in(settings, ALL_RAILS):,} records of {businesses} businesses loaded in {ran.seconds:.0f} s")
            cycles = _cycles(settings, running, businesses, most, say)
            usual[businesses] = [one.value for one in cycles]
            results += cycles if businesses == MANY_BUSINESSES else []
        for pace, few, many in zip(PACES, usual[BUSINESSES], usual[MANY_BUSINESSES], strict=True):
            name = f"growth of that cycle from {BUSINESSES} to {MANY_BUSINESSES} such businesses, {pace.name}"
            target, ok = (None, None) if pace.limits else ("<= 10 x", many <= 10 * few)
            results.append(Result(name, many, "s", target, ok, few, many / few))
        return results


def _first_load(settings: Settings, running: Running, pace: Pace, say: Say) -> list[Result]:
    pace.set(running)
    ran = command(settings, "sync", "--strategy", "bulk_operation", pace=pace)
    records = versions_in(settings, ALL_RAILS)
    say(f"{pace.name}: {records:,} records in {ran.seconds:.0f} s, {ran.memory_mb:.0f} MB")
    name = f"first load of {BUSINESSES} businesses on 4 rails, {pace.name}"
    return [
        Result(f"{name}: records", records, "records", f">= {LEAST_RECORDS:,}", records >= LEAST_RECORDS),
        bounded(name, ran.seconds, "s", LOAD_SECONDS, has_target=not pace.limits),
        bounded(f"{name}: memory", ran.memory_mb, "MB", LOAD_MEMORY_MB, has_target=not pace.limits),
    ]


def _cycles(settings: Settings, running: Running, businesses: int, most: float, say: Say) -> list[Result]:
    """Cycles after edits to one record in a hundred, after a first one that models everything."""
    UNLIMITED.set(running)
    first = command(settings, "run", pace=UNLIMITED)
    say(f"first cycle over {businesses}: {first.seconds:.0f} s; {steps(first)}")
    results = []
    for pace in PACES:
        pace.set(running)
        rounds = []
        for number in range(ROUNDS):
            running.post("touch", share=CHANGED_SHARE)
            rounds.append(ran := command(settings, "run", pace=pace))
            say(f"{businesses} businesses, {pace.name}, round {number + 1}: {ran.seconds:.1f} s; {steps(ran)}")
        usual = median([ran.seconds for ran in rounds])
        name = f"cycle over {businesses} businesses on 4 rails, 1 % changed, {pace.name}"
        results.append(bounded(name, usual, "s", most, has_target=not pace.limits))
    return results


def steps(ran: Ran) -> str:
    """Where the seconds went, from the command's own lines: each step, then what came after the last one."""
    parts, before = [], 0.0
    for at, name in STEP.findall(ran.said):
        parts.append(f"{name} {float(at) - before:.1f}")
        before = float(at)
    return ", ".join([*parts, f"start and end {ran.seconds - before:.1f}"])
