"""Takes a kept page of Stripe apart again: a page of a list, or an object read alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from ingestion.answers import MalformedPage
from ingestion.control.facts import Connection
from ingestion.fetching import KeptRecord
from ingestion.rails.stripe.lines import ENTITY as INVOICE_LINES
from ingestion.rails.stripe.members import ENTITY as PAYOUT_TRANSACTIONS
from ingestion.rails.stripe.promise import STRIPE
from ingestion.rails.stripe.wire import Record, lines_of, read_balance, read_object, split_list

_VOLATILE = {entity.name: entity.volatile_fields for entity in STRIPE.entities}


def reread(connection: Connection, entity: str, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    """The records of a page by raw table; invoices bring the lines they carry, and events are kept and not acted on."""
    if entity in ("accounts", "balances"):
        return _single(connection, body)
    if entity == PAYOUT_TRANSACTIONS:
        raise MalformedPage("a list of movements does not say which payout it was asked of")
    volatile = _VOLATILE[entity]
    try:
        records = split_list(body, volatile).records
    except MalformedPage as error:
        try:
            records = [read_object(body, volatile)]
        except MalformedPage:
            raise error from None
    found = {entity: _kept(records)}
    if entity == "invoices":
        lines: list[Record] = []
        for invoice in records:
            with suppress(MalformedPage):
                lines += lines_of(invoice).records
        found[INVOICE_LINES] = _kept(lines)
    return found


def _single(connection: Connection, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    with suppress(MalformedPage):
        return {"balances": _kept([read_balance(body)[0]])}
    account = read_object(body)
    if account.record_id != connection.connection_id:
        raise MalformedPage("the answer is no account, or another one's")
    return {"accounts": _kept([account])}


def _kept(records: Sequence[Record]) -> list[KeptRecord]:
    return [KeptRecord(one.record_id, one.created_at, one.is_deleted, one.payload, one.content_hash) for one in records]
