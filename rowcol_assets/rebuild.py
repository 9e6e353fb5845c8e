"""Makes the warehouse again from the raw segments, the sealed log, the control store and the kept history.

The old file is set aside until the new one is complete, and comes back if that fails.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

from ingestion.changelog.pipeline import load_lock
from ingestion.changelog.recovery import rebuild_raw
from ingestion.clock import utc_text
from ingestion.control.load import load_control
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse, writer_lock
from rowcol_assets.audit.tables import copy_sealed, ensure_tables
from rowcol_assets.steps import Say, check, silent, transform
from rowcol_assets.transform import DbtReport

RUN_ID = "rebuild"


def rebuild(settings: Settings, store: ControlStore, now: datetime, say: Say = silent) -> int:
    """Rebuilds raw tables, models and checks; returns the number of raw rows. Published files are left alone."""
    aside = settings.warehouse_path.with_suffix(".duckdb.aside")
    variables = {"rowcol_now": utc_text(now), "run_id": RUN_ID}
    with ExitStack() as locks:
        locks.enter_context(writer_lock(settings, "rebuild"))
        for name in RAILS:
            locks.enter_context(load_lock(settings, name))
        if settings.warehouse_path.exists():
            settings.warehouse_path.replace(aside)
        settings.warehouse_path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        try:
            rows = 0
            for rail in RAILS.values():
                with open_warehouse(settings, "rebuild") as warehouse:
                    loaded = rebuild_raw(settings, rail, warehouse)
                rows += loaded
                say(f"{rail.title}: {loaded:,} versions loaded from segments")
            with open_warehouse(settings, "rebuild") as warehouse:
                ensure_tables(warehouse)
                events = copy_sealed(warehouse, settings.audit_dir)
            say(f"transaction log: {events:,} events copied from sealed files")
            load_control(settings, store)
            _require(transform(settings, "before", variables))
            check(settings, RUN_ID, now)
            _require(transform(settings, "after", variables))
        except BaseException:
            if aside.exists():
                aside.replace(settings.warehouse_path)
            raise
        aside.unlink(missing_ok=True)
    return rows


def _require(report: DbtReport) -> None:
    if report.broken:
        first = report.broken[0]
        raise RowcolError(f"the rebuild failed at {first.unique_id}: {' '.join(first.message.split())[:300]}")
