"""Ramp's token endpoint: client credentials, or a refresh token for an app that serves many businesses.

Storing tokens is the control store's. Client credentials bring no refresh token: when the access token ends (ten
days), the same credentials bring another. Asking for a scope the app was not granted brings a token without it and no
complaint, and asking for none brings one that can do nothing, so what was granted is kept with the token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ingestion.clock import Clock
from ingestion.control.facts import Connection, TokenState
from ingestion.exchange import error_word, lifetime, post_form
from ingestion.fetching import RailError

TOKEN_PATH = "/developer/v1/token"  # noqa: S105 - a path, not a secret
TIMEOUT_SECONDS = 30.0
CLIENT_CREDENTIALS_SECONDS = 864_000
REFRESHED_SECONDS = 3_600


def refresher(connection: Connection, clock: Clock) -> Callable[[TokenState, Mapping[str, Any]], TokenState]:
    """The function that brings `connection` new tokens; it raises as `request_token` does."""

    def refresh(token: TokenState, credentials: Mapping[str, Any]) -> TokenState:
        return request_token(connection.auth_url, credentials, token.refresh_token, clock)

    return refresh


def request_token(auth_url: str, credentials: Mapping[str, Any], refresh_token: str | None, clock: Clock) -> TokenState:
    """A new token, by `refresh_token` if there is one.

    RailError `disconnected` when only new credentials or a new consent help, `scope_missing` when the scopes are
    refused, `token_endpoint` when it could not be asked.
    """
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes_of(credentials))}
    if refresh_token:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return token_for(auth_url, credentials, form, clock)


def token_for(auth_url: str, credentials: Mapping[str, Any], form: Mapping[str, str], clock: Clock) -> TokenState:
    """A token for `form`, in the name of the app in `credentials`; RailError as `request_token` says."""
    auth = (credentials["client_id"], credentials["client_secret"])
    status, body = post_form(auth_url.rstrip("/") + TOKEN_PATH, auth, form, TIMEOUT_SECONDS)
    if status in (400, 401, 403, 404, 422):
        raise _refusal(body)
    if status != httpx.codes.OK or not isinstance(body.get("access_token"), str):
        raise RailError("token_endpoint", f"the token endpoint answered {status}")
    usual = CLIENT_CREDENTIALS_SECONDS if form["grant_type"] == "client_credentials" else REFRESHED_SECONDS
    return TokenState(
        access_token=body["access_token"],
        access_expires_at=clock() + lifetime(body, "expires_in", usual),
        refresh_token=body.get("refresh_token") or form.get("refresh_token"),
        refresh_expires_at=None,
        scope=body.get("scope") if isinstance(body.get("scope"), str) else None,
    )


def scopes_of(credentials: Mapping[str, Any]) -> list[str]:
    """The scopes the credentials ask for: a list, or text with spaces or commas in between."""
    named = credentials.get("scopes", "")
    return (" ".join(map(str, named)) if isinstance(named, list) else str(named)).replace(",", " ").split()


def _refusal(body: dict[str, Any]) -> RailError:
    reason = error_word(body)
    if reason == "invalid_scope":
        return RailError("scope_missing", "the token endpoint refused the scopes: grant them to the app in Ramp")
    return RailError("disconnected", f"the token endpoint refused the credentials ({reason}): connect the business again")
