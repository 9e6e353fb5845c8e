"""Whose key it is, asked when a business is connected: the account, test or real money, and whether a platform acts for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from ingestion.answers import decoded
from ingestion.fetching import Identity, RailError, Renewed, Traffic
from ingestion.rails.stripe.account import check_mode
from ingestion.rails.stripe.client import StripeClient, is_live_key
from ingestion.rails.stripe.wire import read_balance
from ingestion.strategies import USER_ACTION


class _Profile(msgspec.Struct):
    name: str | None = None


class _Account(msgspec.Struct):
    id: str
    business_profile: _Profile | None = None
    email: str | None = None


_account = msgspec.json.Decoder(_Account)


async def identify(
    http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any], renewed: Renewed
) -> list[Identity]:
    """The account that `credentials` read: the key's own, or the connected one they name. RailError when there is none."""
    api_key, named = str(credentials["api_key"]), str(credentials.get("account_id") or "")
    traffic = Traffic()
    own = StripeClient(http, base_url, api_key, USER_ACTION, traffic)
    client, is_connected = own, False
    try:
        account = await own.get("/account", {}, lambda body: decoded(_account, body))
    except RailError as error:
        if not named or error.kind != "scope_missing":
            raise
        account = None
    if named and (account is None or account.id != named):
        is_connected = True
        client = StripeClient(http, base_url, api_key, USER_ACTION, traffic, account_id=named, is_connected_account=True)
        account = await client.get("/account", {}, lambda body: decoded(_account, body))
        if account.id != named:
            raise RailError("wrong_account", f"the key reads account {account.id}, the credentials name {named}")
    is_live = is_live_key(api_key)
    try:
        check_mode((await client.get("/balance", {}, read_balance))[1], is_live)
    except RailError as error:
        # A key that may not read the balance still says itself which money it is for.
        if error.kind != "scope_missing":
            raise
    kept = {name: str(value) for name, value in credentials.items() if value is not None}
    kept |= {"account_id": account.id, "livemode": str(is_live).lower(), "is_connected_account": str(is_connected).lower()}
    label = (account.business_profile and account.business_profile.name) or account.email or account.id
    return [Identity(account.id, kept, label, is_live=is_live)]
