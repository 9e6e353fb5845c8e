"""`rowcol webhooks`: tells the vendors where the receiver is, as far as they take that by API. The flow: `ingestion.subscribing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import RowcolError, UsageError

if TYPE_CHECKING:
    from ingestion.control import ControlStore
    from ingestion.promise import RailPromise
    from ingestion.settings import Settings

COLUMNS = {"rail": "rail", "business_id": "business", "connection_id": "connection", "address": "address", "outcome": "outcome"}
SUBSCRIBED, WAS_SUBSCRIBED, FAILED = "subscribed", "was subscribed", "failed"


def command(
    business: Annotated[list[str] | None, typer.Option(help="Only this business; can be given several times.")] = None,
    rail: Annotated[list[str] | None, typer.Option(help="Only this rail; can be given several times.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of what was told to whom.")] = False,
) -> None:
    """Tell the vendors where the receiver is, so that they send what happens instead of being polled for it.

    The receiver has to run meanwhile, since a vendor tries the address. Examples: `rowcol webhooks`,
    `rowcol webhooks --business acme --rail ramp`.
    """
    from ingestion.control import open_store
    from ingestion.registry import RAILS, rail_promise
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    if settings.receiver_url is None:
        raise UsageError("ROWCOL_RECEIVER_URL is not set: say where the receiver is reached from outside, https://host")
    with open_store(settings) as store:
        promises = [rail_promise(name) for name in rail or RAILS]
        rows = [row for promise in promises for row in _told(settings, store, promise, business)]
    if as_json:
        show_json(rows)
    else:
        show_table("Where webhooks go", COLUMNS, rows)
    failed = [row for row in rows if row["outcome"].startswith(FAILED)]
    if failed:
        raise RowcolError(f"{len(failed)} of {len(rows)} could not be told")


def subscribed(settings: Settings, store: ControlStore, promise: RailPromise, business: str) -> list[dict[str, Any]]:
    """What came of subscribing the connections of `business`; nothing where no API takes it or no address is known."""
    return _told(settings, store, promise, [business]) if settings.receiver_url and promise.subscription else []


def _told(settings: Settings, store: ControlStore, promise: RailPromise, businesses: list[str] | None) -> list[dict[str, Any]]:
    from ingestion.subscribing import subscribe

    address = settings.webhook_address(promise.name)
    rows = []
    for connection in store.connections(promise.name, businesses):
        outcome = promise.webhook_setup
        if promise.subscription:
            try:
                outcome = SUBSCRIBED if subscribe(settings, store, promise, connection) else WAS_SUBSCRIBED
            except RowcolError as error:
                outcome = f"{FAILED}: {error}"
        rows.append({**connection.key, "address": address, "outcome": outcome})
    return rows
