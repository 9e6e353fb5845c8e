"""A home for tests: businesses of a sandbox under two advisors, and what a test asks of it.

The sandbox in question is `sandbox.server.start`; jobs run in this process as `rowcol run` runs them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse
from rowcol_assets.cycle import JobReport, run_job
from rowcol_assets.publishing import open_published
from sandbox.server import Running

ADVISOR = "ann"


@dataclass(frozen=True)
class Place:
    """A home and the sandbox its connections point to."""

    settings: Settings
    sandbox: Running

    @property
    def businesses(self) -> list[str]:
        """The businesses by id."""
        with open_store(self.settings) as store:
            return [business.business_id for business in store.businesses()]

    def store(self) -> ControlStore:
        """The control store, to be closed by the caller."""
        return open_store(self.settings)

    def run(self, job: str = "cycle", **options: Any) -> JobReport:
        """Runs a job in this process."""
        return run_job(self.settings, job, **options)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with open_warehouse(self.settings, "test") as warehouse:
            return warehouse.execute(sql, list(parameters)).fetchall()

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the advisor's published file."""
        with open_published(self.settings.published_dir / ADVISOR) as file:
            return file.execute(sql).fetchall()

    def copy(self, home: Path) -> Place:
        """The same home elsewhere, over the same sandbox."""
        shutil.copytree(self.settings.home, home, symlinks=True)
        return Place(home_settings(home), self.sandbox)


def home_settings(home: Path) -> Settings:
    """Settings of a home that leave the machine to others."""
    return Settings(home=home, duckdb_memory="1GB", duckdb_threads=2, _env_file=None)


def onboard_all(settings: Settings, sandbox: Running) -> Place:
    """A home with every business of the sandbox, all granted to one advisor."""
    with open_store(settings) as store:
        for entry in sandbox.credentials:
            onboard(settings, store, entry["business_id"], entry["rail"], entry["credentials"], base_url=sandbox.base_url)
        now = product_clock_of(settings, store)()
        for business in store.businesses():
            store.grant(ADVISOR, business.business_id, "owner", now)
    return Place(settings, sandbox)
