"""Plaid, asked live: what the bank itself says an account holds, its recent transactions, whether the login works and for what.

Balances are the bank's own of the moment, which is billed per call; transactions are those Plaid has fetched from the
bank. Rows are made from the records as served, the same way whether they come now or from the change log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession, RailError, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Balance, Movement, Probe, Question, Row, Scopes
from ingestion.live.shapes import RECENT, day, decoder
from ingestion.rails.plaid import balances
from ingestion.rails.plaid.arrivals import keep
from ingestion.rails.plaid.client import PlaidClient, open_client
from ingestion.rails.plaid.complaints import owner_error
from ingestion.rails.plaid.items import ITEM_PATH, OtherItem
from ingestion.rails.plaid.recent import read_window
from ingestion.rails.plaid.wire import Item, read_item, split_accounts

Kind = Literal["bank", "card", "loan", "other"]
KINDS: Mapping[str, Kind] = {"depository": "bank", "credit": "card", "loan": "loan"}


class _Account(msgspec.Struct):
    account_id: str
    name: str | None = None
    type: str | None = None


class _Balances(msgspec.Struct):
    available: Decimal | None = None
    current: Decimal | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None


class _Transaction(msgspec.Struct):
    transaction_id: str
    account_id: str | None = None
    amount: Decimal | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    date: str | None = None
    name: str | None = None
    merchant_name: str | None = None
    pending: bool = False


class _Item(msgspec.Struct):
    institution_id: str | None = None
    institution_name: str | None = None
    products: list[str] | None = None
    consented_products: list[str] | None = None


_account, _balances = decoder(_Account), decoder(_Balances)
_transaction, _item = decoder(_Transaction), decoder(_Item)


async def read(session: FetchSession, connection: Connection, question: Question, traffic: Traffic) -> Sequence[Row]:
    """Asks Plaid; see `ingestion.live.adapter.Read`."""
    client = await open_client(session, connection, traffic)
    if question.subject == "balances":
        return await _read_balances(client)
    if question.subject == "transactions":
        today = session.clock().date()
        records = await read_window(client, today - RECENT, today)
        keep(session, connection, "transactions", records, session.clock())
        return [_movement(record.payload) for record in records]
    item = await _read_item(client)
    about = _item(item.record.payload)
    if question.subject == "permissions":
        granted = about.consented_products or about.products or []
        return [Scopes(granted=tuple(sorted(granted)))]
    label, broken = about.institution_name or about.institution_id, owner_error(item.error_code)
    return [Probe(state=broken.kind if broken else "connected", label=label, error=str(broken) if broken else None)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    kept = [record for record in records if not record.is_deleted]
    if question.subject == "transactions":
        rows = [_movement(record.payload) for record in kept]
        return [row for row in rows if row.on and row.on >= (at - RECENT).date()]
    held = {record.record_id: record.payload for record in kept if record.entity == "balances"}
    accounts = [record for record in kept if record.entity == "accounts" and record.record_id in held]
    return [_balance(record.payload, held[record.record_id]) for record in accounts]


def moved_mark(entity: str, watermark: str | None, at: datetime) -> str | None:
    """Until Plaid has looked at the bank again, its cached figures are older than those read live and stay aside."""
    return balances.mark_of_live(watermark, at) if entity == balances.ENTITY else watermark


async def _read_balances(client: PlaidClient) -> Sequence[Row]:
    session, connection = client.session, client.connection
    cached = await client.ask(balances.CACHED_PATH, {}, split_accounts)
    if cached.item_id != connection.connection_id:
        raise OtherItem
    live, failure = await balances.ask_bank(client, cached)
    if live is None:
        raise failure or RailError("refused", "the bank gave no balances")
    if cached.ids - live.ids:
        raise RailError("refused", "the bank did not answer for every account")
    keep(session, connection, "accounts", [account.record for account in live.accounts], session.clock())
    keep(session, connection, balances.ENTITY, [account.balances for account in live.accounts], session.clock())
    return [_balance(account.record.payload, account.balances.payload) for account in live.accounts]


async def _read_item(client: PlaidClient) -> Item:
    item = await client.ask(ITEM_PATH, {}, read_item)
    if item.record.record_id != client.connection.connection_id:
        raise OtherItem
    keep(client.session, client.connection, "items", [item.record], client.session.clock())
    return item


def _balance(account: bytes, held: bytes) -> Balance:
    about, amounts = _account(account), _balances(held)
    kind = KINDS.get(about.type or "", "other")
    known = [amount for amount in (amounts.available, amounts.current) if amount is not None]
    return Balance(
        account_id=about.account_id,
        account_name=about.name,
        kind=kind,
        # As the models count cash: what is there and may be used, on accounts one can pay from.
        cash_amount=min(known) if kind == "bank" and known else None,
        current_amount=amounts.current,
        available_amount=amounts.available,
        currency=amounts.iso_currency_code or amounts.unofficial_currency_code,
    )


def _movement(payload: bytes) -> Movement:
    one = _transaction(payload)
    return Movement(
        record_id=one.transaction_id,
        account_id=one.account_id,
        on=day(one.date),
        # Plaid counts what left the account.
        amount=None if one.amount is None else -one.amount,
        currency=one.iso_currency_code or one.unofficial_currency_code,
        description=one.name,
        party_name=one.merchant_name,
        status="pending" if one.pending else "posted",
    )


ANSWERS = LiveRail(read, recall, moved_mark)
