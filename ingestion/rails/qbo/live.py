"""QuickBooks Online, asked live: the ledger's bank balances, a bill, an invoice, and whether the company can be read.

Rows are made from the records as served, the same way whether they come from the vendor now or from the change log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Balance, Document, Probe, Question, Row, Scopes
from ingestion.live.shapes import day, decoder
from ingestion.rails.qbo.arrivals import keep
from ingestion.rails.qbo.changes import read_by_id
from ingestion.rails.qbo.client import ObjectNotFound, QboClient
from ingestion.rails.qbo.wire import Record, split_query

BANK_ACCOUNTS = "SELECT * FROM Account WHERE AccountType = 'Bank' MAXRESULTS 1000"
COMPANY = "SELECT * FROM CompanyInfo"
# The one scope the app asks for; the vendor's token endpoint does not repeat what was granted.
SCOPE = "com.intuit.quickbooks.accounting"
NUMBER = re.compile(r"[0-9]{1,20}")


class _Ref(msgspec.Struct):
    value: str | None = None
    name: str | None = None


class _Meta(msgspec.Struct):
    LastUpdatedTime: datetime | None = None


class _Document(msgspec.Struct):
    Id: str
    DocNumber: str | None = None
    VendorRef: _Ref | None = None
    CustomerRef: _Ref | None = None
    TxnDate: str | None = None
    DueDate: str | None = None
    TotalAmt: Decimal | None = None
    Balance: Decimal | None = None
    CurrencyRef: _Ref | None = None
    PrivateNote: str | None = None
    MetaData: _Meta | None = None


class _Account(msgspec.Struct):
    Id: str
    Name: str | None = None
    AccountType: str | None = None
    Active: bool | None = True
    CurrentBalance: Decimal | None = None
    CurrencyRef: _Ref | None = None


class _Company(msgspec.Struct):
    CompanyName: str | None = None


_document, _account, _company = decoder(_Document), decoder(_Account), decoder(_Company)


async def read(session: FetchSession, connection: Connection, question: Question, traffic: Traffic) -> Sequence[Row]:
    """Asks the ledger; see `ingestion.live.adapter.Read`."""
    client = QboClient(session, connection, traffic)
    if question.subject in ("bill", "invoice"):
        return await _read_document(client, session, connection, question)
    if question.subject == "balances":
        records, _ = await client.query(BANK_ACCOUNTS, lambda body: split_query(body, "Account"))
        keep(session, connection, "accounts", records)
        return [_balance(record.payload) for record in records]
    records, _ = await client.query(COMPANY, lambda body: split_query(body, "CompanyInfo"))
    keep(session, connection, "company_info", records)
    if question.subject == "permissions":
        return [Scopes(granted=(SCOPE,), note="QuickBooks does not list scopes; the company could be read with this one")]
    return [Probe(state="connected", label=_company(records[0].payload).CompanyName if records else None)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    if question.subject == "balances":
        found = [_account(record.payload) for record in records if not record.is_deleted]
        return [_balance_of(account) for account in found if account.AccountType == "Bank" and account.Active is not False]
    return [_document_row(record.payload, record.is_deleted) for record in records if record.record_id == question.record_id]


async def _read_document(client: QboClient, session: FetchSession, connection: Connection, question: Question) -> Sequence[Row]:
    if not NUMBER.fullmatch(question.record_id):
        return []
    entity, vendor_name = ("bills", "Bill") if question.subject == "bill" else ("invoices", "Invoice")
    try:
        record: Record = await read_by_id(client, vendor_name, question.record_id)
    except ObjectNotFound:
        return []
    keep(session, connection, entity, [record])
    return [_document_row(record.payload, record.is_deleted)]


def _document_row(payload: bytes, is_deleted: bool) -> Document:
    one = _document(payload)
    party = one.VendorRef or one.CustomerRef or _Ref()
    changed_at = one.MetaData.LastUpdatedTime if one.MetaData else None
    return Document(
        record_id=one.Id,
        document_number=one.DocNumber,
        party_id=party.value,
        party_name=party.name,
        txn_date=day(one.TxnDate),
        due_date=day(one.DueDate),
        total_amount=one.TotalAmt,
        open_amount=one.Balance,
        currency=one.CurrencyRef.value if one.CurrencyRef else None,
        status=_status(one, is_deleted),
        has_say=True,
        changed_at=changed_at.astimezone(UTC) if changed_at else None,
    )


def _status(one: _Document, is_deleted: bool) -> Literal["deleted", "voided", "unknown", "paid", "partly_paid", "open"]:
    """As the models' macro `ledger_status` has it."""
    if is_deleted:
        return "deleted"
    if "voided" in (one.PrivateNote or "").lower() and not one.TotalAmt:
        return "voided"
    if one.Balance is None:
        return "unknown"
    if one.Balance == 0:
        return "paid"
    return "partly_paid" if one.TotalAmt is not None and one.Balance < one.TotalAmt else "open"


def _balance(payload: bytes) -> Balance:
    return _balance_of(_account(payload))


def _balance_of(account: _Account) -> Balance:
    return Balance(
        account_id=account.Id,
        account_name=account.Name,
        kind="ledger",
        cash_amount=account.CurrentBalance,
        current_amount=account.CurrentBalance,
        available_amount=None,
        currency=account.CurrencyRef.value if account.CurrencyRef else None,
    )


ANSWERS = LiveRail(read, recall)
