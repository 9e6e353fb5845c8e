"""Keys that a vendor publishes for its signatures (Plaid), asked for by id and remembered.

Anybody can name a key that does not exist, so the vendor is asked at most once a second, and what it does not know is
remembered too. How it is asked is the rail's own `fetch_key`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from ingestion.answers import Transient
from ingestion.fetching import RailError
from ingestion.receiver.admission import TurnedAway
from ingestion.receiver.directory import Signer

FetchKey = Callable[[httpx.AsyncClient, str, Mapping[str, Any], str], Awaitable[dict[str, Any] | None]]

# Plaid marks a key it has ended, so a remembered one is asked for again.
KEY_HOLDS_SECONDS = 3600.0
MISS_HOLDS_SECONDS = 60.0
SECONDS_BETWEEN_CALLS = 1.0
MOST_REMEMBERED = 1000


class PublishedKeys:
    """The keys of one rail by the host that has them and their id."""

    def __init__(self, http: httpx.AsyncClient, fetch_key: FetchKey) -> None:
        self._http = http
        self._fetch_key = fetch_key
        self._known: dict[tuple[str, str], tuple[float, dict[str, Any] | None]] = {}
        self._one_call = asyncio.Lock()
        self._called_at = float("-inf")

    async def key(self, signer: Signer, kid: str) -> dict[str, Any] | None:
        """The key `kid` of the vendor's host that `signer` is connected to; TurnedAway (503) when it cannot be asked now."""
        remembered = self._remembered(signer.base_url, kid)
        if remembered is not None:
            return remembered[1]
        async with self._one_call:
            remembered = self._remembered(signer.base_url, kid)
            if remembered is not None:
                return remembered[1]
            if time.monotonic() - self._called_at < SECONDS_BETWEEN_CALLS:
                raise TurnedAway(503, "the vendor's keys are being asked for", {"retry-after": "5"})
            self._called_at = time.monotonic()
            try:
                found = await self._fetch_key(self._http, signer.base_url, signer.credentials, kid)
            except (Transient, RailError):
                raise TurnedAway(503, "the vendor's keys could not be asked for", {"retry-after": "30"}) from None
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[signer.base_url, kid] = (time.monotonic(), found)
            return found

    def _remembered(self, base_url: str, kid: str) -> tuple[float, dict[str, Any] | None] | None:
        entry = self._known.get((base_url, kid))
        if entry is None:
            return None
        holds = MISS_HOLDS_SECONDS if entry[1] is None else KEY_HOLDS_SECONDS
        return entry if time.monotonic() - entry[0] < holds else None
