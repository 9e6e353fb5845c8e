"""Stripe's webhooks: the account's events, as the account's own version writes them, signed for its endpoint.

Source: Stripe's webhooks guide. Events of an account connected to a platform carry its id; in test mode Stripe tries three
times over a few hours.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from sandbox.hub import Hub
from sandbox.stripe.office import is_connected, office_of, webhook_secret
from sandbox.stripe.shapes import body_of
from sandbox.stripe.table import OLD
from sandbox.webhooks import Delivery, Patience, Sign, never_final

PATIENCE = Patience((600, 3600), 20, never_final)


class StripeWebhooks:
    """News of all accounts that anybody has looked at."""

    patience = PATIENCE

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[str, int] = {}
        self.mark()

    def mark(self) -> None:
        for book in office_of(self._hub).looked_at():
            self._told.setdefault(book.account_id, len(book.tables["events"].versions))

    def news(self) -> list[Delivery]:
        self.mark()
        office = office_of(self._hub)
        found = []
        for known in office.looked_at():
            book, listing = office.book(known.account_id), office.accounts[known.account_id]
            events = book.tables["events"].versions
            account = b',"account":' + msgspec.json.encode(book.account_id) if is_connected(listing) else b""
            sign = _signer(self._hub, webhook_secret(self._hub, listing))
            found += [
                Delivery(body_of(book, "events", event, OLD)[:-1] + account + b"}", sign) for event in events[self._told[book.account_id] :]
            ]
            self._told[book.account_id] = len(events)
        return found


def _signer(hub: Hub, secret: str) -> Sign:
    """Signs with `secret`, while it is rolled also with the one before, which comes first."""

    def sign(body: bytes, at: int) -> dict[str, str]:
        secrets = [f"{secret}_former", secret] if hub.options["stripe_secret_roll"] else [secret]
        signatures = [hmac.digest(each.encode(), b"%d." % at + body, hashlib.sha256).hex() for each in secrets]
        return {"Stripe-Signature": ",".join((f"t={at}", *(f"v1={signature}" for signature in signatures)))}

    return sign
