"""What is wrong with a home and what to do about it: from the control store and the files, never from the warehouse.

Each finding is one sentence and one remedy, without client values. What concerns connections, their pages and their
vendors is in `rowcol_assets/rail_findings.py`. Shown by `rowcol doctor`; what raises alarms by itself is in
`rowcol_assets/sensors.py`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.budget import budgets
from ingestion.changelog.segments import journals, rebuild_is_open
from ingestion.control.rows import current_rows
from ingestion.control.store import ControlStore
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import lock_holder
from rowcol_assets.guardrail_policy import POLICY_PATH, in_force, read_policy
from rowcol_assets.rail_findings import (
    Finding,
    api_findings,
    connection_findings,
    copy_findings,
    freshness_findings,
    letter_findings,
    page_findings,
    rail_pause_findings,
    refusal_findings,
)

LEAST_FREE_BYTES = 2_000_000_000


def diagnose(settings: Settings, store: ControlStore, now: datetime) -> list[Finding]:
    """Everything found wrong at `now`, what is broken first."""
    tables = {name: table.to_pylist() for name, table in current_rows(store).items()}
    found = [
        *_files(settings),
        *_raw(settings),
        *rail_pause_findings(store),
        *connection_findings(settings, tables, now),
        *freshness_findings(store, now),
        *copy_findings(tables, now),
        *page_findings(tables),
        *letter_findings(store),
        *refusal_findings(store),
        *api_findings(store, now),
        *_readers(settings, store, tables, now),
        *_budgets(store, now),
        *_policy(now),
    ]
    return sorted(found, key=lambda finding: ("broken", "warning", "note").index(finding.severity))


def _files(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE_BYTES:
        remedy = "make room: a publish or load that does not fit is given up and the last good one stays"
        yield Finding("warning", str(settings.home), f"{free / 1e9:.1f} GB are free on its disk", remedy)
    for path, wanted in ((settings.home, 0o700), (settings.home / "control.db", 0o600), (settings.home / "secret.key", 0o600)):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & ~wanted:
            yield Finding("broken", str(path), "others on this machine can open it", f"chmod {wanted:o} {path}")
    holder = lock_holder(settings)
    if holder:
        yield Finding("note", str(settings.warehouse_path), f"held by {holder}", "nothing: commands wait up to a minute for it")


def _raw(settings: Settings) -> Iterator[Finding]:
    for rail in RAILS.values():
        if rebuild_is_open(settings, rail.name):
            yield Finding("broken", rail.name, "a rebuild of its raw tables was cut short", "rowcol rebuild")
        elif pending := journals(settings, rail.name):
            text = f"{len(pending)} load{'s were' if len(pending) > 1 else ' was'} cut short"
            yield Finding("note", rail.name, text, "nothing: the next sync completes it from the segments")


def _readers(settings: Settings, store: ControlStore, tables: dict[str, list[dict[str, Any]]], now: datetime) -> Iterator[Finding]:
    granted = {row["business_id"] for row in tables["grants"] if row["valid_to"] is None}
    for business in store.businesses():
        if business.business_id not in granted:
            yield Finding("warning", business.business_id, "nobody can read it", f"rowcol grant ADVISOR {business.business_id}")
    for advisor in store.advisors(now):
        published = Path(settings.published_dir / advisor / "rowcol_bi.duckdb")
        if not published.exists():
            yield Finding("warning", advisor, "nothing is published for this advisor yet", "rowcol run")
        elif not os.access(published, os.R_OK):
            yield Finding("broken", str(published), "cannot be read", f"chmod u+r {published}")


def _budgets(store: ControlStore, now: datetime) -> Iterator[Finding]:
    for budget in budgets(store, now):
        if budget.is_exceeded:
            problem = f"{budget.used:,} calls this month, {budget.forecast:,} by its end; allowed are {budget.cap:,}"
            yield Finding("warning", budget.rail, problem, "sync less often, or pause what nobody looks at: rowcol pause BUSINESS")


def _policy(now: datetime) -> Iterator[Finding]:
    versions = read_policy()
    remedy = f"mend its line in {POLICY_PATH}; until then the version before it counts"
    for version in versions:
        if version.refused is not None:
            yield Finding("broken", "guardrail_policy", f"version {version.name} is refused: {version.refused}", remedy)
    if in_force(versions, now.date()) is None:
        yield Finding("broken", "guardrail_policy", "no version is in force: nothing can be approved", f"mend {POLICY_PATH}")
