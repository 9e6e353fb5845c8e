"""Has a vendor send a connection's webhooks to the receiver, where it takes that by API and proves the address by a challenge.

The vendor posts the challenge to the receiver while we wait: it leaves it in the control store (`ingestion.control.subscriptions`),
and we hand it back. The rail's own calls are in the module its promise names; vendors that are told in other ways (Plaid per
item, by its syncs; Intuit and Stripe in their own pages) have none.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import httpx

from ingestion.clock import Clock, wall_clock
from ingestion.connecting import CALL_SECONDS
from ingestion.control import subscriptions, tokens
from ingestion.control.facts import Connection
from ingestion.control.store import ControlStore, product_clock_of
from ingestion.errors import RowcolError, UsageError
from ingestion.fetching import Caller, RailError
from ingestion.http import tls_context
from ingestion.limiter import Limiter
from ingestion.promise import RailPromise
from ingestion.settings import Settings
from ingestion.strategies import USER_ACTION, Strategy

# The challenge is posted at once; an address that does not answer is tried again within the minute.
PATIENCE_SECONDS = 30.0
BETWEEN_LOOKS_SECONDS = 0.2

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Registered:
    """A subscription at the vendor. secret: what signs its webhooks, told once, when it is made."""

    subscription_id: str
    address: str
    is_active: bool
    secret: str = field(default="", repr=False)


class Subscriptions(Protocol):
    """A connection's subscriptions at the vendor. RailError says why it refused, without a secret."""

    async def there(self) -> Sequence[Registered]:
        """All there are, of whoever made them."""

    async def register(self, address: str) -> Registered:
        """Makes one, which is good once it is confirmed."""

    async def confirm(self, subscription_id: str, challenge: str) -> bool:
        """Hands the challenge back; False when it is not the right one."""

    async def end(self, subscription_id: str) -> None:
        """Ends one; one that is not there has ended."""


class SubscriptionSteps(Protocol):
    """A rail's module of subscriptions. SIGNED_WITH: the credential that is the subscription's secret."""

    SIGNED_WITH: str

    def subscriptions(self, caller: Caller, connection: Connection) -> Subscriptions:
        """Those of a connection."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What calls about a subscription are made with."""

    http: httpx.AsyncClient
    store: ControlStore
    clock: Clock
    strategy: Strategy
    limiter: Limiter


def subscribe(
    settings: Settings, store: ControlStore, promise: RailPromise, connection: Connection, *, patience_seconds: float = PATIENCE_SECONDS
) -> bool:
    """Subscribes the receiver to the connection's webhooks; returns whether there was anything to do.

    The secret of the new subscription takes the place of the stored one before the vendor confirms it, so that the first event
    verifies; when it is not confirmed, all is as before. The former subscription and others of the same address are ended: their
    events would be signed with secrets nobody has. RowcolError says what went wrong.
    """
    address = settings.webhook_address(promise.name)
    if address is None:
        raise UsageError("ROWCOL_RECEIVER_URL is not set: the vendor has to be told where the receiver is reached from outside")
    return _asked(
        settings, store, promise, connection, lambda theirs: _subscribe(store, promise, connection, theirs, address, patience_seconds)
    )


def unsubscribe(settings: Settings, store: ControlStore, promise: RailPromise, connection: Connection) -> None:
    """Ends the subscription that was made here, if any; RowcolError when the vendor does not answer."""
    made = subscriptions.subscription_of(store.database, connection.key)
    if made is not None:
        _asked(settings, store, promise, connection, lambda theirs: theirs.end(made))


def steps_of(promise: RailPromise) -> SubscriptionSteps:
    """The rail's module of subscriptions; UsageError when it has none."""
    if promise.subscription is None:
        raise UsageError(f"{promise.title} takes no subscriptions by API")
    return cast("SubscriptionSteps", importlib.import_module(promise.subscription))


def _asked(
    settings: Settings, store: ControlStore, promise: RailPromise, connection: Connection, act: Callable[[Subscriptions], Awaitable[Result]]
) -> Result:
    steps = steps_of(promise)

    async def asked() -> Result:
        async with (
            httpx.AsyncClient(timeout=CALL_SECONDS, trust_env=False, verify=tls_context()) as http,
            Limiter(settings, store.database, USER_ACTION) as limiter,
        ):
            calls = Calls(http, store, product_clock_of(settings, store), USER_ACTION, limiter)
            return await act(steps.subscriptions(calls, connection))

    try:
        return asyncio.run(asked())
    except RailError as error:
        raise RowcolError(f"{promise.title} refused: {error}") from None


async def _subscribe(
    store: ControlStore, promise: RailPromise, connection: Connection, vendor: Subscriptions, address: str, patience_seconds: float
) -> bool:
    key, database = connection.key, store.database
    known = await vendor.there()
    ours = subscriptions.subscription_of(database, key)
    if any(one.subscription_id == ours and one.is_active and one.address == address for one in known):
        return False
    former = store.secret(connection)
    made: Registered | None = None
    subscriptions.await_challenge(database, key, address)
    try:
        made = await vendor.register(address)
        _put_secret(store, key, {**former, steps_of(promise).SIGNED_WITH: made.secret})
        await _confirmed(store, promise, vendor, key, made, patience_seconds)
    # Also of a person who does not wait any longer (Ctrl-C).
    except BaseException:
        _put_secret(store, key, dict(former))
        _put_back(store, key, ours)
        if made is not None:
            with suppress(RailError):
                await vendor.end(made.subscription_id)
        raise
    subscriptions.settle(database, key, made.subscription_id)
    for other in await vendor.there():
        if other.subscription_id != made.subscription_id and (other.address == address or other.subscription_id == ours):
            await vendor.end(other.subscription_id)
    return True


def _put_back(store: ControlStore, key: dict[str, str], subscription_id: str | None) -> None:
    """Has the connection's subscription be the one it was before, or none."""
    if subscription_id is not None:
        subscriptions.settle(store.database, key, subscription_id)
        return
    with store.database.write() as transaction:
        subscriptions.forget(transaction, key)


async def _confirmed(
    store: ControlStore, promise: RailPromise, vendor: Subscriptions, key: dict[str, str], made: Registered, patience_seconds: float
) -> None:
    """Hands back whatever challenge comes until one is right."""
    refused: set[str] = set()
    until = time.monotonic() + patience_seconds
    while time.monotonic() < until:
        challenge = subscriptions.challenge_of(store.database, key)
        if challenge is not None and challenge not in refused:
            if await vendor.confirm(made.subscription_id, challenge):
                return
            refused.add(challenge)
        await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
    came = f"{promise.title} took no challenge for its own that came" if refused else f"{promise.title}'s challenge did not come"
    raise RowcolError(f"{came} to {made.address} in {patience_seconds:g} seconds: is the receiver running, and reached there from outside?")


def _put_secret(store: ControlStore, key: dict[str, str], credentials: dict[str, Any]) -> None:
    with store.database.write() as transaction:
        tokens.store_secret(transaction, store.vault, key, credentials, wall_clock())
