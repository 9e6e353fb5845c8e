"""Stripe over all businesses: which accounts there are, whose key acts on which, and the record of what was sent.

Every third business is connected to a platform, whose one key acts on it with the header Stripe-Account; the others have a
key of their own. The accounts' books are written on first use.
"""

from __future__ import annotations

import gc
from typing import Any

from sandbox.hub import Hub, Listing
from sandbox.seeds import derived_secret
from sandbox.served import ServedLog
from sandbox.stripe import acts
from sandbox.stripe.book import Book
from sandbox.stripe.entities import TABLES
from sandbox.world.identity import business_at


class StripeOffice:
    """One per hub. accounts: listings by account id; keys: account ids by secret key, empty for the platform's."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.served = ServedLog(hub.state.folder / "served-stripe.bin", TABLES)
        seed = hub.config.seed
        self.platform_id = f"acct_1{derived_secret(15, seed, 'stripe platform')}"
        self.platform_key = f"sk_test_51{derived_secret(40, seed, 'stripe platform key')}"
        self.client_id = f"ca_{derived_secret(32, seed, 'stripe platform app')}"
        listings = () if hub.config.recorded else hub.listings
        self.accounts: dict[str, Listing] = {account_id(hub, listing): listing for listing in listings}
        self.keys: dict[str, str] = {self.platform_key: ""}
        for account, listing in self.accounts.items():
            if not is_connected(listing):
                self.keys[own_key(hub, listing)] = account
        self._books: dict[str, Book] = {}

    def book(self, account: str) -> Book:
        """The book of an account at the present instant; KeyError for an unknown one."""
        listing = self.accounts[account]
        world = self.hub.world(listing.business_id)
        book = self._books.get(account)
        if book is None:
            book = self._books[account] = Book(account, world, acts.ACTS)
            acts.found(book)
            book.catch_up(world, self.hub.now, self.hub.state.memory.operations)
            # The book lives as long as the process: without this the collector walks all of it again and again.
            gc.freeze()
            return book
        book.catch_up(world, self.hub.now, self.hub.state.memory.operations)
        return book

    def looked_at(self) -> list[Book]:
        """The books somebody has asked for, as they stood then."""
        return list(self._books.values())

    def reaches(self, key: str, account: str) -> bool:
        """Whether a known key may act on an account: its own, or one connected to the platform."""
        own = self.keys[key]
        return account == own or (own == "" and account in self.accounts and self.is_connected(self.accounts[account]))

    def is_connected(self, listing: Listing) -> bool:
        """Whether the platform may act on a business's account: from the beginning or by consent, and not ended since."""
        grant = self.hub.state.grant_of(grant_key(listing))
        return not grant.revoked and (is_connected(listing) or grant.generation > 0)

    def platform(self) -> dict[str, Any]:
        """The platform's own account object."""
        created = int(self.hub.state.memory.origin) - 700 * 86_400
        return acts.account_object(self.platform_id, "RowCol Sandbox Platform", "Etc/UTC", created)

    def close(self) -> None:
        """Lets go of the record of what was sent."""
        self.served.close()


def office_of(hub: Hub) -> StripeOffice:
    """The hub's one office."""
    office = hub.offices.get("stripe")
    if office is None:
        office = hub.offices["stripe"] = StripeOffice(hub)
    assert isinstance(office, StripeOffice)
    return office


def account_id(hub: Hub, listing: Listing) -> str:
    """The Stripe account of a business."""
    return f"acct_1{derived_secret(15, _seed(hub, listing), 'stripe account')}"


def own_key(hub: Hub, listing: Listing) -> str:
    """The secret key of a business's own account."""
    return f"sk_test_51{derived_secret(40, _seed(hub, listing), 'stripe key')}"


def webhook_secret(hub: Hub, listing: Listing) -> str:
    """What webhooks of the account are signed with."""
    return f"whsec_{derived_secret(32, _seed(hub, listing), 'stripe webhooks')}"


def grant_key(listing: Listing) -> str:
    """The name of an account's consent to the platform among the sandbox's grants."""
    return f"stripe:{listing.index}"


def is_connected(listing: Listing) -> bool:
    """Whether the business's account is reached through the platform's key from the beginning."""
    return listing.index % 3 == 2


def _seed(hub: Hub, listing: Listing) -> int:
    return business_at(hub.config.seed, listing.index).seed
