"""One item's fetch: the item with its bank, then its accounts, then its transactions, each part reporting for itself.

A bank whose balances cannot be asked still brings transactions, and the other way round. An item in an error that only
its owner can end keeps what is known: what Plaid still serves then is what it had before, so it counts as partial.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import replace

from ingestion.answers import UnreadablePage
from ingestion.control.facts import Connection
from ingestion.fetching import EntityReport, FetchSession, RailError, Status, Traffic
from ingestion.promise import EntityPromise
from ingestion.rails.plaid.accounts import read_accounts
from ingestion.rails.plaid.client import PlaidClient, open_client
from ingestion.rails.plaid.items import OtherItem, read_item_and_bank
from ingestion.rails.plaid.transactions import read_transactions

ITEM_ENTITIES = ("items", "institutions")
ACCOUNT_ENTITIES = ("accounts", "balances")
TRANSACTIONS = ("transactions",)

Read = Callable[[Set[str]], Awaitable[list[EntityReport]]]


async def fetch(session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic) -> list[EntityReport]:
    """Reads `entities` of one item into the session's spool and reports on each; RailError when none of it could be read."""
    client = await open_client(session, connection, traffic)
    return await _ItemFetch(client, {entity.name for entity in entities}).run()


class _ItemFetch:
    def __init__(self, client: PlaidClient, wanted: Set[str]) -> None:
        self.client = client
        self.wanted = wanted
        self.owner_error: RailError | None = None
        self.failures: list[RailError] = []

    async def run(self) -> list[EntityReport]:
        # One after the other: item and accounts tell whose token it is, before transactions are kept under this name.
        about_item = await self._part(ITEM_ENTITIES, self._item)
        about_money = await self._part(ACCOUNT_ENTITIES, self._accounts) + await self._part(TRANSACTIONS, self._transactions)
        if self.owner_error:
            about_money = [_cut_off(report, self.owner_error) for report in about_money]
        # What only a person can end goes first: the first failure is the one the connection is judged by.
        reports = sorted(about_item + about_money, key=lambda report: report.error_kind != "disconnected")
        if reports and all(report.status == "failed" for report in reports):
            raise next(failure for failure in self.failures if failure.kind == reports[0].error_kind)
        return reports

    async def _part(self, entities: Sequence[str], read: Read) -> list[EntityReport]:
        wanted = [entity for entity in entities if entity in self.wanted]
        if not wanted:
            return []
        if self.failures and self.failures[-1].kind == "unreachable":
            return self._failed(wanted, self.failures[-1])
        try:
            return await read(set(wanted))
        except OtherItem:
            raise
        except UnreadablePage as page:
            self.client.session.set_aside(self.client.connection, wanted[-1], page.reason, page.body)
            failure: RailError = page
        except RailError as error:
            failure = error
        return self._failed(wanted, failure)

    def _failed(self, entities: Sequence[str], failure: RailError) -> list[EntityReport]:
        self.failures.append(failure)
        status: Status = "skipped" if failure.kind == "not_ready" else "failed"
        return [EntityReport(entity, status, error_kind=failure.kind, error=str(failure)) for entity in entities]

    async def _item(self, wanted: Set[str]) -> list[EntityReport]:
        reports, self.owner_error = await read_item_and_bank(self.client, wanted)
        return reports

    async def _accounts(self, wanted: Set[str]) -> list[EntityReport]:
        return await read_accounts(self.client, wanted)

    async def _transactions(self, wanted: Set[str]) -> list[EntityReport]:
        return [replace(await read_transactions(self.client), source_read_at=self.client.bank_read_at)]


def _cut_off(report: EntityReport, error: RailError) -> EntityReport:
    return report if report.status == "failed" else replace(report, status="partial", error_kind=error.kind, error=str(error))
