"""`make bench`: runs the benchmarks, or those named, prints the table and leaves `benchmarks.json` in the home.

Absolute seconds depend on the machine; what is promised as a ratio is measured as one, in the same run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ingestion.files import private_dir
from ingestion.settings import load_settings
from tests.benchmarks import (
    arrivals,
    bridge,
    broken,
    cycle,
    dashboards,
    experiences,
    forecast,
    launching,
    live,
    log,
    matches,
    parties,
    results,
    wire,
    world,
)

PARTS: dict[str, Callable[[Path, Callable[[str], None]], list[results.Result]]] = {
    "wire": wire.measure,
    "cycle": cycle.measure,
    "live": live.measure,
    "world": world.measure_load,
    "thousand": world.measure_many,
    "experiences": experiences.measure,
    "broken": broken.measure,
    "arrivals": arrivals.measure,
    "launch": launching.measure,
    "parties": parties.measure,
    "matches": matches.measure,
    "forecast": forecast.measure,
    "log": log.measure,
    "dashboards": dashboards.measure,
}
# Run when they are named: hours.
SOAKS: dict[str, Callable[[Path, Callable[[str], None]], list[results.Result]]] = {"bridge": bridge.measure}


def main(names: list[str]) -> int:
    """Returns 0 when every target is reached, 1 when one is not, 2 for a part there is not."""
    known = PARTS | SOAKS
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.stderr.write(f"there is no benchmark {unknown[0]!r}; there are: {', '.join(known)}\n")
        return 2
    settings = load_settings()
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"{time.perf_counter() - begun:7.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201

    measured = []
    for name in names or PARTS:
        say(f"{name}:")
        with tempfile.TemporaryDirectory(prefix="rowcol-bench-") as folder:
            measured += known[name](Path(folder), say)
    results.show(measured)
    private_dir(settings.home)
    results.write(settings.benchmarks_path, measured)
    say(f"written to {settings.benchmarks_path}")
    return 1 if any(one.ok is False for one in measured) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
