"""QuickBooks Online's token endpoint: exchanges a refresh token for new tokens. Storing them is the control store's.

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
    """The function that refreshes `connection`'s tokens.

    It raises RailError `disconnected` when the vendor says that only a new consent helps, `token_endpoint` when it
    could not be asked.
    """

    def refresh(token: TokenState, credentials: Mapping[str, Any]) -> TokenState:
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}
        auth = (credentials["client_id"], credentials["client_secret"])
        status, body = post_form(connection.auth_url.rstrip("/") + TOKEN_PATH, auth, form, TIMEOUT_SECONDS)
        if status in (400, 401):
            raise RailError(
                "disconnected", f"the token endpoint refused the refresh token ({error_word(body)}): connect the business again"
            )
        if status != httpx.codes.OK or not all(isinstance(body.get(name), str) for name in ("access_token", "refresh_token")):
            raise RailError("token_endpoint", f"the token endpoint answered {status}")
        now = clock()
        return TokenState(
            access_token=body["access_token"],
            access_expires_at=now + lifetime(body, "expires_in", 3600),
            refresh_token=body["refresh_token"],
            refresh_expires_at=now + lifetime(body, "x_refresh_token_expires_in", 8_726_400),
        )

    return refresh
