"""`make bench`: runs every benchmark, prints the table and leaves `benchmarks.json` in the home.

Absolute seconds depend on the machine; what is promised as a ratio is measured as one, in the same run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from ingestion.files import private_dir
from ingestion.settings import load_settings
from tests.benchmarks import cycle, live, reads, results, wire


def main() -> int:
    """Returns 0 when every target is reached, else 1."""
    settings = load_settings()
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"{time.perf_counter() - begun:7.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201

    with tempfile.TemporaryDirectory(prefix="rowcol-bench-") as name:
        folder = Path(name)
        measured = wire.measure(folder, say)
        cycles, published = cycle.measure(folder, say)
        measured += cycles + reads.measure(published) + live.measure(folder)
    results.show(measured)
    private_dir(settings.home)
    results.write(settings.benchmarks_path, measured)
    say(f"written to {settings.benchmarks_path}")
    return 0 if all(one.ok for one in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
