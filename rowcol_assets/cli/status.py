"""`rowcol status`: connections, how fresh, what the last sync came to, who holds what, the last alert. Never opens the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ingestion.control import ControlStore
    from ingestion.freshness import ConnectionFreshness
    from ingestion.settings import Settings

COLUMNS = {
    "business_id": "business",
    "rail": "rail",
    "connection_id": "connection",
    "state": "state",
    "freshness_state": "freshness",
    "last_success_at": "last success",
    "last_status": "last sync",
    "rows_new": "new rows",
    "poll_minutes": "every (min)",
}
# Shown when there is something to show, because a terminal is narrow.
TROUBLE = {"consecutive_failures": "failures", "entities_behind": "behind", "last_error": "error", "leased_by": "leased by"}
WHY = {"poll_reason": "why so often"}


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per connection.")] = False) -> None:
    """Show connections, how fresh they are, their last sync, and who holds the warehouse or a connection.

    Freshness is that of the worst critical table: fresh, aging, stale, never_synced, or disabled while paused; not told while
    the sandbox, whose clock would be the time, does not answer.

    Examples: `rowcol status`, `rowcol status --json`.
    """
    from ingestion.control import open_store
    from ingestion.polling import USUAL_MINUTES
    from ingestion.settings import load_settings
    from ingestion.warehouse import lock_holder
    from rowcol_assets.alerts import last_alert
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    with open_store(settings) as store:
        rows = connection_rows(settings, store)
    if as_json:
        show_json(rows)
        return
    if not rows:
        typer.echo("no business is connected yet: `rowcol onboard --help`")
        return
    # Slow lists are left for later by design; how old they are is freshness' business.
    fine = ("succeeded", "skipped")
    shown = []
    for row in rows:
        behind = [each["entity"] for each in row["entities"] if each["last_outcome"] not in fine] or None
        gone = {"state": "removed", "last_error": None, "consecutive_failures": 0} if row["removed_at"] else {}
        shown.append({**row, "entities_behind": behind, **gone})
    trouble = {key: heading for key, heading in TROUBLE.items() if any(row[key] for row in shown)}
    why = WHY if any(row["poll_minutes"] != USUAL_MINUTES for row in shown) else {}
    show_table(f"Connections of {settings.home}", {**COLUMNS, **why, **trouble}, shown)
    holder = lock_holder(settings)
    typer.echo(f"warehouse: {f'held by {holder}' if holder else 'free'}")
    told = last_alert(settings)
    typer.echo(f"last alert: {f'{told.at[:16]} {told.message}' if told else 'none'}")


def connection_rows(settings: Settings, store: ControlStore) -> list[dict[str, Any]]:
    """One row per connection: its health, its last outcome, its entities' states and ages, its pace of polling, who leases it,
    who holds the warehouse.

    The pace is that of the newest sync's time; a paused connection has none.
    """
    from ingestion.control.leases import held_leases
    from ingestion.control.rows import current_rows, last_outcomes
    from ingestion.warehouse import lock_holder
    from rowcol_assets.alerts import last_alert
    from rowcol_assets.pace import paces_at_last_sync

    paces = paces_at_last_sync(settings, store)
    tables = current_rows(store)
    leased = {_key(row): f"{row['holder']} ({row['process']})" for row in held_leases(store.database)}
    outcomes = {_key(row): row for row in last_outcomes(store)}
    ages = _freshness(settings, store)
    entities: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for state in tables["sync_states"].to_pylist():
        age = ages[_key(state)].entities.get(state["entity"]) if _key(state) in ages else None
        told_age = {"freshness_state": age and age.state, "sync_age_minutes": age and age.sync_age_minutes, "tier": age and age.tier}
        entities.setdefault(_key(state), []).append({name: value for name, value in state.items() if name not in _KEY} | told_age)
    holder = lock_holder(settings)
    told = last_alert(settings)
    rows = []
    for row in tables["connections"].to_pylist():
        last = outcomes.get(_key(row), {})
        pace = paces.get(_key(row))
        rows.append(
            {
                **row,
                "freshness_state": ages[_key(row)].worst if _key(row) in ages else None,
                "last_sync_id": last.get("sync_id"),
                "last_status": last.get("status"),
                "last_finished_at": last.get("finished_at"),
                "rows_new": last.get("rows_new"),
                "requests": last.get("requests"),
                "poll_minutes": pace.minutes if pace else None,
                "poll_reason": pace.why if pace else None,
                "leased_by": leased.get(_key(row)),
                "warehouse_held_by": holder,
                "last_alert": told.message if told else None,
                "last_alert_at": told.at if told else None,
                "entities": entities.get(_key(row), []),
            }
        )
    return rows


def _freshness(settings: Settings, store: ControlStore) -> dict[tuple[str, str, str], ConnectionFreshness]:
    from ingestion.control import product_clock_of
    from ingestion.errors import RowcolError
    from ingestion.freshness import connection_freshness

    try:
        now = product_clock_of(settings, store)()
    except RowcolError:
        return {}
    return {(one.business_id, one.rail, one.connection_id): one for one in connection_freshness(store, now)}


_KEY = ("business_id", "rail", "connection_id")


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["business_id"], row["rail"], row["connection_id"]
