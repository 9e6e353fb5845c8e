"""QuickBooks Online's token endpoint: exchanges a refresh token for new tokens. Storing them is the control store's.

Source: Intuit's OAuth 2.0 reference. Access tokens live 3,600 s; the refresh token's value changes about daily, and
the previous one dies a day later, so the new one must be stored before it is used (`ControlStore.rotate` does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx

from ingestion.clock import Clock
from ingestion.control.facts import Connection, TokenState
from ingestion.fetching import RailError
from ingestion.http import tls_context

TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path, not a secret
TIMEOUT_SECONDS = 30.0


def refresher(connection: Connection, clock: Clock) -> Callable[[TokenState, Mapping[str, Any]], TokenState]:
    """The function that refreshes `connection`'s tokens.

    It raises RailError `disconnected` when the vendor says that only a new consent helps, `token_endpoint` when it
    could not be asked.
    """

    def refresh(token: TokenState, credentials: Mapping[str, Any]) -> TokenState:
        try:
            answer = httpx.post(
                connection.auth_url.rstrip("/") + TOKEN_PATH,
                auth=(credentials["client_id"], credentials["client_secret"]),
                headers={"Accept": "application/json"},
                data={"grant_type": "refresh_token", "refresh_token": token.refresh_token},
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
                verify=tls_context(),
            )
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RailError("token_endpoint", f"the token endpoint did not answer usably ({type(error).__name__})") from None
        if answer.status_code in (400, 401):
            reason = body.get("error", "refused") if isinstance(body, dict) else "refused"
            raise RailError("disconnected", f"the token endpoint refused the refresh token ({reason}): connect the business again")
        if answer.status_code != httpx.codes.OK or "access_token" not in body or "refresh_token" not in body:
            raise RailError("token_endpoint", f"the token endpoint answered {answer.status_code}")
        now = clock()
        return TokenState(
            access_token=body["access_token"],
            access_expires_at=now + timedelta(seconds=int(body.get("expires_in", 3600))),
            refresh_token=body["refresh_token"],
            refresh_expires_at=now + timedelta(seconds=int(body.get("x_refresh_token_expires_in", 8_726_400))),
        )

    return refresh
