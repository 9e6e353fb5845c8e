"""Ramp's webhooks: a thin event per record that changed, signed for the business's subscription.

Source: Ramp's webhooks guide. Events name what happened (a bill was paid) and the record, nothing of its content. They go to the
subscriptions a business made by API (`sandbox.ramp.subscriptions`); one that made none is taken to have made one by hand, for
the option `webhooks_to` and with the secret in its credentials.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.hub import Hub
from sandbox.ramp.desk import Desk
from sandbox.ramp.oauth import webhook_secret
from sandbox.ramp.office import office_of
from sandbox.ramp.wire import instant, ramp_id
from sandbox.seeds import derived_secret
from sandbox.webhooks import Delivery, Patience, Sign

# Up to ten attempts, the waits growing to a minute; a refusal that is no throttling is final.
PATIENCE = Patience((1, 2, 4, 8, 15, 30, 45, 60, 60), 10, lambda status: 300 <= status < 500 and status != 429)


def _bill(fact: Any, is_new: bool) -> str:
    if fact.archived:
        return "bills.archived"
    if fact.paid_ms:
        return "bills.paid"
    if is_new:
        return "bills.created"
    return {"APPROVED": "bills.approved", "REJECTED": "bills.rejected"}.get(fact.approval, "bills.ready_to_sync")


def _transaction(fact: Any, is_new: bool) -> str:
    return {"DECLINED": "transactions.declined", "PENDING": "transactions.authorized"}.get(fact.state, "transactions.cleared")


KINDS: dict[str, Callable[[Any, bool], str]] = {
    "bills": _bill,
    "transactions": _transaction,
    "transfers": lambda fact, is_new: "payments.updated",
    "reimbursements": lambda fact, is_new: "reimbursements.ready_to_sync",
    "vendors": lambda fact, is_new: "vendors.activated" if is_new else "vendors.updated",
    "entities": lambda fact, is_new: "entities.created",
}


EVENT_TYPES = frozenset(
    {
        "bills.approved", "bills.archived", "bills.created", "bills.paid", "bills.ready_to_sync", "bills.rejected", "entities.created",
        "payments.updated", "purchase_orders.created", "purchase_orders.updated", "reimbursements.ready_for_review",
        "reimbursements.ready_to_sync", "tests.test_event", "transactions.authorized", "transactions.cleared", "transactions.declined",
        "transactions.ready_for_review", "transactions.ready_to_sync", "transactions.sync_requested", "transactions.synced",
        "vendors.activated", "vendors.updated", "webhooks.verification",
    }
)  # fmt: skip


class RampWebhooks:
    """News of all businesses whose records anybody has looked at."""

    patience = PATIENCE

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[int, dict[tuple[str, str], int]] = {}
        self.mark()

    def mark(self) -> None:
        for desk in office_of(self._hub).looked_at():
            if desk.number not in self._told:
                self._told[desk.number] = _numbers(desk)

    def news(self) -> list[Delivery]:
        self.mark()
        found = []
        for known in office_of(self._hub).looked_at():
            desk = office_of(self._hub).desk(self._hub.listings[known.number].business_id)
            told, numbers = self._told[desk.number], _numbers(desk)
            for (entity, id), number in numbers.items():
                if told.get((entity, id)) != number:
                    kind = KINDS[entity](desk.shelves[entity].rows[id].fact, (entity, id) not in told)
                    found += self._deliveries(desk, kind, id, number)
            self._told[desk.number] = numbers
        return found

    def _deliveries(self, desk: Desk, kind: str, id: str, number: int) -> list[Delivery]:
        held = self._hub.state.memory.ramp_webhooks
        mine = {one: facts for one, facts in held.items() if facts["number"] == desk.number and facts["status"] == "active"}
        if not mine:
            secret = webhook_secret(self._hub.config.seed, desk.number)
            return [Delivery(_event(self._hub, desk.number, kind, id, number), _signer(self._hub, secret))]
        told = [(one, facts) for one, facts in mine.items() if kind in facts["event_types"]]
        return [delivery(self._hub, desk.number, one, facts, kind, id, number) for one, facts in told]


def delivery(hub: Hub, number: int, subscription: str, held: dict[str, Any], kind: str, id: str, version: int = 0, **more: str) -> Delivery:
    """A webhook of a business (its number, from 0) to a subscription of its own; more: fields beside the usual ones."""
    return Delivery(
        _event(hub, number, kind, id, version, **more), _signer(hub, subscription_secret(hub, subscription)), held["endpoint_url"]
    )


def challenge_of(hub: Hub, subscription: str) -> str:
    """What proves a subscription's address."""
    return "ramp_challenge_" + derived_secret(32, hub.config.seed, "ramp challenge", subscription)


def subscription_secret(hub: Hub, subscription: str) -> str:
    """What a subscription's webhooks are signed with."""
    return "ramp_sec_" + derived_secret(32, hub.config.seed, "ramp subscription", subscription)


def _event(hub: Hub, number: int, kind: str, id: str, version: int, **more: str) -> bytes:
    seed = hub.world(hub.listings[number].business_id).business.seed
    event = {
        "id": ramp_id(seed, "event", kind, id, version),
        "type": kind,
        "created_at": instant(hub.now),
        "business_id": ramp_id(seed, "business"),
        "object": {"id": id},
        **more,
    }
    return msgspec.json.encode(event)


def _signer(hub: Hub, secret: str) -> Sign:
    return lambda body, at: {str(hub.options["ramp_signature_header"]): hmac.digest(secret.encode(), body, hashlib.sha256).hex()}


def _numbers(desk: Desk) -> dict[tuple[str, str], int]:
    return {(entity, row.id): row.number for entity in KINDS for row in desk.shelves[entity].rows.values()}
