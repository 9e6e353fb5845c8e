"""A reader of the published files as BI is one: opens them again and again, and notes every error and every mixture."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.machine import open_file


@dataclass
class Readings:
    """What a polling reader saw. generations: in the order seen, per advisor; wrong: what should never be."""

    generations: dict[str, list[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    reads: int = 0

    def assert_sound(self) -> None:
        """At least one read, no error, no mixture, and never back to an older generation."""
        assert self.reads > 0
        assert not self.wrong, self.wrong[:3]
        assert all(seen == sorted(seen) for seen in self.generations.values())


@contextmanager
def polling(published: Path, advisors: tuple[str, ...] = ("ann", "bob")) -> Iterator[Readings]:
    """Reads every advisor's files for as long as the body runs."""
    readings = Readings()
    stop = threading.Event()

    def poll() -> None:
        while True:
            for advisor in advisors:
                try:
                    _read(readings, published, advisor)
                except Exception as error:  # noqa: BLE001 - whatever a reader meets is a finding
                    readings.wrong.append(f"{advisor}: {type(error).__name__}: {error}")
            # Often enough to meet every moment of a publish, which takes a second, and seldom enough to leave it the processor.
            if stop.wait(0.3):
                return

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        yield readings
    finally:
        stop.set()
        reader.join()


def _read(readings: Readings, published: Path, advisor: str) -> None:
    folder = (published / advisor).resolve(strict=True)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    with open_file(folder / "rowcol_bi.duckdb") as connection:
        for relation, entry in manifest["tables"].items():
            if connection.execute(f"select count(*) from {relation}").fetchone() != (entry["rows"],):
                readings.wrong.append(f"{advisor}: {relation} does not have the rows its manifest names")
        stamps = connection.execute("select distinct published_at from experiences.portfolio").fetchall()
        if len(stamps) != 1:
            readings.wrong.append(f"{advisor}: a portfolio of {len(stamps)} publishes")
    parquet = folder / "marts" / "fct_bills.parquet"
    if hashlib.sha256(parquet.read_bytes()).hexdigest() != manifest["tables"]["marts.fct_bills"]["sha256"]:
        readings.wrong.append(f"{advisor}: a Parquet file of another generation")
    readings.reads += 1
    seen = readings.generations.setdefault(advisor, [])
    if not seen or seen[-1] != manifest["generation"]:
        seen.append(manifest["generation"])
