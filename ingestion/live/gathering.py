"""Where a live reading puts what it receives: in memory, since it is little and somebody waits. How it lands: `handover`."""

from __future__ import annotations

from pathlib import Path

from ingestion.changelog.spool import Arrivals
from ingestion.files import private_dir
from ingestion.settings import Settings


class Gathering:
    """What arrived, in order; a `Sink` like the spool of a sync."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.arrived: list[tuple[str, Arrivals]] = []

    @property
    def folder(self) -> Path:
        """Where a reading may put pages aside while it runs."""
        return private_dir(self._settings.home / "spool")

    def add(self, entity: str, arrivals: Arrivals) -> None:
        """Takes one response's records."""
        if arrivals.record_ids:
            self.arrived.append((entity, arrivals))

    @property
    def rows(self) -> int:
        """Records that arrived."""
        return sum(len(arrivals.record_ids) for _, arrivals in self.arrived)
