"""Whose Ramp credentials these are, asked when a business is connected: the business behind the token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
import msgspec

from ingestion.answers import ask, decoded
from ingestion.clock import wall_clock
from ingestion.exchange import exchange
from ingestion.fetching import Identity, RailError, Renewed, Traffic
from ingestion.rails.ramp.client import ROOT, judged
from ingestion.rails.ramp.lists import scope_of
from ingestion.rails.ramp.oauth import request_token
from ingestion.rails.ramp.promise import RAMP
from ingestion.strategies import USER_ACTION

NEEDED = frozenset(scope_of(entity.name) for entity in RAMP.entities)


class _Business(msgspec.Struct):
    id: str
    business_name_legal: str | None = None
    business_name_on_card: str | None = None


_business = msgspec.json.Decoder(_Business)


async def identify(
    http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any], renewed: Renewed
) -> list[Identity]:
    """The business that `credentials` read, with its id among them and the newest refresh token if there is one.

    RailError when the vendor refuses them, or when they may not read which business it is (scope business:read).
    """
    token = await asyncio.to_thread(request_token, auth_url, credentials, credentials.get("refresh_token"), wall_clock)
    if token.refresh_token:
        await asyncio.to_thread(renewed, token.refresh_token)
    url = base_url.rstrip("/") + ROOT + "/business"
    headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}

    async def send() -> bytes:
        return judged(await exchange(http, "GET", url, headers=headers))

    try:
        business = await ask(USER_ACTION, Traffic(), "/business", send, partial(decoded, _business))
    except RailError as error:
        if error.kind not in ("scope_missing", "forbidden"):
            raise
        raise RailError("scope_missing", "they lack the scope business:read, without which the business cannot be told") from None
    kept = {**credentials, "business_id": business.id}
    lacking = () if token.scope is None else tuple(sorted(NEEDED - set(token.scope.split())))
    label = business.business_name_legal or business.business_name_on_card or business.id
    return [Identity(business.id, kept, label, refresh_token=token.refresh_token, lacking=lacking)]
