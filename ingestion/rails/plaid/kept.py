"""Takes a kept page of Plaid apart again; which kind it is, its entity and its shape say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.answers import MalformedPage
from ingestion.control.facts import Connection
from ingestion.fetching import KeptRecord
from ingestion.rails.plaid.wire import Record, read_institution, read_item, split_accounts, split_sync

_OTHER = "the page is another bank connection's"


def reread(connection: Connection, entity: str, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    """The records of a page by raw table.

    Balances are left out: every sync reads them anew, and a page cannot tell whether the bank had newer ones by then.
    """
    if entity == "transactions":
        return {entity: _kept(split_sync(body))}
    if entity in ("accounts", "balances"):
        found = split_accounts(body)
        if found.item_id != connection.connection_id:
            raise MalformedPage(_OTHER)
        return {"accounts": _kept([account.record for account in found.accounts])}
    try:
        item = read_item(body).record
    except MalformedPage as error:
        try:
            return {"institutions": _kept([read_institution(body)])}
        except MalformedPage:
            raise error from None
    if item.record_id != connection.connection_id:
        raise MalformedPage(_OTHER)
    return {"items": _kept([item])}


def _kept(records: Sequence[Record]) -> list[KeptRecord]:
    return [KeptRecord(one.record_id, None, one.is_deleted, one.payload, one.content_hash) for one in records]
