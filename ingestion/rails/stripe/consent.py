"""Stripe's consent: Connect's page, a code for an account that our platform's key may then act on, and its end.

Source: Stripe Connect's OAuth reference (connect.stripe.com). Nothing is ever written, so read_only is asked for. The tokens of
the answer are not kept: Stripe's own advice is the platform's key with the account's id. Connect has no PKCE; the platform's
key stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from ingestion.consent import App, Asking, Ending, Page, Place, code_of, page_address
from ingestion.control.facts import TokenState
from ingestion.fetching import RailError
from ingestion.rails.stripe.account import acts_on_connected
from ingestion.rails.stripe.client import is_live_key

SCOPE = "read_only"


async def ask(http: httpx.AsyncClient, app: App, asking: Asking) -> Page:
    """Connect's page for the platform."""
    asked = {"client_id": app.keys["client_id"], "response_type": "code", "scope": SCOPE}
    address = app.place.consent_url.rstrip("/") + "/oauth/authorize"
    return Page(page_address(address, **asked, redirect_uri=asking.redirect_uri, state=asking.state))


def named(answer: Mapping[str, str]) -> str | None:
    """The redirect names no account."""
    return None


async def take(http: httpx.AsyncClient, app: App, asking: Asking, page: Page, answer: Mapping[str, str]) -> dict[str, Any]:
    """The account that the code is for, with the platform's key; RailError when test and real money do not fit."""
    form = {"grant_type": "authorization_code", "code": code_of(answer), "client_secret": app.keys["api_key"]}
    told = await _posted(http, f"{app.place.auth_url.rstrip('/')}/oauth/token", form, {})
    account = told.get("stripe_user_id")
    if not isinstance(account, str) or not account:
        raise RailError("refused", "the answer names no account (stripe_user_id)")
    if told.get("livemode") is not None and told["livemode"] != is_live_key(app.keys["api_key"]):
        raise RailError("wrong_account", "the consent and the platform's key are not both for real money, or not both for test data")
    return {**app.keys, "account_id": account}


async def end(http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
    """Ends the platform's access to the account. An account's own key has no such end: its owner rolls it in the dashboard."""
    if not acts_on_connected(credentials) or not credentials.get("client_id"):
        return "not_offered"
    form = {"client_id": credentials["client_id"], "stripe_user_id": credentials["account_id"]}
    headers = {"Authorization": f"Bearer {credentials['api_key']}"}
    try:
        await _posted(http, f"{place.auth_url.rstrip('/')}/oauth/deauthorize", form, headers)
    except RailError as error:
        # Stripe says invalid_client of an account that is not connected (any more), and of a wrong client id.
        if error.kind == "disconnected":
            return "already_over"
        raise
    return "revoked"


async def _posted(http: httpx.AsyncClient, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    answer = await http.post(url, data=dict(form), headers={"Accept": "application/json", **headers})
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise RailError("malformed_page", f"the answer ({answer.status_code}) is no JSON object")
    if answer.status_code != httpx.codes.OK:
        error = told.get("error")
        kind = "disconnected" if error in ("invalid_grant", "invalid_client") else "refused"
        raise RailError(kind, f"Connect answered {answer.status_code} ({error if isinstance(error, str) else 'no code'})")
    return told
