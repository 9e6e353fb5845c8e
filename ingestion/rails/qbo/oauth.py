"""QuickBooks Online's token endpoint: brings tokens for a refresh token or a code. Storing them is the control store's.

Source: Intuit's OAuth 2.0 reference. Access tokens live 3,600 s; the refresh token's value changes about daily, and
the previous one dies a day later, so the new one must be stored before it is used (`ControlStore.rotate` does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ingestion.clock import Clock
from ingestion.control.facts import Connection, TokenState
from ingestion.exchange import error_word, lifetime, post_form
from ingestion.fetching import RailError

TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path, not a secret
TIMEOUT_SECONDS = 30.0


def refresher(connection: Connection, clock: Clock) -> Callable[[TokenState, Mapping[str, Any]], TokenState]:
    """The function that refreshes `connection`'s tokens; it raises as `request_tokens` does."""

    def refresh(token: TokenState, credentials: Mapping[str, Any]) -> TokenState:
        return request_tokens(connection.auth_url, credentials, refresh_form(token.refresh_token or ""), clock)

    return refresh


def refresh_form(refresh_token: str) -> dict[str, str]:
    """What the endpoint is sent for a refresh token."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def request_tokens(auth_url: str, credentials: Mapping[str, Any], form: Mapping[str, str], clock: Clock) -> TokenState:
    """New tokens for `form`, in the name of the app in `credentials`.

    RailError `disconnected` when the vendor says that only a new consent helps, `token_endpoint` when it could not be asked.
    """
    auth = (credentials["client_id"], credentials["client_secret"])
    status, body = post_form(auth_url.rstrip("/") + TOKEN_PATH, auth, form, TIMEOUT_SECONDS)
    if status in (400, 401):
        what = "refresh token" if "refresh_token" in form else "code"
        raise RailError("disconnected", f"the token endpoint refused the {what} ({error_word(body)}): connect the business again")
    if status != httpx.codes.OK or not all(isinstance(body.get(name), str) for name in ("access_token", "refresh_token")):
        raise RailError("token_endpoint", f"the token endpoint answered {status}")
    now = clock()
    return TokenState(
        access_token=body["access_token"],
        access_expires_at=now + lifetime(body, "expires_in", 3600),
        refresh_token=body["refresh_token"],
        refresh_expires_at=now + lifetime(body, "x_refresh_token_expires_in", 8_726_400),
    )
