"""Ramp's webhook subscriptions: registered by API, good once the challenge that Ramp posts to the address is handed back.

Source: Ramp's webhooks guide and its OpenAPI description of August 2025. A subscription is of one business, its secret is told
once, in the answer to its registration. Needs no scope of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ingestion.answers import decoded
from ingestion.control.facts import Connection
from ingestion.fetching import Caller, RailError
from ingestion.rails.ramp.client import RampClient
from ingestion.rails.ramp.webhooks import SIGNED_WITH as SIGNED_WITH
from ingestion.subscribing import Registered
from ingestion.traffic import Traffic

PATH = "/webhooks"
ACTIVE = "active"
# What concerns a table that is kept, as the description lists it, and what the guide of 2026 has beside it.
DESCRIBED = (
    "bills.approved", "bills.created", "bills.paid", "bills.rejected", "reimbursements.ready_for_review", "reimbursements.ready_to_sync",
    "transactions.authorized", "transactions.cleared", "transactions.ready_for_review", "transactions.ready_to_sync",
)  # fmt: skip
NEWER = (
    "bills.archived", "bills.ready_to_sync", "payments.updated", "transactions.declined", "transactions.synced", "vendors.activated",
    "vendors.updated", "entities.created",
)  # fmt: skip


class _Subscription(msgspec.Struct):
    id: str
    endpoint_url: str
    status: str
    secret: str = ""


_one = msgspec.json.Decoder(_Subscription)
_all = msgspec.json.Decoder(list[_Subscription])


class RampSubscriptions:
    """The subscriptions of one business."""

    def __init__(self, caller: Caller, connection: Connection) -> None:
        self._client = RampClient(caller, connection, Traffic())

    async def there(self) -> Sequence[Registered]:
        found = await self._client.get(self._client.address(PATH, {}), lambda body: decoded(_all, body))
        return [_registered(one) for one in found]

    async def register(self, address: str) -> Registered:
        """A business whose Ramp does not know the newer events yet gets the others."""
        try:
            return await self._register(address, [*DESCRIBED, *NEWER])
        except RailError as error:
            if error.kind != "refused":
                raise
            return await self._register(address, list(DESCRIBED))

    async def _register(self, address: str, events: list[str]) -> Registered:
        asked = {"endpoint_url": address, "event_types": events}
        made = _registered(await self._client.send("POST", self._client.address(PATH, {}), lambda body: decoded(_one, body), asked))
        if not made.secret:
            raise RailError("refused", "the new subscription has no secret")
        return made

    async def confirm(self, subscription_id: str, challenge: str) -> bool:
        url = self._client.address(f"{PATH}/{subscription_id}/verify", {})
        try:
            await self._client.send("POST", url, bytes, {"challenge": challenge}, may_be_missing=True)
        except RailError as error:
            if error.kind in ("refused", "not_found"):
                return False
            raise
        return True

    async def end(self, subscription_id: str) -> None:
        try:
            await self._client.send("DELETE", self._client.address(f"{PATH}/{subscription_id}", {}), bytes, may_be_missing=True)
        except RailError as error:
            if error.kind != "not_found":
                raise


def subscriptions(caller: Caller, connection: Connection) -> RampSubscriptions:
    """Those of a connection."""
    return RampSubscriptions(caller, connection)


def _registered(one: _Subscription) -> Registered:
    return Registered(one.id, one.endpoint_url, one.status.lower() == ACTIVE, one.secret)
