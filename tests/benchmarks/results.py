"""A benchmark's result, the table `make bench` prints, and the file it leaves in the home."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from ingestion.files import write_atomic


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure. baseline: what it is compared with, ratio: value / baseline, target: the bound in words; None: none is set."""

    name: str
    value: float
    unit: str
    target: str | None
    ok: bool | None
    baseline: float | None = None
    ratio: float | None = None


def bounded(
    name: str, value: float, unit: str, most: float, *, has_target: bool, baseline: float | None = None, holds: bool = True
) -> Result:
    """A figure that is to stay under `most`, where it has a target at all. holds: what else has to be so."""
    ratio = None if baseline is None else value / baseline
    if not has_target:
        return Result(name, value, unit, None, None if holds else False, baseline, ratio)
    return Result(name, value, unit, f"< {most:g}", value < most and holds, baseline, ratio)


def median(values: list[float]) -> float:
    """The middle value; of an even number the lower of the two."""
    return sorted(values)[(len(values) - 1) // 2]


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show(results: list[Result]) -> None:
    """Prints the results as a table."""
    table = Table(title="Benchmarks", title_justify="left")
    for heading in ("name", "value", "unit", "baseline", "ratio", "target", "ok"):
        table.add_column(heading, justify="left" if heading in ("name", "unit", "target", "ok") else "right")
    for one in results:
        numbers = [
            "-" if number is None else f"{number:,.3g}" if number < 100 else f"{number:,.0f}"
            for number in (one.value, one.baseline, one.ratio)
        ]
        kept = {None: "-", True: "yes", False: "NO"}[one.ok]
        table.add_row(one.name, numbers[0], one.unit, numbers[1], numbers[2], one.target or "-", kept)
    Console(width=140).print(table)


def write(path: Path, results: list[Result]) -> None:
    """Leaves the results in `path` as a JSON list of {name, value, unit, baseline, ratio, target, ok}."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode([asdict(one) for one in results]), indent=2) + b"\n")
