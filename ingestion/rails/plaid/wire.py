"""Plaid's answers as bytes: splits them into verbatim records. No HTTP, no state; errors are read in `complaints`.

Records are kept as the text that was served, amounts included; of each only ids are decoded. Shapes: Plaid's OpenAPI
description, version 2020-09-14. Fields and enums are open sets.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingestion.answers import MalformedPage, decoded
from ingestion.changelog.schema import content_hash
from ingestion.rails.plaid.promise import PLAID

# All that is known of a deletion is that it happened, however it is told.
DELETED = content_hash(b"deleted")
_VOLATILE_IN_ACCOUNT = next(entity.volatile_fields for entity in PLAID.entities if entity.name == "accounts")


class Record(msgspec.Struct, frozen=True, gc=False):
    """One object as served, or what was served about its end."""

    record_id: str
    payload: bytes
    content_hash: str
    is_deleted: bool = False


class Step(msgspec.Struct, frozen=True):
    """What a page of an update says about the update."""

    next_cursor: str
    has_more: bool
    status: str


class Item(msgspec.Struct, frozen=True):
    """An item.

    error_code: of the error it is in, if any; updated_at: when Plaid last read its transactions and balances; webhook: where its
    webhooks go, if anywhere; consent_expires_at: when its owner's consent ends, if it does.
    """

    record: Record
    institution_id: str | None
    institution_name: str | None
    error_code: str | None
    updated_at: datetime | None
    webhook: str | None
    consent_expires_at: datetime | None


class Account(msgspec.Struct, frozen=True):
    """An account and its balances as they were served inside it."""

    record: Record
    balances: Record


class Accounts(msgspec.Struct, frozen=True):
    """All accounts of an item. digest: of their ids, the same in any order."""

    accounts: list[Account]
    item_id: str
    institution_id: str | None
    ids: frozenset[str]
    digest: str


class Window(msgspec.Struct, frozen=True):
    """A page of the transactions of some days. total: how many those days have."""

    records: list[Record]
    total: int
    item_id: str


class _TransactionHead(msgspec.Struct, gc=False):
    transaction_id: str


class _SyncHeads(msgspec.Struct):
    added: list[_TransactionHead]
    modified: list[_TransactionHead]
    removed: list[_TransactionHead]
    next_cursor: str
    has_more: bool
    transactions_update_status: str = ""


class _SyncPayloads(msgspec.Struct):
    added: list[msgspec.Raw]
    modified: list[msgspec.Raw]
    removed: list[msgspec.Raw]


class _WindowPayloads(msgspec.Struct):
    transactions: list[msgspec.Raw]


class _ItemError(msgspec.Struct):
    error_code: str | None = None


class _ItemHead(msgspec.Struct):
    item_id: str
    institution_id: str | None = None
    institution_name: str | None = None
    error: _ItemError | None = None
    webhook: str | None = None
    consent_expiration_time: Any = None


class _WindowHeads(msgspec.Struct):
    transactions: list[_TransactionHead]
    total_transactions: int
    item: _ItemHead


class _Updates(msgspec.Struct):
    last_successful_update: datetime | None = None


class _Status(msgspec.Struct):
    transactions: _Updates | None = None


class _ItemPage(msgspec.Struct):
    item: msgspec.Raw
    status: _Status | None = None


class _AccountHead(msgspec.Struct):
    account_id: str
    balances: msgspec.Raw


class _AccountsPage(msgspec.Struct):
    accounts: list[msgspec.Raw]
    item: _ItemHead


class _InstitutionHead(msgspec.Struct):
    institution_id: str


class _InstitutionPage(msgspec.Struct):
    institution: msgspec.Raw


_sync_heads = msgspec.json.Decoder(_SyncHeads)
_sync_payloads = msgspec.json.Decoder(_SyncPayloads)
_window_heads = msgspec.json.Decoder(_WindowHeads)
_window_payloads = msgspec.json.Decoder(_WindowPayloads)
_item_page = msgspec.json.Decoder(_ItemPage)
_item = msgspec.json.Decoder(_ItemHead)
_accounts_page = msgspec.json.Decoder(_AccountsPage)
_account = msgspec.json.Decoder(_AccountHead)
_institution_page = msgspec.json.Decoder(_InstitutionPage)
_institution = msgspec.json.Decoder(_InstitutionHead)


def read_step(body: bytes) -> Step:
    """What a page of /transactions/sync says about its update; a page that passes here can be split."""
    page = decoded(_sync_heads, body)
    if page.has_more and not page.next_cursor:
        raise MalformedPage("more pages are announced without a cursor")
    return Step(page.next_cursor, page.has_more, page.transactions_update_status)


def split_sync(body: bytes) -> list[Record]:
    """The records of a page of /transactions/sync: what was added, then modified, then removed."""
    # Two passes in C over the page are quicker than one call per record.
    heads, payloads = decoded(_sync_heads, body), decoded(_sync_payloads, body)
    living = zip((*heads.added, *heads.modified), (*payloads.added, *payloads.modified), strict=True)
    gone = zip(heads.removed, payloads.removed, strict=True)
    records = [_record(head.transaction_id, raw) for head, raw in living]
    return records + [Record(head.transaction_id, bytes(raw), DELETED, is_deleted=True) for head, raw in gone]


def split_window(body: bytes) -> Window:
    """The records of a page of /transactions/get."""
    heads, payloads = decoded(_window_heads, body), decoded(_window_payloads, body)
    records = [_record(head.transaction_id, raw) for head, raw in zip(heads.transactions, payloads.transactions, strict=True)]
    return Window(records, heads.total_transactions, heads.item.item_id)


def split_accounts(body: bytes) -> Accounts:
    """The accounts of /accounts/get or /accounts/balance/get.

    An item without accounts is an error of Plaid's, so an empty list is an unreadable answer and no deletion of all.
    """
    page = decoded(_accounts_page, body)
    if not page.accounts:
        raise MalformedPage("the answer holds no account")
    accounts = []
    for raw in page.accounts:
        head = decoded(_account, raw)
        if not bytes(head.balances).startswith(b"{"):
            raise MalformedPage("an account's balances are no object")
        accounts.append(Account(_record(head.account_id, raw, _VOLATILE_IN_ACCOUNT), _record(head.account_id, head.balances)))
    ids = frozenset(account.record.record_id for account in accounts)
    digest = content_hash(chr(31).join(sorted(ids)).encode())
    return Accounts(accounts, page.item.item_id, page.item.institution_id, ids, digest)


def read_item(body: bytes) -> Item:
    """The item of /item/get."""
    page = decoded(_item_page, body)
    head = decoded(_item, page.item)
    updates = page.status.transactions if page.status else None
    return Item(
        _record(head.item_id, page.item),
        head.institution_id,
        head.institution_name,
        head.error.error_code if head.error else None,
        updates.last_successful_update if updates else None,
        head.webhook,
        instant(head.consent_expiration_time),
    )


def read_institution(body: bytes) -> Record:
    """The institution of /institutions/get_by_id."""
    raw = decoded(_institution_page, body).institution
    return _record(decoded(_institution, raw).institution_id, raw)


def instant(told: object) -> datetime | None:
    """An instant as Plaid writes them, UTC where it names no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def gone(record_id: str, id_field: str) -> Record:
    """The end of a record that is no longer served and of which nothing is said."""
    return Record(record_id, msgspec.json.encode({id_field: record_id}), DELETED, is_deleted=True)


def _record(record_id: str, raw: msgspec.Raw, volatile: Set[str] = frozenset()) -> Record:
    payload = bytes(raw)
    return Record(record_id, payload, content_hash(payload, volatile))
