"""Ramp's consent: its page, a code of ten minutes, a refresh token per business, and its revocation.

Source: Ramp's developer guide to authorization codes. Ramp has no PKCE; the app's secret stands for it. Which business it was
tells only the token, and scopes that the app or the person does not have are left out without a word: see `identity`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from ingestion.clock import wall_clock
from ingestion.consent import App, Asking, Ending, Page, Place, code_of, page_address
from ingestion.control.facts import TokenState
from ingestion.fetching import RailError
from ingestion.rails.ramp.identity import NEEDED
from ingestion.rails.ramp.oauth import TOKEN_PATH, token_for

PAGE_PATH = "/v1/authorize"
REVOKE_PATH = f"{TOKEN_PATH}/revoke"
SCOPES = tuple(sorted(NEEDED))


async def ask(http: httpx.AsyncClient, app: App, asking: Asking) -> Page:
    """Ramp's page for the app, with the scopes that the rail reads."""
    asked = {"client_id": app.keys["client_id"], "response_type": "code", "scope": " ".join(SCOPES)}
    address = app.place.consent_url.rstrip("/") + PAGE_PATH
    return Page(page_address(address, **asked, redirect_uri=asking.redirect_uri, state=asking.state))


def named(answer: Mapping[str, str]) -> str | None:
    """The redirect names no business."""
    return None


async def take(http: httpx.AsyncClient, app: App, asking: Asking, page: Page, answer: Mapping[str, str]) -> dict[str, Any]:
    """The business's refresh token for the code."""
    form = {"grant_type": "authorization_code", "code": code_of(answer), "redirect_uri": asking.redirect_uri}
    token = await asyncio.to_thread(token_for, app.place.auth_url, app.keys, form, wall_clock)
    if not token.refresh_token:
        raise RailError("refused", "the answer holds no refresh token: the app is not one for many businesses")
    return {**app.keys, "scopes": " ".join(SCOPES), "refresh_token": token.refresh_token}


async def end(http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
    """Revokes the refresh token; of an app of the business's own the access token, since the app itself is the business's to end."""
    consent = (token and token.refresh_token) or credentials.get("refresh_token")
    revoked = consent or (token and token.access_token)
    if not revoked:
        return "not_offered"
    keys = (credentials["client_id"], credentials["client_secret"])
    answer = await http.post(place.auth_url.rstrip("/") + REVOKE_PATH, auth=keys, data={"token": revoked})
    if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND):
        return "already_over"
    if answer.status_code not in (httpx.codes.OK, httpx.codes.NO_CONTENT):
        raise RailError("refused", f"the revocation endpoint answered {answer.status_code}")
    return "revoked" if consent else "not_offered"
