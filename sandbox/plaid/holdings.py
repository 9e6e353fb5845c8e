"""How items, their accounts with balances, and banks are spelled on Plaid's wire. Transactions: `sandbox.plaid.wire`."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.plaid.bank import Bank
from sandbox.plaid.feed import Feed
from sandbox.plaid.items import CHECKING, SAVINGS, VISA, Institution, ItemFacts, mask, persistent_id
from sandbox.plaid.wire import amount, encode, instant
from sandbox.world.identity import Business

_ACCOUNT = {
    CHECKING: ("Business Checking", "Business Advantage Checking", "depository", "checking"),
    SAVINGS: ("Business Savings", "Business Money Market Savings", "depository", "savings"),
    VISA: ("Business Visa", "Visa Signature Business Card", "credit", "credit card"),
}


# Banks that tell no available balance, none but that when asked themselves, and fractions of a cent.
ONLY_CURRENT, ONLY_AVAILABLE, ACCRUED_INTEREST = "ins_109509", "ins_109511", "ins_109510"


def accounts(item: ItemFacts, business: Business, bank: Bank, at: int, *, is_live: bool) -> list[tuple[str, bytes, bytes]]:
    """(account id, account, its balances object) of an item's accounts at an instant; live: as the bank itself says."""
    feed: Feed = bank.feeds[item.number]
    found = []
    for slot, (posted, pending) in feed.totals(at, is_live=is_live).items():
        name, official_name, kind, subtype = _ACCOUNT[slot]
        current, limit = bank.opening[slot] - posted, None
        available = amount(current - max(0, pending))
        if slot == VISA:
            # On a card a positive figure is owed.
            credit = -(-business.monthly_cents // 4_000_000) * 1_000_000
            current, limit = posted, amount(credit)
            available = amount(credit - current - pending)
        told, spendable = _as_the_bank_tells(item.institution, slot, amount(current), available, is_live=is_live)
        balances = encode(
            {
                "available": spendable,
                "current": told,
                "iso_currency_code": "USD",
                "limit": limit,
                "unofficial_currency_code": None,
            }
        )
        account = encode(
            {
                "account_id": item.account_id(slot),
                "balances": msgspec.Raw(balances),
                "holder_category": "business",
                "mask": mask(item.seed, slot),
                "name": name,
                "official_name": official_name,
                "persistent_account_id": persistent_id(item.seed, slot),
                "subtype": subtype,
                "type": kind,
            }
        )
        found.append((item.account_id(slot), account, balances))
    return found


def _as_the_bank_tells(
    bank: Institution, slot: int, current: msgspec.Raw, available: msgspec.Raw, *, is_live: bool
) -> tuple[msgspec.Raw | None, msgspec.Raw | None]:
    """(current, available): banks differ in what they tell of a savings account, and one of them says nothing else when asked itself."""
    if slot != SAVINGS:
        return current, available
    if bank.institution_id == ONLY_CURRENT:
        return current, None
    if bank.institution_id == ONLY_AVAILABLE and is_live:
        return None, available
    if bank.institution_id == ACCRUED_INTEREST and not bytes(current).startswith(b"-"):
        # Interest of the month so far, below half a cent here.
        whole, _, cents = bytes(current).partition(b".")
        return msgspec.Raw(whole + b"." + cents.ljust(2, b"0") + b"31"), available
    return current, available


def item(facts: ItemFacts, linked_at: int, error: dict[str, Any] | None, *, webhook: str | None, consent_ends: int | None) -> bytes:
    """The item object. webhook: where its webhooks go; consent_ends: epoch seconds, None for one that does not."""
    return encode(
        {
            "available_products": ["auth", "balance", "identity"],
            "billed_products": ["transactions"],
            "products": ["transactions"],
            "consented_products": ["transactions"],
            "consent_expiration_time": None if consent_ends is None else instant(consent_ends),
            "created_at": instant(linked_at),
            "error": error,
            "institution_id": facts.institution.institution_id,
            "institution_name": facts.institution.name,
            "item_id": facts.item_id,
            "update_type": "background",
            "webhook": webhook,
            "auth_method": None,
        }
    )


def institution(bank: Institution, *, has_metadata: bool) -> bytes:
    """A bank; logo, colour and address of its site only when asked for."""
    record: dict[str, Any] = {
        "country_codes": ["US"],
        "institution_id": bank.institution_id,
        "name": bank.name,
        "products": ["auth", "balance", "identity", "transactions"],
        "routing_numbers": [bank.routing_number],
        "oauth": False,
        # Younger than the description, and the vendor's own library (46.0.0) reads no bank without it.
        "connection_availability": "SUPPORTED",
    }
    if has_metadata:
        record |= {"primary_color": "#004966", "url": bank.url, "logo": None}
    return encode(record)
