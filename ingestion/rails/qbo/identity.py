"""Whose QuickBooks credentials these are, asked when a business is connected: that they read the company they name, and its name."""

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
from ingestion.rails.qbo.client import MINOR_VERSION, judged
from ingestion.rails.qbo.oauth import refresh_form, request_tokens
from ingestion.strategies import USER_ACTION


class _Company(msgspec.Struct):
    CompanyName: str


class _Answer(msgspec.Struct):
    CompanyInfo: _Company


_answer = msgspec.json.Decoder(_Answer)


async def identify(
    http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any], renewed: Renewed
) -> list[Identity]:
    """The company that `credentials` name, if they read it, with the newest refresh token.

    RailError when the vendor refuses the app or the token, or when the consent is another company's (403, fault 3100).
    """
    realm = str(credentials["realm_id"])
    token = await asyncio.to_thread(request_tokens, auth_url, credentials, refresh_form(str(credentials["refresh_token"])), wall_clock)
    # Intuit forgets the token that was handed in, whatever it answers next.
    await asyncio.to_thread(renewed, str(token.refresh_token))
    url = f"{base_url.rstrip('/')}/v3/company/{realm}/companyinfo/{realm}"
    headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}

    async def send() -> bytes:
        return judged(await exchange(http, "GET", url, params={"minorversion": MINOR_VERSION}, headers=headers))

    try:
        company = (await ask(USER_ACTION, Traffic(), "/companyinfo/{id}", send, partial(decoded, _answer))).CompanyInfo
    except RailError as error:
        if error.kind != "forbidden":
            raise
        why = "the consent is another company's, or for test data alone"
        raise RailError("forbidden", f"they may not read company {realm}: {why}") from None
    return [Identity(realm, dict(credentials), company.CompanyName, refresh_token=token.refresh_token)]
