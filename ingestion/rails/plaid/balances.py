"""Reads what accounts hold: Plaid's cached figures, or the bank's own of the moment.

/accounts/get has cached balances, free and quick, as of the item's last successful update, about a day apart: what
schedules and backfills take. /accounts/balance/get asks the bank at that moment, is billed per call, takes up to half a
minute and can fail at a bank whose other data flows; it is asked only when a person waits (a strategy without cache). Its
figures are kept with delivery `live`, whatever the sync's own delivery, so that the change log tells which ones they are;
their time is observed_at. If it fails, the cached ones stand and the report says so.

Cached figures older than the bank's own that are known would take an account back in time, so they are left aside until
Plaid has updated the item. The watermark holds what that takes: a digest of the account ids, and when the bank was asked.

The report says of when the figures are: when the bank was asked, else when Plaid last read it, which the item tells and only a
sync that reads the item learns.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ingestion.clock import utc_text
from ingestion.fetching import EntityReport, RailError
from ingestion.rails.plaid.arrivals import end_missing, keep
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.items import ITEM_PATH
from ingestion.rails.plaid.wire import Accounts, read_item, split_accounts

ENTITY = "balances"
CACHED_PATH = "/accounts/get"
LIVE_PATH = "/accounts/balance/get"
# Capital One keeps no figures of the moment for cards: Plaid refuses unless told how old they may be.
NEEDS_AN_AGE = {"ins_128026"}
ACCEPTED_AGE = timedelta(days=1)


async def read_balances(client: PlaidClient, cached: Accounts) -> EntityReport:
    """Spools the balances of `cached`, the answer of CACHED_PATH, or the bank's own where a person waits for them."""
    session, connection = client.session, client.connection
    digest, asked_at = _parse(session.watermark(connection, ENTITY))
    live, failure = (None, None) if session.strategy.use_cache else await ask_bank(client, cached)
    if live:
        asked_at = session.clock()
        keep(session, connection, ENTITY, [account.balances for account in live.accounts], asked_at, delivery="live")
        # An account that the bank does not answer for keeps Plaid's figures.
        rest = [account.balances for account in cached.accounts if account.record.record_id not in live.ids]
        keep(session, connection, ENTITY, rest, session.clock())
    elif asked_at is None or digest != cached.digest or not await _is_older(client, asked_at):
        asked_at = None
        keep(session, connection, ENTITY, [account.balances for account in cached.accounts], session.clock())
    ended = 0 if digest == cached.digest else await end_missing(session, connection, ENTITY, "account_id", cached.ids)
    count, mark, read_at = len(cached.accounts), _mark(cached.digest, asked_at), asked_at or client.bank_read_at
    if failure:
        told = f"Plaid's cached figures stand: {failure}"
        return EntityReport(ENTITY, "partial", count + ended, watermark=mark, error_kind=failure.kind, error=told, source_read_at=read_at)
    return EntityReport(ENTITY, "succeeded", count + ended, was_full_walk=True, source_count=count, watermark=mark, source_read_at=read_at)


async def ask_bank(client: PlaidClient, cached: Accounts) -> tuple[Accounts | None, RailError | None]:
    """What the bank itself says now about the item of `cached`, or why it does not."""
    fields: dict[str, Any] = {}
    if cached.institution_id in NEEDS_AN_AGE:
        fields["options"] = {"min_last_updated_datetime": utc_text(client.session.clock() - ACCEPTED_AGE)}
    try:
        # Once: the person is waiting, and a bank that did not answer within half a minute will not right after.
        return await client.ask(LIVE_PATH, fields, split_accounts, retried=False), None
    except RailError as error:
        return None, error


async def _is_older(client: PlaidClient, asked_at: datetime) -> bool:
    """Whether Plaid's cached figures are from before the bank was asked; if Plaid does not say, they count as newer."""
    item = await client.ask(ITEM_PATH, {}, read_item)
    return item.updated_at is not None and item.updated_at < asked_at


def mark_of_live(watermark: str | None, asked_at: datetime) -> str:
    """The watermark once figures that the bank itself gave at `asked_at` have landed."""
    digest, known = _parse(watermark)
    return _mark(digest, max(asked_at, known) if known else asked_at)


def _mark(digest: str, asked_at: datetime | None) -> str:
    return f"{digest} {utc_text(asked_at)}" if asked_at else digest


def _parse(mark: str | None) -> tuple[str, datetime | None]:
    digest, _, asked_at = (mark or "").partition(" ")
    return digest, datetime.fromisoformat(asked_at) if asked_at else None
