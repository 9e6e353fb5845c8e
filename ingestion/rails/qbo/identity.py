"""Whose QuickBooks credentials these are, asked when a business is connected: that they read the company they name, and its name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from ingestion.clock import wall_clock
from ingestion.fetching import Identity, RailError
from ingestion.rails.qbo.client import MINOR_VERSION
from ingestion.rails.qbo.oauth import refresh_form, request_tokens


class _Company(msgspec.Struct):
    CompanyName: str


class _Answer(msgspec.Struct):
    CompanyInfo: _Company


_answer = msgspec.json.Decoder(_Answer)


async def identify(http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any]) -> list[Identity]:
    """The company that `credentials` name, if they read it, with the newest refresh token.

    RailError when the vendor refuses the app or the token, or when the consent is another company's (403, fault 3100).
    """
    realm = str(credentials["realm_id"])
    token = await asyncio.to_thread(request_tokens, auth_url, credentials, refresh_form(str(credentials["refresh_token"])), wall_clock)
    answer = await http.get(
        f"{base_url.rstrip('/')}/v3/company/{realm}/companyinfo/{realm}",
        params={"minorversion": MINOR_VERSION},
        headers={"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"},
    )
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise RailError("forbidden", f"they may not read company {realm}: the consent is another company's, or for test data alone")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise RailError("disconnected", "the vendor rejects a fresh access token")
    try:
        if answer.status_code != httpx.codes.OK:
            raise RailError("refused", f"the vendor answered {answer.status_code}")
        company = _answer.decode(answer.content).CompanyInfo
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise RailError("malformed_page", "the vendor's answer about the company could not be read") from None
    return [Identity(realm, dict(credentials), company.CompanyName, refresh_token=token.refresh_token)]
