"""Reads an item's accounts; what they hold is read from the same answer, see `balances`."""

from __future__ import annotations

from collections.abc import Set

from ingestion.fetching import EntityReport
from ingestion.rails.plaid.arrivals import end_missing, keep
from ingestion.rails.plaid.balances import CACHED_PATH, read_balances
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.items import OtherItem
from ingestion.rails.plaid.wire import Accounts, split_accounts


async def read_accounts(client: PlaidClient, wanted: Set[str]) -> list[EntityReport]:
    """Spools accounts and balances, as far as `wanted`, and ends those that are no longer there."""
    found = await client.ask(CACHED_PATH, {}, split_accounts)
    if found.item_id != client.connection.connection_id:
        raise OtherItem
    reports = []
    if "accounts" in wanted:
        reports.append(await _keep_accounts(client, found))
    if "balances" in wanted:
        reports.append(await read_balances(client, found))
    return reports


async def _keep_accounts(client: PlaidClient, found: Accounts) -> EntityReport:
    """The watermark is a digest of the ids served; only when it changed can one be missing, so quiet items need no look-up."""
    session, connection = client.session, client.connection
    keep(session, connection, "accounts", [account.record for account in found.accounts], session.clock())
    ended = 0
    if session.watermark(connection, "accounts") != found.digest:
        ended = await end_missing(session, connection, "accounts", "account_id", found.ids)
    count = len(found.accounts)
    return EntityReport("accounts", "succeeded", count + ended, was_full_walk=True, source_count=count, watermark=found.digest)
