"""Plaid's own books over all businesses: which bank logins there are and in which state, their feeds, what was sent of them.

One per hub, made when first asked for. The journal keeps only what changed about a login (`bank_login` entries).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox.hub import Hub
from sandbox.plaid.bank import Bank
from sandbox.plaid.feed import ANEW, Feed
from sandbox.plaid.items import ITEMS_PER_BUSINESS, ItemFacts, items_of
from sandbox.plaid.updates import History
from sandbox.seeds import derived_secret
from sandbox.served import ServedLog
from sandbox.world.identity import Business, business_at

ENTITIES = ("items", "accounts", "transactions")
DEFAULT_DAYS = 90
# Minutes after the first call at which the first month and then all of the history are there, when history is staged.
FIRST_MONTH_AFTER, ALL_AFTER = 2, 15


@dataclass(frozen=True, slots=True)
class AppKeys:
    """The one app all bank logins are connected through."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Face:
    """What of an item's object is set from outside. webhook: where its webhooks go; consent_ends: when its consent does, epoch seconds."""

    webhook: str | None = None
    consent_ends: int | None = None


class Office:
    """The items of all generated businesses; recorded companies have no bank."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        seed = hub.config.seed
        self.keys = AppKeys(derived_secret(24, seed, "plaid client").lower(), derived_secret(30, seed, "plaid secret").lower())
        self.served = ServedLog(hub.state.folder / "served-plaid.bin", ENTITIES)
        self.businesses: dict[str, Business] = {}
        self._banks: dict[str, Bank] = {}
        if not hub.config.recorded:
            found = [business_at(seed, listing.index) for listing in hub.listings]
            self.businesses = {business.business_id: business for business in found}
        self._by_token: dict[str, ItemFacts] = {}
        self._by_public: dict[str, ItemFacts] = {}
        for business_id in self.businesses:
            self._register(business_id)

    def close(self) -> None:
        self.served.close()

    def items(self, business_id: str) -> tuple[ItemFacts, ...]:
        """The bank logins of a business as they are linked now, removed ones included."""
        business, logins = self.businesses[business_id], self.hub.state.memory.bank_logins
        first = business.index * ITEMS_PER_BUSINESS
        generations = {
            number: logins[number].get("generation", 0) for number in range(first, first + ITEMS_PER_BUSINESS) if number in logins
        }
        return items_of(business, generations)

    def item_of(self, access_token: str) -> ItemFacts | None:
        """The item that a token opens; None for an unknown token or a removed item."""
        item = self._by_token.get(access_token)
        return None if item is None or self.login(item).get("is_removed") else item

    def public_item(self, public_token: str) -> ItemFacts | None:
        """The item that a public token stands for."""
        return self._by_public.get(public_token)

    def login(self, item: ItemFacts) -> dict[str, Any]:
        """What changed about an item since the sandbox began."""
        return self.hub.state.memory.bank_logins.get(item.number, {})

    def remember(self, item: ItemFacts, **what: Any) -> None:
        """Keeps a change of an item."""
        self.hub.state.remember("bank_login", number=item.number, **what)
        self._register(item.business_id)

    def face(self, item: ItemFacts) -> Face:
        """What of an item's object is set from outside, as it stands now."""
        faces = self._faces(item)
        return faces[-1]

    def face_number(self, item: ItemFacts) -> int:
        """The number of the present face, under which what is sent of the item is noted."""
        return len(self._faces(item)) - 1

    def face_at(self, item: ItemFacts, number: int) -> Face:
        """The face of that number."""
        return self._faces(item)[number]

    def reface(self, item: ItemFacts, **changes: Any) -> None:
        """Changes an item's face; one that stays the same is none of its own."""
        face = replace(self.face(item), **changes)
        if face != self.face(item):
            self.remember(item, faces=[asdict(each) for each in (*self._faces(item), face)], webhook=face.webhook)

    def needs_login(self, item: ItemFacts) -> bool:
        """Whether its owner has to sign in again: the bank said so, or the consent has ended."""
        ends = self.face(item).consent_ends
        return bool(self.login(item).get("needs_login")) or (ends is not None and ends <= self.hub.now)

    def repair(self, item: ItemFacts) -> None:
        """Its owner has signed in again, which gives a consent without an end."""
        if self.login(item).get("needs_login"):
            self.remember(item, needs_login=False)
        self.reface(item, consent_ends=None)

    def _faces(self, item: ItemFacts) -> list[Face]:
        return [Face(**each) for each in self.login(item).get("faces", [{}])]

    def bank(self, business_id: str) -> Bank:
        """A business's accounts at the present instant."""
        world = self.hub.world(business_id)
        bank = self._banks.get(business_id)
        if bank is None:
            bank = self._banks[business_id] = Bank(world, items_of(self.businesses[business_id], {}))
        bank.catch_up(self.hub.now)
        return bank

    def looked_at(self) -> list[str]:
        """The businesses whose bank somebody has asked for."""
        return list(self._banks)

    def shown(self, item: ItemFacts) -> int:
        """How many changes of an item its feed had when its bank was last looked at."""
        return len(self._banks[item.business_id].feeds[item.number].changes)

    def feed(self, item: ItemFacts) -> Feed:
        """An item's changes up to the present instant."""
        return self.bank(item.business_id).feeds[item.number]

    def transaction_of(self, business_id: str, event: int) -> str | None:
        """The bank transaction that a happening is in; None while it has not shown, or for none."""
        bank = self.bank(business_id)
        movement = bank.movement_of(event)
        if movement is None:
            return None
        item = next(item for item in self.items(business_id) if movement.slot in item.slots)
        shown = (key for key in (movement.key, movement.key + ANEW) if bank.feeds[item.number].has_shown(key))
        key = next(shown, None)
        return item.transaction_id(key) if key else None

    def linked_at(self, item: ItemFacts) -> int:
        """When the item was linked, epoch seconds."""
        return int(self.login(item).get(f"linked_at_{item.generation}", self.hub.state.memory.origin))

    def history(self, item: ItemFacts, days: int) -> History | None:
        """How much of the past an item may tell; the first call fixes it. days: as that call asked. None while nothing is there yet."""
        login, now = self.login(item), self.hub.now
        if login.get("asked_at") is None:
            self.remember(item, asked_at=now, days=days, is_staged=bool(self.hub.options["staged_history"]))
            login = self.login(item)
        minutes = (now - login["asked_at"]) // 60
        if login["is_staged"] and minutes < FIRST_MONTH_AFTER:
            return None
        return History.of(login["asked_at"], login["days"], is_whole=not login["is_staged"] or minutes >= ALL_AFTER)

    def _register(self, business_id: str) -> None:
        for item in self.items(business_id):
            self._by_token[item.access_token] = item
            self._by_public[item.public_token] = item


def office_of(hub: Hub) -> Office:
    """The hub's Plaid office."""
    office = hub.offices.get("plaid")
    if office is None:
        office = hub.offices["plaid"] = Office(hub)
    assert isinstance(office, Office)
    return office
