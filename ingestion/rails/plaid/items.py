"""Reads an item and the bank it is at. An item tells of its own error, also when nothing else of it can be read.

The bank, which hardly changes, is read once an hour. An item also says where its webhooks go: Plaid keeps the address per
item, so one that is another than the receiver's is corrected here.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Set
from datetime import datetime

from ingestion.answers import UnreadablePage
from ingestion.clock import utc_text
from ingestion.fetching import EntityReport, RailError
from ingestion.periods import HOUR, in_another
from ingestion.rails.plaid.arrivals import keep
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.complaints import owner_error
from ingestion.rails.plaid.wire import Item, Record, read_institution, read_item

ITEM_PATH = "/item/get"
INSTITUTION_PATH = "/institutions/get_by_id"
WEBHOOK_PATH = "/item/webhook/update"
COUNTRY_CODES = ["US"]

log = logging.getLogger("rowcol.plaid")


class OtherItem(RailError):
    """The access token belongs to another item than the connection: nothing read with it may count."""

    def __init__(self) -> None:
        super().__init__("forbidden", "the access token belongs to another bank connection: hand in the right credentials")


class _Answers:
    """Banks by client and id, with a lock each, so that the many items of one bank ask once."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], Record] = {}
        self.locks: dict[tuple[str, str, str], asyncio.Lock] = {}


# One event loop is one part of one sync; locks belong to it.
_of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Answers] = weakref.WeakKeyDictionary()


async def read_item_and_bank(client: PlaidClient, wanted: Set[str]) -> tuple[list[EntityReport], RailError | None]:
    """Spools the item and its institution, as far as `wanted`; returns reports and the item's error if only its owner can help."""
    item = await client.ask(ITEM_PATH, {}, read_item)
    if item.record.record_id != client.connection.connection_id:
        raise OtherItem
    client.bank_read_at = item.updated_at or client.session.clock()
    await _direct_webhooks(client, item)
    if item.error_code is None:
        session, connection = client.session, client.connection
        await asyncio.to_thread(session.store.note_consent, connection, item.consent_expires_at, session.clock())
    reports = []
    if "items" in wanted:
        keep(client.session, client.connection, "items", [item.record], client.session.clock())
        reports.append(EntityReport("items", "succeeded", 1, was_full_walk=True))
    if "institutions" in wanted:
        reports.append(await _read_bank(client, item))
    return reports, owner_error(item.error_code)


async def _direct_webhooks(client: PlaidClient, item: Item) -> None:
    """Has the item's webhooks sent to the receiver, if its address is known and they go elsewhere or nowhere.

    A refusal costs no reading and no wait: the item is polled all the same, and its next reading tries again.
    """
    address = client.session.store.settings.webhook_address(client.connection.rail)
    if address is None or item.webhook == address:
        return
    try:
        await client.ask(WEBHOOK_PATH, {"webhook": address}, bytes, retried=False)
    except RailError as error:
        log.warning("%s: its webhooks go elsewhere still: %s", client.connection.connection_id, error)


async def _read_bank(client: PlaidClient, item: Item) -> EntityReport:
    if item.institution_id is None:
        return EntityReport("institutions", "succeeded", was_full_walk=True)
    now, read_at = client.session.clock(), client.session.watermark(client.connection, "institutions")
    if client.session.may_wait and read_at and not in_another(HOUR, datetime.fromisoformat(read_at), now):
        return EntityReport("institutions", "skipped")
    try:
        bank = await _bank(client, item.institution_id)
    except UnreadablePage as page:
        client.session.set_aside(client.connection, "institutions", page.reason, page.body)
        return EntityReport("institutions", "failed", error_kind=page.kind, error=str(page))
    except RailError as error:
        return EntityReport("institutions", "failed", error_kind=error.kind, error=str(error))
    keep(client.session, client.connection, "institutions", [bank], client.session.clock())
    return EntityReport("institutions", "succeeded", 1, was_full_walk=True, watermark=utc_text(now))


async def _bank(client: PlaidClient, institution_id: str) -> Record:
    answers = _of_loop.setdefault(asyncio.get_running_loop(), _Answers())
    key = (client.access.base_url, client.access.client_id, institution_id)
    async with answers.locks.setdefault(key, asyncio.Lock()):
        if key not in answers.known or not client.session.strategy.use_cache:
            fields = {"institution_id": institution_id, "country_codes": COUNTRY_CODES}
            answers.known[key] = await client.ask(INSTITUTION_PATH, fields, read_institution)
        return answers.known[key]
