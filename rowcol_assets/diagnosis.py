"""What is wrong with a home and what to do about it: from the control store and the files, never from the warehouse.

Each finding is one sentence and one remedy, without client values. Shown by `rowcol doctor`; what raises alarms by itself
is in `rowcol_assets/sensors.py`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ingestion.budget import budgets
from ingestion.changelog.segments import journals, rebuild_is_open
from ingestion.control.rows import current_rows
from ingestion.control.store import ControlStore
from ingestion.freshness import stale_connections
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import lock_holder

Severity = Literal["broken", "warning", "note"]

LEAST_FREE_BYTES = 2_000_000_000
# A refresh token that ends within a week is a person's errand; the vendor gives a hundred days.
TOKEN_NOTICE = timedelta(days=7)
# By what a sync could not do; a kind that is not named is told as it is.
REMEDIES = {
    "disconnected": "rowcol connect {business} --rail {rail}, or rowcol onboard {business} --rail {rail} with new credentials",
    "forbidden": "give the app access to this company at the vendor, then rowcol sync --business {business}",
    "scope_missing": "give its consent again, with the scopes that are missing: rowcol connect {business} --rail {rail}",
    "wrong_account": "these credentials belong to another account: rowcol connect {business} --rail {rail} with the right one",
    "throttled": "nothing now: the vendor's limit was reached and the next sync goes on; if it lasts, sync less often",
    "server_error": "nothing: the vendor has a fault; the next sync tries again",
    "unreachable": "see whether this machine reaches the vendor's address; the next sync tries again",
    "malformed_page": "see the pages kept under {quarantine}; they are asked for again by the next sync",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: what it is about (a business, a rail, a file); broken: figures are wrong or old until it is mended."""

    severity: Severity
    subject: str
    problem: str
    what_to_do: str


def diagnose(settings: Settings, store: ControlStore, now: datetime) -> list[Finding]:
    """Everything found wrong at `now`, what is broken first."""
    tables = {name: table.to_pylist() for name, table in current_rows(store).items()}
    found = [
        *_files(settings),
        *_raw(settings),
        *_connections(settings, tables, now),
        *_stale(store, tables, now),
        *_quarantine(settings, tables),
        *_readers(settings, store, tables, now),
        *_budgets(store, now),
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


def _connections(settings: Settings, tables: dict[str, list[dict[str, Any]]], now: datetime) -> Iterator[Finding]:
    if not tables["connections"]:
        yield Finding("broken", str(settings.home), "no business is connected", "rowcol onboard --help, or make run for the sandbox's")
    for row in tables["connections"]:
        subject = f"{row['business_id']} on {row['rail']}"
        if row["removed_at"]:
            continue
        if row["state"] != "healthy":
            severity: Severity = "broken" if row["state"] in ("disconnected", "failing") else "warning"
            problem = f"{row['state']}: {row['last_error'] or row['last_error_kind'] or 'the last sync did not succeed'}"
            yield Finding(severity, subject, problem, _remedy(settings, row))
        ends = row["token_expires_at"]
        if ends and now < ends < now + TOKEN_NOTICE:
            yield Finding("warning", subject, f"its refresh token ends at {ends:%Y-%m-%d %H:%M} UTC unless used", "rowcol sync renews it")


def _remedy(settings: Settings, row: dict[str, Any]) -> str:
    remedy = REMEDIES.get(row["last_error_kind"] or "", "rowcol status shows what each entity came to; the next sync tries again")
    return remedy.format(
        business=row["business_id"], rail=row["rail"], quarantine=settings.quarantine_dir / row["rail"] / row["business_id"]
    )


def _stale(store: ControlStore, tables: dict[str, list[dict[str, Any]]], now: datetime) -> Iterator[Finding]:
    synced = {(row["business_id"], row["rail"], row["connection_id"]) for row in tables["sync_states"] if row["last_success_at"]}
    for one in stale_connections(store, now):
        if not one.is_connected:
            continue
        subject = f"{one.business_id} on {one.rail}"
        remedy = f"rowcol sync --business {one.business_id} --rail {one.rail}"
        if (one.business_id, one.rail, one.connection_id) not in synced:
            yield Finding("warning", subject, "was never synced", remedy)
        else:
            yield Finding("warning", subject, f"no longer fresh: {', '.join(one.entities)}", f"{remedy}; with `rowcol ui` schedules do it")


def _quarantine(settings: Settings, tables: dict[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    counts: dict[tuple[str, str, str], int] = {}
    for row in tables["quarantined_pages"]:
        if row["resolved_at"] is None:
            key = (row["business_id"], row["rail"], row["entity"])
            counts[key] = counts.get(key, 0) + 1
    for (business, rail, entity), count in counts.items():
        problem = f"{count} page{'s' if count > 1 else ''} of {entity} could not be read"
        remedy = f"kept under {settings.quarantine_dir / rail / business}; asked for again by the next sync"
        yield Finding("warning", f"{business} on {rail}", problem, remedy)


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
            problem = f"{budget.used:,} calls this month, {budget.forecast:,} by its end; the vendor allows {budget.cap:,}"
            yield Finding("warning", budget.rail, problem, "sync less often, or pause what nobody looks at: rowcol pause BUSINESS")
