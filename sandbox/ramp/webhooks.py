"""Ramp's webhooks: a thin event per record that changed, signed for the business's subscription.

Source: Ramp's webhooks guide. Events name what happened (a bill was paid) and the record, nothing of its content.
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
                    found.append(Delivery(self._body(desk, kind, id, number), self._signer(desk.number)))
            self._told[desk.number] = numbers
        return found

    def _body(self, desk: Desk, kind: str, id: str, number: int) -> bytes:
        event = {
            "id": ramp_id(desk.seed, "event", kind, id, number),
            "type": kind,
            "created_at": instant(self._hub.now),
            "business_id": ramp_id(desk.seed, "business"),
            "object": {"id": id},
        }
        return msgspec.json.encode(event)

    def _signer(self, number: int) -> Sign:
        secret = webhook_secret(self._hub.config.seed, number).encode()
        return lambda body, at: {"X-Ramp-Signature": hmac.digest(secret, body, hashlib.sha256).hex()}


def _numbers(desk: Desk) -> dict[tuple[str, str], int]:
    return {(entity, row.id): row.number for entity in KINDS for row in desk.shelves[entity].rows.values()}
