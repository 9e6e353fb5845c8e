"""What the assets are given: the platform (settings, control store, clock) and the scope of a run.

The scope is typed run configuration: tenants are named here and are data, never partitions. No logic of a step lives
here; see `rowcol_assets.steps`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

import dagster as dg
from pydantic import Field

from ingestion.clock import Clock, utc_text
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.settings import Settings
from ingestion.sync import SyncReport, SyncRequest, Together, sync
from rowcol_assets.steps import Say, silent

StrategyName = Literal["data_fetch", "user_action", "bulk_operation"]
Delivery = Literal["schedule", "webhook", "on_demand", "live", "backfill"]


@dataclass
class Platform:
    """One process's way to settings, control store and clock; opened when first asked for.

    say: progress for people. retries_when_busy: whether a step tries again when the warehouse is held; a person who waits
    would rather be told. syncs: what the syncs of this process came to, for whoever started it. Syncs of a run's rails are
    begun together by the first step that needs one, and waited for by each rail's own.
    """

    settings: Settings
    say: Say = silent
    retries_when_busy: bool = True
    syncs: list[SyncReport] = field(default_factory=list)
    _started: dict[str, datetime] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _under_way: dict[str, tuple[Together, set[str]]] = field(default_factory=dict)

    @cached_property
    def store(self) -> ControlStore:
        """The control store of the home."""
        return open_store(self.settings)

    @cached_property
    def clock(self) -> Clock:
        """Product time."""
        return product_clock_of(self.settings, self.store)

    def started_at(self, run_id: str) -> datetime:
        """The one product time of a run: what its first step to ask was told."""
        if run_id not in self._started:
            self._began[run_id] = time.monotonic()
            self._started[run_id] = self.clock()
        return self._started[run_id]

    def clock_of(self, run_id: str) -> Clock:
        """The time within a run: its one product time and how long it has taken since, whatever clock the home goes by."""
        started, began = self.started_at(run_id), self._began[run_id]
        return lambda: started + timedelta(seconds=time.monotonic() - began)

    def synced(self, run_id: str, rail: str, requests: Callable[[], Sequence[SyncRequest]]) -> SyncReport:
        """What a rail's sync came to. requests: those of all rails of the run, made side by side.

        A step that is tried again makes its own sync again, alone.
        """
        if run_id not in self._under_way:
            begun = list(requests())
            self._under_way[run_id] = Together(self.settings, self.store, self.clock, begun), {one.rail.name for one in begun}
        together, left = self._under_way[run_id]
        if rail in left:
            left.remove(rail)
            return together.report(rail)
        again = next(request for request in requests() if request.rail.name == rail)
        return sync(self.settings, self.store, self.clock, again)

    def variables(self, run_id: str) -> dict[str, str]:
        """The dbt variables of a run."""
        return {"rowcol_now": utc_text(self.started_at(run_id)), "run_id": run_id}


class RunScope(dg.ConfigurableResource):
    """What a run is for. The default is everything that is due, as a scheduled cycle wants it."""

    businesses: list[str] = Field(default_factory=list, description="Businesses to sync; empty means all that are not paused.")
    strategy: StrategyName = Field(default="data_fetch", description="Attempts, waits and cache of the calls.")
    delivery: Delivery = Field(default="schedule", description="What made the data come; kept with each row.")
    count_check: bool = Field(default=False, description="Compare the vendor's counts with ours and walk where they differ; once a day.")
