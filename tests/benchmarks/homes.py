"""Homes for benchmarks: connected to a sandbox, copied, emptied, given a longer history; and commands run over them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingestion.control.intake import probe_sandbox
from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.settings import Settings
from sandbox.server import Running
from tests.benchmarks.memory import PeakOf

ADVISOR = "bench"
LEDGER = ("qbo",)
ALL_RAILS = ("qbo", "ramp", "plaid", "stripe")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the vendors let themselves be asked. limits: theirs are kept, by them and by us; what that takes has no target."""

    name: str
    latency_ms: int
    limits: bool

    @property
    def environment(self) -> dict[str, str]:
        """What a command is told of it."""
        return {"ROWCOL_RAIL_LIMITS": "on" if self.limits else "off"}

    def set(self, running: Running) -> None:
        """Has the sandbox serve so from now on."""
        running.post("pace", latency_ms=self.latency_ms, limits=self.limits)


# What the machine can do, and what users get.
UNLIMITED = Pace("no limits", 0, limits=False)
VENDORS = Pace("vendors' limits, 300 ms", 300, limits=True)
PACES = (UNLIMITED, VENDORS)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went. said: what it wrote on both streams; memory_mb: the most it ever had in memory."""

    seconds: float
    said: str
    memory_mb: float


def connected_home(folder: Path, running: Running, rails: tuple[str, ...] = LEDGER, businesses: int | None = None) -> Settings:
    """A new home in which every business of the sandbox, or the first ones, are onboarded and granted to one advisor."""
    settings = Settings(home=folder)
    connect(settings, running, rails, [entry["business_id"] for entry in running.credentials[:businesses]])
    return settings


def connect(settings: Settings, running: Running, rails: tuple[str, ...], businesses: list[str]) -> None:
    """Onboards businesses of the sandbox on `rails` and grants them to the advisor."""
    probe = cache(probe_sandbox)
    now = probe(running.base_url)
    assert now is not None, "it is a sandbox"
    wanted = set(businesses)
    with open_store(settings) as store:
        for entry in [*running.credentials, *running.others]:
            if entry["rail"] in rails and entry["business_id"] in wanted:
                _onboard(settings, store, entry, probe)
        for business in businesses:
            store.grant(ADVISOR, business, "owner", now)


def _onboard(settings: Settings, store: Any, entry: dict[str, Any], probe: Any) -> None:
    onboard(
        settings,
        store,
        entry["business_id"],
        entry["rail"],
        entry["credentials"],
        base_url=entry["base_url"],
        auth_url=entry["auth_url"],
        name=entry["name"],
        timezone=entry["timezone"],
        firm=entry["firm"],
        probe=probe,
    )


def started(settings: Settings, *arguments: str, pace: Pace | None = None) -> subprocess.Popen[str]:
    """A `rowcol` command over a home as a process of its own, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "rowcol_assets.cli", *arguments],
        env={"ROWCOL_HOME": str(settings.home), "PATH": "/usr/bin:/bin", **(pace.environment if pace else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def command(settings: Settings, *arguments: str, pace: Pace | None = None, code: int = 0) -> Ran:
    """Runs a `rowcol` command over a home to its end; RuntimeError, with what it said, when that is not exit code `code`."""
    begun = time.perf_counter()
    process = started(settings, *arguments, pace=pace)
    assert process.stdout is not None
    with PeakOf(process.pid) as peak:
        said = process.stdout.read()
        process.wait()
    seconds = time.perf_counter() - begun
    if process.returncode != code:
        raise RuntimeError(f"rowcol {' '.join(arguments)} ended with {process.returncode}: {said[-800:]}")
    return Ran(seconds, said, peak.mb)


def empty(settings: Settings) -> None:
    """Takes everything that was fetched out of a home and leaves what it is connected to."""
    for folder in ("raw", "dlt", "spool", "quarantine", "history", "published"):
        shutil.rmtree(settings.home / folder, ignore_errors=True)
    for file in settings.home.glob("warehouse.duckdb*"):
        file.unlink()


def versions_in(settings: Settings, rails: tuple[str, ...] = LEDGER) -> int:
    """Rows of the raw tables."""
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        named = ", ".join(f"'raw_{rail}'" for rail in rails)
        tables = warehouse.execute(
            "select table_schema, table_name from information_schema.tables"
            f" where table_schema in ({named}) and not starts_with(table_name, '_')"
        ).fetchall()
        return sum(warehouse.execute(f"select count(*) from {schema}.{name}").fetchall()[0][0] for schema, name in tables)


def lengthen_history(settings: Settings, times: int) -> int:
    """Gives every record `times - 1` older versions, as segments, and rebuilds; returns the versions there are then."""
    for entity in sorted(path for path in (settings.raw_dir / "qbo").iterdir() if path.is_dir() and not path.name.startswith(".")):
        target = entity / "19700101T000000Z-older.parquet"
        duckdb.sql(
            f"""copy (
                select kept.* replace (
                    sha256(concat(change_id, older.number)) as change_id,
                    source_updated_at - to_days(older.number::int) as source_updated_at,
                    strftime(source_updated_at - to_days(older.number::int), '%Y-%m-%dT%H:%M:%S.%fZ') as source_version,
                    md5(concat(content_hash, older.number)) as content_hash,
                    observed_at - to_days(older.number::int) as observed_at,
                    false as is_deleted,
                    'older' as sync_id
                )
                from read_parquet('{entity}/*.parquet') as kept cross join range(1, {times}) as older(number)
            ) to '{target}' (format parquet)"""
        )
    command(settings, "rebuild")
    return versions_in(settings)


def copy_home(settings: Settings, folder: Path) -> Settings:
    """A second home with the same content."""
    shutil.copytree(settings.home, folder, symlinks=True)
    return Settings(home=folder)
