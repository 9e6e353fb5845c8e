"""Plaid's webhooks: that an item has news, or is in an error, signed with the one key Plaid publishes.

Source: Plaid's pages on webhooks and their verification. Only an item with an address (`webhook`) sends any, and of its
transactions only once its feed was first asked for; bodies are indented, since the signature is of the bytes; events have no id.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.hub import Hub
from sandbox.plaid import replies
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.keys import private_key, verification_key
from sandbox.plaid.office import office_of
from sandbox.plaid.wire import instant
from sandbox.webhooks import Delivery, Patience, never_final

# Within a day, each wait four times the one before.
PATIENCE = Patience((30, 120, 480, 1920, 7680, 30_720), 10, never_final)


class PlaidWebhooks:
    """News of all items whose bank anybody has looked at."""

    patience = PATIENCE

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[tuple[int, int], tuple[int, bool]] = {}
        self.mark()

    def mark(self) -> None:
        for item in self._items():
            self._told.setdefault((item.number, item.generation), self._state(item))

    def news(self) -> list[Delivery]:
        self.mark()
        office = office_of(self._hub)
        found: list[Delivery] = []
        for item in self._items():
            office.bank(item.business_id)
            (changes, was_broken), (now, is_broken) = self._told[item.number, item.generation], self._state(item)
            self._told[item.number, item.generation] = now, is_broken
            webhook = office.face(item).webhook
            if webhook is None:
                continue
            if is_broken != was_broken:
                found.append(_delivery(self._hub, _of_login(item, is_broken), webhook))
            if now > changes and office.login(item).get("asked_at") is not None and not is_broken:
                found.append(_delivery(self._hub, _of_transactions(item), webhook))
        return found

    def _items(self) -> list[ItemFacts]:
        office = office_of(self._hub)
        items = [item for business_id in office.looked_at() for item in office.items(business_id)]
        return [item for item in items if not office.login(item).get("is_removed")]

    def _state(self, item: ItemFacts) -> tuple[int, bool]:
        """How many changes the item's feed has shown so far, and whether its owner has to sign in."""
        office = office_of(self._hub)
        return office.shown(item), office.needs_login(item)


def acknowledgement(hub: Hub, item: ItemFacts, address: str) -> Delivery:
    """The first webhook to an item's new address."""
    event = {"webhook_type": "ITEM", "webhook_code": "WEBHOOK_UPDATE_ACKNOWLEDGED", "item_id": item.item_id, "error": None}
    return _delivery(hub, {**event, "new_webhook_url": address, "environment": "sandbox"}, address)


def ending(hub: Hub, item: ItemFacts, code: str, ends: int, address: str) -> Delivery:
    """That an item's consent ends soon, as the vendor says it in America (PENDING_DISCONNECT) or in Europe (PENDING_EXPIRATION)."""
    event = {"webhook_type": "ITEM", "webhook_code": code, "item_id": item.item_id}
    if code == "PENDING_DISCONNECT":
        event |= {"reason": "INSTITUTION_TOKEN_EXPIRATION", "disconnect_time": instant(ends)}
    else:
        event |= {"consent_expiration_time": instant(ends)}
    return _delivery(hub, {**event, "environment": "sandbox"}, address)


def _delivery(hub: Hub, event: dict[str, Any], url: str) -> Delivery:
    return Delivery(json.dumps(event, indent=2).encode(), lambda body, at: _signature(hub, body, at), url)


def _signature(hub: Hub, body: bytes, at: int) -> dict[str, str]:
    import jwt

    seed, number = hub.config.seed, int(hub.options["plaid_keys_ended"])
    claims = {"iat": at, "request_body_sha256": hashlib.sha256(body).hexdigest()}
    kid = verification_key(seed, hub.state.memory.origin, number)["kid"]
    return {"Plaid-Verification": jwt.encode(claims, private_key(seed, number), "ES256", headers={"kid": kid})}


def _of_transactions(item: ItemFacts) -> dict[str, Any]:
    return {
        "webhook_type": "TRANSACTIONS",
        "webhook_code": "SYNC_UPDATES_AVAILABLE",
        "item_id": item.item_id,
        "initial_update_complete": True,
        "historical_update_complete": True,
        "environment": "sandbox",
    }


def _of_login(item: ItemFacts, is_broken: bool) -> dict[str, Any]:
    event: dict[str, Any] = {"webhook_type": "ITEM", "webhook_code": "ERROR" if is_broken else "LOGIN_REPAIRED", "item_id": item.item_id}
    if is_broken:
        event["error"] = {**replies.error_object(replies.LOGIN_REQUIRED), "status": replies.LOGIN_REQUIRED.status}
    return {**event, "environment": "sandbox"}
