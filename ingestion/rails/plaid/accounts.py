"""Reads an item's accounts and what they hold.

/accounts/get has Plaid's cached balances, free and quick: what schedules and backfills take. /accounts/balance/get asks
the bank at that moment, is billed per call, takes up to half a minute and can fail at a bank whose other data flows; it
is asked only when a person waits (a strategy without cache). Its figures are kept with delivery `live`, whatever the
sync's own delivery, so that the change log tells which figures were the bank's of that moment; the time is observed_at.
If it fails, the cached ones stand and the report says so.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import timedelta
from typing import Any

from ingestion.changelog.schema import content_hash
from ingestion.clock import utc_text
from ingestion.fetching import EntityReport, RailError
from ingestion.promise import EntityPromise
from ingestion.rails.plaid.arrivals import keep
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.items import OtherItem
from ingestion.rails.plaid.promise import PLAID
from ingestion.rails.plaid.wire import Accounts, Record, gone, split_accounts

CACHED_PATH = "/accounts/get"
LIVE_PATH = "/accounts/balance/get"
# Capital One keeps no figures of the moment for cards: Plaid refuses unless told how old they may be.
NEEDS_AN_AGE = {"ins_128026"}
ACCEPTED_AGE = timedelta(days=1)

_ACCOUNTS: EntityPromise = next(entity for entity in PLAID.entities if entity.name == "accounts")


async def read_accounts(client: PlaidClient, wanted: Set[str]) -> list[EntityReport]:
    """Spools accounts and balances, as far as `wanted`, and ends those that are no longer there."""
    found = await client.ask(CACHED_PATH, {}, _split)
    if found.item_id != client.connection.connection_id:
        raise OtherItem
    reports = []
    if "accounts" in wanted:
        keep(client.session, client.connection, "accounts", [account.record for account in found.accounts], client.session.clock())
        reports.append(await _settle(client, "accounts", found))
    if "balances" in wanted:
        keep(client.session, client.connection, "balances", [account.balances for account in found.accounts], client.session.clock())
        failure = None if client.session.strategy.use_cache else await _read_live(client, found)
        reports.append(await _settle(client, "balances", found, failure))
    return reports


async def _read_live(client: PlaidClient, cached: Accounts) -> RailError | None:
    """Spools the bank's own figures, after and so above the cached ones; returns why that was not possible."""
    fields: dict[str, Any] = {}
    if cached.institution_id in NEEDS_AN_AGE:
        fields["options"] = {"min_last_updated_datetime": utc_text(client.session.clock() - ACCEPTED_AGE)}
    try:
        # Once: the person is waiting, and a bank that did not answer within half a minute will not right after.
        live = await client.ask(LIVE_PATH, fields, _split, retried=False)
    except RailError as error:
        return error
    balances = [account.balances for account in live.accounts]
    keep(client.session, client.connection, "balances", balances, client.session.clock(), delivery="live")
    return None


async def _settle(client: PlaidClient, entity: str, found: Accounts, failure: RailError | None = None) -> EntityReport:
    """Reports, after ending accounts that are not served any more.

    The watermark is a digest of the ids served; only when it changed can one be missing, so a quiet item needs no look
    into the change log.
    """
    served = {account.record.record_id for account in found.accounts}
    mark = content_hash(chr(31).join(sorted(served)).encode())
    missing: list[Record] = []
    if client.session.watermark(client.connection, entity) != mark:
        known = await client.session.known_ids(client.connection, entity)
        missing = [gone(record_id, "account_id") for record_id in sorted(known - served)]
        keep(client.session, client.connection, entity, missing, client.session.clock())
    seen = len(served) + len(missing)
    if failure:
        return EntityReport(
            entity, "partial", seen, watermark=mark, error_kind=failure.kind, error=f"Plaid's cached figures stand: {failure}"
        )
    return EntityReport(entity, "succeeded", seen, was_full_walk=True, source_count=len(served), watermark=mark)


def _split(body: bytes) -> Accounts:
    return split_accounts(body, _ACCOUNTS.volatile_fields)
