"""QuickBooks Online's consent: Intuit's page, a code with the company in the redirect, and its revocation.

Source: Intuit's OAuth 2.0 reference and its discovery document, which names the page and the revocation endpoint. The
company (`realmId`) is in the redirect alone, never in a token's answer. Intuit has no PKCE; the app's secret stands for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from ingestion.clock import wall_clock
from ingestion.consent import App, Asking, Ending, Page, Place, code_of, page_address
from ingestion.control.facts import TokenState
from ingestion.fetching import RailError
from ingestion.identifiers import check_url
from ingestion.rails.qbo.oauth import request_tokens

DISCOVERY_PATH = "/.well-known/openid_configuration/"
SCOPE = "com.intuit.quickbooks.accounting"


class _Discovery(msgspec.Struct):
    authorization_endpoint: str
    revocation_endpoint: str


_discovery = msgspec.json.Decoder(_Discovery)


async def ask(http: httpx.AsyncClient, app: App, asking: Asking) -> Page:
    """Intuit's page for the app, with the one scope that reads books."""
    found = await _discover(http, app.place.consent_url)
    asked = {"client_id": app.keys["client_id"], "response_type": "code", "scope": SCOPE}
    return Page(page_address(found.authorization_endpoint, **asked, redirect_uri=asking.redirect_uri, state=asking.state))


def named(answer: Mapping[str, str]) -> str | None:
    """The company of the redirect."""
    return answer.get("realmId")


async def take(http: httpx.AsyncClient, app: App, asking: Asking, page: Page, answer: Mapping[str, str]) -> dict[str, Any]:
    """The company's refresh token for the code."""
    if not answer.get("realmId"):
        raise RailError("refused", "the answer names no company (realmId)")
    form = {"grant_type": "authorization_code", "code": code_of(answer), "redirect_uri": asking.redirect_uri}
    token = await asyncio.to_thread(request_tokens, app.place.auth_url, app.keys, form, wall_clock)
    return {**app.keys, "realm_id": answer["realmId"], "refresh_token": token.refresh_token}


async def end(http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
    """Revokes the refresh token, and with it the whole consent; Intuit answers 400 for one that is no more."""
    found = await _discover(http, place.consent_url)
    answer = await http.post(
        found.revocation_endpoint,
        auth=(credentials["client_id"], credentials["client_secret"]),
        headers={"Accept": "application/json"},
        json={"token": token.refresh_token if token else credentials["refresh_token"]},
    )
    if answer.status_code == httpx.codes.BAD_REQUEST:
        return "already_over"
    if answer.status_code != httpx.codes.OK:
        raise RailError("refused", f"the revocation endpoint answered {answer.status_code}")
    return "revoked"


async def _discover(http: httpx.AsyncClient, consent_url: str) -> _Discovery:
    answer = await http.get(consent_url.rstrip("/") + DISCOVERY_PATH)
    try:
        if answer.status_code != httpx.codes.OK:
            raise RailError("refused", f"the discovery document answered {answer.status_code}")
        found = _discovery.decode(answer.content)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise RailError("malformed_page", "the discovery document could not be read") from None
    # The app's secret and the consent go there: never in the clear to another machine.
    check_url("the authorization endpoint of the discovery document", found.authorization_endpoint)
    check_url("the revocation endpoint of the discovery document", found.revocation_endpoint)
    return found
