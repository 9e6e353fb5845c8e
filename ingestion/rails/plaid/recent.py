"""Reads an item's recent transactions whole, by their dates: for a person who looks now. The feed is read in `transactions`.

/transactions/get takes a stretch of days and no cursor, so the scheduled feed's stays where it is. Pages are cut by
position; rows that come or go meanwhile shift them, so what is read is counted, and read again when rows are missing.
"""

from __future__ import annotations

from datetime import date

from ingestion.answers import Transient
from ingestion.fetching import RailError
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.items import OtherItem
from ingestion.rails.plaid.transactions import DAYS_REQUESTED
from ingestion.rails.plaid.wire import Record, Window, split_window

PATH = "/transactions/get"
PAGE_ROWS = 500
MOST_PAGES = 20


async def read_window(client: PlaidClient, first: date, last: date) -> list[Record]:
    """Every transaction dated from `first` to `last`, each once."""
    return await client.repeat(lambda: _read_once(client, first, last))


async def _read_once(client: PlaidClient, first: date, last: date) -> list[Record]:
    found: dict[str, Record] = {}
    for page in range(MOST_PAGES):
        # The same option as the feed has, so that a record is the same bytes on both ways.
        options = {
            "count": PAGE_ROWS,
            "offset": page * PAGE_ROWS,
            "include_original_description": True,
            # Fixed for the item by whichever call is its first.
            "days_requested": DAYS_REQUESTED,
        }
        asked = {"start_date": first.isoformat(), "end_date": last.isoformat(), "options": options}
        window: Window = await client.ask_once(PATH, asked, split_window)
        if window.item_id != client.connection.connection_id:
            raise OtherItem
        found.update({record.record_id: record for record in window.records})
        if len(found) >= window.total:
            return list(found.values())
        if not window.records:
            break
    raise Transient(RailError("page_gap", "the recent transactions changed while they were being read"))
