"""Homes whose control store is followed by a log: a warehouse in the shape of the marts, and a cycle's way from store to log."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.control.load import load_control
from rowcol_assets.audit.writer import append_cycle
from tests.publishing.world import NOON, World, make_world

LATER = NOON + timedelta(hours=1)


def logged_world(home: Path) -> World:
    """A home whose bills have what the log reads of those that people entered."""
    world = make_world(home)
    with world.warehouse() as warehouse:
        for column in ("rail", "vendor_id", "document_number", "currency", "status", "entered_by", "ledger_bill_id"):
            warehouse.execute(f"alter table marts.fct_bills add column {column} varchar")
        warehouse.execute("alter table marts.fct_bills add column txn_date date")
        warehouse.execute("alter table marts.fct_bills add column total_amount decimal(18, 2)")
        warehouse.execute("alter table marts.fct_bills add column status_as_of timestamp")
    return world


def log(world: World, run: str, at: datetime = LATER) -> list[tuple[Any, ...]]:
    """Runs the steps of a cycle from the control store to the log and gives its events."""
    load_control(world.settings, world.store)
    with world.warehouse() as warehouse:
        append_cycle(world.settings, warehouse, run_id=run, at=at)
        return warehouse.execute(
            """select business_id, entity, record_id, action, actor_type, actor_id, client, reason, occurred_at, changes, snapshot
            from audit.transaction_log where run_id = ? order by business_id, seq""",
            [run],
        ).fetchall()
