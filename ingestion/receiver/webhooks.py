"""Takes a webhook in: finds who may have signed it, verifies it, and stores its events before it is acknowledged.

The vendors decide the answers. Intuit holds later events back until the first is acknowledged, Plaid stops sending to an
address that refuses most, Ramp takes any 4xx as final and repeats a 5xx for minutes only. So what is genuine but of no use
here (a connection nobody has onboarded, a body nobody can read) is acknowledged and kept as a dead letter; what is not
genuine is a 401; what we cannot judge at the moment is a 503, which all four repeat.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx

from ingestion.control.inbox import put_notices, put_unreadable
from ingestion.control.store import ControlStore
from ingestion.control.subscriptions import is_awaited, keep_challenge
from ingestion.promise import RailPromise
from ingestion.receiver.admission import TurnedAway
from ingestion.receiver.ahead import Ahead
from ingestion.receiver.directory import Directory, Signers
from ingestion.receiver.published_keys import PublishedKeys
from ingestion.receiver.refusals import Refusals
from ingestion.receiver.writer import BatchWriter
from ingestion.webhooks import Notice, Refused, Verifier

# Bytes to hash for one request at most: without it, a forged body would be hashed with each of a thousand secrets.
MOST_HASHED = 32 << 20
# How long a new connection may be unknown, and a removed secret still count.
LOOKS_HOLD_SECONDS = 1.0
# Up to here hashing takes less time than handing it to a thread.
HASHED_AT_ONCE = 256 << 10

ChallengeIn = Callable[[bytes], tuple[str, str] | None]


@dataclass(frozen=True)
class Taken:
    """What became of a delivery. new: events stored now; known: events that were there already; challenge: one that was awaited."""

    new: int
    known: int
    challenge: str | None = None


class Inlet:
    """The entry for one rail's webhooks."""

    def __init__(self, rail: RailPromise, verifier: Verifier, store: ControlStore, writer: BatchWriter, http: httpx.AsyncClient) -> None:
        self._rail = rail
        self._verifier = verifier
        self._writer = writer
        self._database = store.database
        self._refusals = Refusals(rail.name, writer)
        directory = Directory(store, rail.name, verifier.SIGNED_WITH)
        self._signers = Ahead(lambda: asyncio.to_thread(directory.signers), LOOKS_HOLD_SECONDS)
        self._kept = {promise.name for promise in rail.entities}
        self._challenge_in: ChallengeIn | None = getattr(verifier, "challenge_in", None)
        self._keys = PublishedKeys(http, verifier.fetch_key) if not verifier.SIGNED_WITH else None  # type: ignore[attr-defined]

    async def warm(self) -> None:
        """Reads the rail's secrets, so that the first deliveries do not wait for it."""
        await self._signers.get()

    async def close(self) -> None:
        """Writes how many deliveries were refused since that was last written."""
        await self._refusals.write()

    async def take(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Taken:
        """Verifies and stores a delivery; Refused when it is not genuine, TurnedAway when that cannot be told now."""
        challenge = await self._challenge(body)
        if challenge is not None:
            return Taken(0, 0, challenge)
        signers = await self._signers.get()
        try:
            named = self._verifier.named(body)
        except Refused:
            named = frozenset()
        try:
            notices = await self._verified(headers, body, now, signers, named)
        except Refused as refused:
            if refused.kind != "unreadable":
                await self._refusals.note(refused.kind)
                raise
            why = str(refused)
            new = await self._writer.write(lambda transaction: put_unreadable(transaction, self._rail.name, body, why))
            return Taken(new, 1 - new)
        kept = [replace(notice, entities=tuple(name for name in notice.entities if name in self._kept)) for notice in notices]
        owners = {one.connection_id: one.business_id for one in signers.known({notice.connection_id for notice in kept})}
        new = await self._writer.write(lambda transaction: put_notices(transaction, self._rail.name, owners, kept))
        return Taken(new, len(kept) - new)

    async def _challenge(self, body: bytes) -> str | None:
        """A challenge somebody here waits for, kept for him; it comes before its secret is known, so nothing is verified."""
        found = self._challenge_in(body) if self._challenge_in else None
        rail = self._rail.name
        if found is None or not await asyncio.to_thread(is_awaited, self._database, rail):
            return None
        connection_id, challenge = found
        is_kept = await self._writer.write(lambda transaction: keep_challenge(transaction, rail, connection_id, challenge))
        return challenge if is_kept else None

    async def _verified(
        self, headers: Mapping[str, str], body: bytes, now: datetime, signers: Signers, named: frozenset[str]
    ) -> list[Notice]:
        """The events, each of a connection the secret belongs to or of one that nobody here is connected to.

        Without that, a client who knows the own secret could speak for another one.
        """
        candidates = await self._candidates(headers, signers, named)
        if len(body) * len(candidates) > MOST_HASHED:
            raise TurnedAway(413, "the body is too large for an event that does not say whose it is")
        refused = Refused("forged", "nobody here shares a secret with its sender")
        for secret, members in candidates:
            try:
                if len(body) * len(candidates) > HASHED_AT_ONCE:
                    notices = await asyncio.to_thread(self._verifier.verify, headers, body, secret, now)
                else:
                    notices = self._verifier.verify(headers, body, secret, now)
            except Refused as error:
                if error.kind != "forged":
                    raise
                refused = error
                continue
            notices = [_owned(notice, members) for notice in notices]
            if any(notice.connection_id in signers.by_id and notice.connection_id not in members for notice in notices):
                raise Refused("forged", "it is signed with the secret of another connection")
            return notices
        raise refused

    async def _candidates(self, headers: Mapping[str, str], signers: Signers, named: frozenset[str]) -> list[tuple[Any, set[str]]]:
        """What may have signed it, with the connections each may speak for: of those named, else of the whole rail."""
        asked = signers.known(named) or list(signers.by_id.values())
        if self._keys is None:
            return list(Signers.by_secret(asked).items())
        kid = self._verifier.key_id(headers)  # type: ignore[attr-defined]
        found: list[tuple[Any, set[str]]] = []
        for base_url in sorted({one.base_url for one in asked}):
            key = await self._keys.key(next(one for one in asked if one.base_url == base_url), kid)
            members = {one.connection_id for one in signers.by_id.values() if one.base_url == base_url}
            found.append(({kid: key} if key else {}, members))
        return found


def inlet_for(rail: RailPromise, store: ControlStore, writer: BatchWriter, http: httpx.AsyncClient) -> Inlet | None:
    """The entry for `rail`, or None for a rail that sends no webhooks (it has no module `webhooks` beside its fetch)."""
    package = rail.fetch.partition(":")[0].rpartition(".")[0]
    if importlib.util.find_spec(f"{package}.webhooks") is None:
        return None
    verifier: Verifier = importlib.import_module(f"{package}.webhooks")
    return Inlet(rail, verifier, store, writer, http)


def _owned(notice: Notice, members: set[str]) -> Notice:
    """An event that names no connection is the one's whose secret signed it, if it is a single one."""
    return replace(notice, connection_id=next(iter(members))) if not notice.connection_id and len(members) == 1 else notice
