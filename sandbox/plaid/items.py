"""Which bank logins a business has, and every id and token of them: functions of the seed, so that nothing but changes is state.

What is on the accounts: `sandbox.plaid.bank`. Number of an item: business index times 4 plus its ordinal, as the record of
what was served needs it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

from sandbox.seeds import derived_secret, stable_seed
from sandbox.world.identity import Business

CHECKING, SAVINGS, VISA = 0, 1, 2
SLOTS = ("Checking", "Savings", "Visa")
ITEMS_PER_BUSINESS = 4


@dataclass(frozen=True, slots=True)
class Institution:
    """A bank, or who issues a card."""

    institution_id: str
    name: str
    url: str
    routing_number: str


INSTITUTIONS: tuple[Institution, ...] = (
    Institution("ins_109508", "First Harbor Bank", "https://firstharbor.example", "011000138"),
    Institution("ins_109509", "Tidemark Credit Union", "https://tidemark.example", "021000021"),
    Institution("ins_109510", "Granite State Savings", "https://granitestate.example", "031176110"),
    Institution("ins_109511", "Larkspur National", "https://larkspur.example", "121000358"),
    Institution("ins_109512", "Cardinal Card Services", "https://cardinalcard.example", "051405515"),
)
BY_ID = {bank.institution_id: bank for bank in INSTITUTIONS}


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One bank login. slots: which accounts of the business it shows. generation: how often it was linked anew."""

    number: int
    business_id: str
    seed: int
    generation: int
    institution: Institution
    slots: tuple[int, ...]

    @property
    def item_id(self) -> str:
        return _id(self.seed, "item", self.number, self.generation)

    @property
    def access_token(self) -> str:
        return f"access-sandbox-{_uuid(self.seed, 'access', self.number, self.generation)}"

    @property
    def public_token(self) -> str:
        return f"public-sandbox-{_uuid(self.seed, 'public', self.number, self.generation)}"

    def account_id(self, slot: int) -> str:
        """The id of one of its accounts; a new link gives new ids, as with the vendor."""
        return _id(self.seed, "account", SLOTS[slot], self.generation)

    def transaction_id(self, key: str) -> str:
        """The id of the transaction that `key` names inside the business."""
        return derived_secret(37, self.seed, "transaction", key, self.generation)


def items_of(business: Business, generations: dict[int, int]) -> tuple[ItemFacts, ...]:
    """The items of a business: checking and savings at one bank, the Visa card with a card issuer; one in five has all at one bank."""
    seed = stable_seed(business.seed, "plaid")
    bank = INSTITUTIONS[seed % 4]
    first = business.index * ITEMS_PER_BUSINESS
    if stable_seed(seed, "one bank") % 5 == 0:
        layout: list[tuple[Institution, tuple[int, ...]]] = [(bank, (CHECKING, SAVINGS, VISA))]
    else:
        layout = [(bank, (CHECKING, SAVINGS)), (INSTITUTIONS[4], (VISA,))]
    return tuple(
        ItemFacts(number, business.business_id, seed, generations.get(number, 0), institution, slots)
        for number, (institution, slots) in enumerate(layout, first)
    )


def mask(seed: int, slot: int) -> str:
    """The last four digits of an account's number, which a new link does not change."""
    return f"{stable_seed(seed, 'mask', slot) % 10_000:04d}"


def persistent_id(seed: int, slot: int) -> str:
    """The id of an account that outlives a new link."""
    return derived_secret(60, seed, "persistent", slot).lower()


@lru_cache(maxsize=4096)
def merchant_entity_id(name: str) -> str:
    """The vendor's id of a merchant: one and the same for all businesses."""
    return derived_secret(37, "merchant", name)


@lru_cache(maxsize=16384)
def _id(*parts: object) -> str:
    return derived_secret(37, *parts)


def _uuid(*parts: object) -> str:
    return str(uuid.UUID(int=stable_seed(*parts, "high") << 64 | stable_seed(*parts, "low"), version=4))
