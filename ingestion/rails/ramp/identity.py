"""Whose Ramp credentials these are, asked when a business is connected: the business behind the token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from ingestion.clock import wall_clock
from ingestion.fetching import Identity, RailError
from ingestion.rails.ramp.client import NOT_FOUND_CODE, ROOT
from ingestion.rails.ramp.lists import scope_of
from ingestion.rails.ramp.oauth import request_token
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.wire import error_code

NEEDED = frozenset(scope_of(entity.name) for entity in RAMP.entities)


class _Business(msgspec.Struct):
    id: str
    business_name_legal: str | None = None
    business_name_on_card: str | None = None


_business = msgspec.json.Decoder(_Business)


async def identify(http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any]) -> list[Identity]:
    """The business that `credentials` read, with its id among them and the newest refresh token if there is one.

    RailError when the vendor refuses them, or when they may not read which business it is (scope business:read).
    """
    token = await asyncio.to_thread(request_token, auth_url, credentials, credentials.get("refresh_token"), wall_clock)
    headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
    answer = await http.get(base_url.rstrip("/") + ROOT + "/business", headers=headers)
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise RailError("scope_missing", "they lack the scope business:read, without which the business cannot be told")
    if answer.status_code == httpx.codes.UNAUTHORIZED or error_code(answer.content) == NOT_FOUND_CODE:
        raise RailError("disconnected", "the vendor rejects a fresh access token")
    try:
        if answer.status_code != httpx.codes.OK:
            raise RailError("refused", f"the vendor answered {answer.status_code}")
        business = _business.decode(answer.content)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise RailError("malformed_page", "the vendor's answer about the business could not be read") from None
    kept = {**credentials, "business_id": business.id}
    if token.refresh_token:
        kept["refresh_token"] = token.refresh_token
    lacking = () if token.scope is None else tuple(sorted(NEEDED - set(token.scope.split())))
    return [Identity(business.id, kept, business.business_name_legal or business.business_name_on_card or business.id, lacking=lacking)]
