"""How transactions are spelled on Plaid's wire, and amounts and instants everywhere on it, as JSON bytes.

Shapes: the vendor's OpenAPI description, version 2020-09-14. Items and accounts: `sandbox.plaid.holdings`; errors: `replies`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from sandbox.plaid.descriptors import category_of
from sandbox.plaid.feed import CORRECTED, DROPPED, PENDING, Change, Feed, pending_amount
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.movements import Movement
from sandbox.seeds import stable_seed

encode = msgspec.json.Encoder().encode
_NOWHERE = dict.fromkeys(("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number"))
_NO_META = dict.fromkeys(("by_order_of", "payee", "payer", "payment_method", "payment_processor", "ppd_id", "reason", "reference_number"))


@lru_cache(maxsize=65536)
def amount(cents: int) -> msgspec.Raw:
    """Cents as the vendor's JSON number in major units: 110, 72.1, -4.33."""
    sign, (whole, part) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    decimals = f".{part:02d}".rstrip("0").rstrip(".")
    return msgspec.Raw(f"{sign}{whole}{decimals}".encode())


def instant(epoch: int) -> str:
    """An instant to the second, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def transaction_id(item: ItemFacts, change: Change) -> str:
    """The id under which a change is told: a pending row has one of its own."""
    key = change.key
    return item.transaction_id(f"{key}p" if change.stage in (PENDING, DROPPED) else key)


def removed(item: ItemFacts, change: Change) -> bytes:
    """What is served about a transaction that is gone."""
    return encode({"account_id": item.account_id(change.movement.slot), "transaction_id": transaction_id(item, change)})


def transaction_at(item: ItemFacts, feed: Feed, place: int, *, is_described: bool) -> bytes:
    """The transaction as it stands after the change at `place`, rendered once per link of the item."""
    key = (item.generation, place, is_described)
    body = feed.bodies.get(key)
    if body is None:
        body = feed.bodies[key] = transaction(item, feed.changes[place], is_described=is_described)
    return body


def transaction(item: ItemFacts, change: Change, *, is_described: bool = False) -> bytes:
    """A transaction as it stands after a change. is_described: with the text as the bank sent it."""
    movement, words = change.movement, change.movement.words
    is_pending = change.stage == PENDING
    merchant, entity_id, category = words.merchant, words.entity_id, words.category
    if change.stage == CORRECTED:
        category = category_of(words.merchant or "") if words.processor is None else ("OTHER", "OTHER_OTHER")
    authorized = movement.authorized.isoformat()
    record: dict[str, Any] = {
        "account_id": item.account_id(movement.slot),
        "account_owner": None,
        "amount": amount(pending_amount(movement) if is_pending else movement.amount),
        "iso_currency_code": "USD",
        "unofficial_currency_code": None,
        "check_number": words.check_number,
        "counterparties": [_counterparty(merchant, words.party_type, entity_id)] if merchant else [],
        "date": authorized if is_pending else movement.on.isoformat(),
        "datetime": None,
        "authorized_date": authorized,
        "authorized_datetime": instant(movement.pending_at) if movement.pending_at else None,
        "location": {**_NOWHERE, "city": words.city, "region": words.state, "country": "US", "store_number": words.store}
        if words.city
        else _NOWHERE,
        "name": words.name,
        "merchant_name": merchant,
        "merchant_entity_id": entity_id,
        "logo_url": None,
        "website": _website(merchant) if entity_id else None,
        "payment_meta": {
            **_NO_META,
            "payment_method": words.method,
            "payment_processor": words.processor,
            "reference_number": words.reference,
        },
        "payment_channel": words.channel,
        "pending": is_pending,
        "pending_transaction_id": None if is_pending else _pending_id(item, movement),
        "personal_finance_category": {
            "primary": category[0],
            "detailed": category[1],
            "confidence_level": "VERY_HIGH" if entity_id else "LOW",
            "version": "v1",
        },
        "personal_finance_category_icon_url": f"https://plaid-category-icons.plaid.com/PFC_{category[0]}.png",
        "transaction_id": transaction_id(item, change),
        "transaction_code": None,
        "transaction_type": {"in store": "place", "online": "digital"}.get(words.channel, "special"),
    }
    if is_described:
        record["original_description"] = words.name
    return encode(record)


def _pending_id(item: ItemFacts, movement: Movement) -> str | None:
    """The pending row this one was, where the vendor can tell: one posted card row in twelve does not say."""
    if not movement.pending_at or stable_seed("untold", movement.key, movement.amount) % 12 == 0:
        return None
    return item.transaction_id(f"{movement.key}p")


def _counterparty(name: str, kind: str, entity_id: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "logo_url": None,
        "website": _website(name) if entity_id else None,
        "entity_id": entity_id,
        "confidence_level": "VERY_HIGH" if entity_id else "LOW",
    }


@lru_cache(maxsize=4096)
def _website(name: str) -> str:
    return f"{''.join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())}.example"
