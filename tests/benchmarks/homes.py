"""Homes for benchmarks: connected to a sandbox, copied, given a longer history."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.clock import sandbox_clock
from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.settings import Settings
from sandbox.server import Running

ADVISOR = "bench"


def connected_home(folder: Path, running: Running) -> Settings:
    """A new home in which every business of the sandbox is onboarded and granted to one advisor."""
    settings = Settings(home=folder)
    with open_store(settings) as store:
        for entry in running.credentials:
            onboard(
                settings,
                store,
                entry["business_id"],
                "qbo",
                entry["credentials"],
                base_url=running.base_url,
                auth_url=running.base_url,
                name=entry["name"],
                timezone=entry["timezone"],
                firm=entry["firm"],
            )
            store.grant(ADVISOR, entry["business_id"], "owner", settings.now or _now(running))
    return settings


def command(settings: Settings, *arguments: str) -> tuple[float, str]:
    """Runs a `rowcol` command over a home as a process of its own; returns its seconds and what it said on both streams."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rowcol_assets.cli", *arguments],
        env={"ROWCOL_HOME": str(settings.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"rowcol {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-800:]}")
    return seconds, done.stdout + done.stderr


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
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select table_name from information_schema.tables where table_schema = 'raw_qbo' and not starts_with(table_name, '_')"
        ).fetchall()
        return sum(warehouse.execute(f"select count(*) from raw_qbo.{name}").fetchall()[0][0] for (name,) in tables)


def copy_home(settings: Settings, folder: Path) -> Settings:
    """A second home with the same content."""
    shutil.copytree(settings.home, folder, symlinks=True)
    return Settings(home=folder)


def _now(running: Running) -> datetime:
    return sandbox_clock(running.base_url)()
